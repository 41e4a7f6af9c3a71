// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the JSON values of a file one after another; those before a syntax error are kept. */
final class JsonDocuments {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(YamlDocuments.MAX_DEPTH).build())
          .build();

  private final JsonParser parser;
  private final List<Document.Duplicate> duplicates = new ArrayList<>();

  private JsonDocuments(JsonParser parser) {
    this.parser = parser;
  }

  static List<Document> read(String text) {
    var documents = new ArrayList<Document>();
    try (JsonParser parser = FACTORY.createParser(text)) {
      while (parser.nextToken() != null) {
        var reader = new JsonDocuments(parser);
        documents.add(Document.of(reader.tree(), reader.duplicates));
      }
    } catch (StreamConstraintsException e) {
      documents.add(
          Document.broken(
              lineOf(e),
              "NestedTooDeeply",
              "nested deeper than " + YamlDocuments.MAX_DEPTH + " levels"));
    } catch (JsonProcessingException e) {
      String message = e.getOriginalMessage().replaceAll("\\s+", " ").strip();
      documents.add(Document.broken(lineOf(e), "SyntaxError", message));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a String does not fail to be read
    }
    return documents;
  }

  private static int lineOf(JsonProcessingException e) {
    return e.getLocation() == null ? 0 : e.getLocation().getLineNr();
  }

  private Tree tree() throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    return switch (parser.currentToken()) {
      case START_OBJECT -> fields(line);
      case START_ARRAY -> {
        var items = new ArrayList<Tree>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(tree());
        }
        yield new Tree.Items(line, items);
      }
      default -> new Tree.Value(line, scalar());
    };
  }

  private Tree.Fields fields(int line) throws IOException {
    var fields = new LinkedHashMap<String, Tree.Field>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      int nameLine = parser.currentTokenLocation().getLineNr();
      parser.nextToken();
      if (fields.put(name, new Tree.Field(nameLine, tree())) != null) {
        duplicates.add(new Document.Duplicate(nameLine, name));
      }
    }
    return new Tree.Fields(line, fields);
  }

  private @Nullable Object scalar() throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_NUMBER_INT ->
          parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? parser.getBigIntegerValue()
              : Long.valueOf(parser.getLongValue());
      case VALUE_NULL -> null;
      default -> parser.getText();
    };
  }
}
