// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Splits YAML text into its documents and reads each on its own, so that one that does not parse
 * spoils only itself. A line that begins with {@code ---} is a document marker wherever it stands
 * (YAML 1.2.2 section 9.1.2, c-forbidden), even inside a block of text, so the split needs no
 * parser.
 */
final class YamlDocuments {
  /** Levels of nesting; the deepest Kubernetes kind needs about twenty. */
  static final int MAX_DEPTH = 100;

  private YamlDocuments() {}

  /** Reads all documents, in order; those that hold nothing are left out. */
  static List<Document> read(String text) {
    List<Chunk> chunks = split(text);
    Stream<Chunk> stream = chunks.size() > 64 ? chunks.parallelStream() : chunks.stream();
    return stream.flatMap(YamlDocuments::compose).toList();
  }

  /** A document's text and the line it begins at, counted from 1. */
  private record Chunk(String text, int firstLine) {}

  private static List<Chunk> split(String text) {
    var chunks = new ArrayList<Chunk>();
    int start = 0;
    int startLine = 1;
    int line = 1;
    for (int at = 0; at < text.length(); ) {
      if (at > start && isMarker(text, at)) {
        addUnlessBlank(chunks, text.substring(start, at), startLine);
        start = at;
        startLine = line;
      }
      int end = text.indexOf('\n', at);
      at = end < 0 ? text.length() : end + 1;
      line++;
    }
    addUnlessBlank(chunks, text.substring(start), startLine);
    return chunks;
  }

  private static boolean isMarker(String text, int at) {
    return text.startsWith("---", at)
        && (at + 3 == text.length() || Character.isWhitespace(text.charAt(at + 3)));
  }

  /** Comments and directives alone are no document; without a body they would be a syntax error. */
  private static void addUnlessBlank(List<Chunk> chunks, String text, int firstLine) {
    boolean blank =
        text.lines()
            .allMatch(l ->
                l.isBlank()
                    || l.stripLeading().startsWith("#")
                    || l.startsWith("%")
                    || l.strip().equals("---")
                    || l.strip().equals("..."));
    if (!blank) {
      chunks.add(new Chunk(text, firstLine));
    }
  }

  private static Stream<Document> compose(Chunk chunk) {
    var options = new LoaderOptions();
    options.setCodePointLimit(Integer.MAX_VALUE); // the file's size is limited before
    options.setNestingDepthLimit(MAX_DEPTH);
    try {
      var parser = new ParserImpl(new StreamReader(chunk.text), options);
      Node node = new Composer(parser, new Resolver(), options).getSingleNode();
      if (node == null) {
        return Stream.empty();
      }
      return Stream.of(new YamlTree(chunk.firstLine, chunk.text.length()).document(node));
    } catch (MarkedYAMLException e) {
      var mark = e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark();
      int line = mark == null ? chunk.firstLine : chunk.firstLine + mark.getLine();
      return Stream.of(Document.broken(line, "SyntaxError", oneLine(e.getProblem())));
    } catch (ReaderException e) {
      int offset = Math.min(Math.max(e.getPosition(), 0), chunk.text.length());
      int line =
          chunk.firstLine
              + (int) chunk.text.substring(0, offset).chars().filter(c -> c == '\n').count();
      String message = "the character U+%04X is not allowed in YAML".formatted(e.getCodePoint());
      return Stream.of(Document.broken(line, "SyntaxError", message));
    } catch (TreeException e) {
      return Stream.of(e.toDocument());
    } catch (YAMLException e) {
      // The composer's own limits: nesting and aliases carry no mark.
      return Stream.of(Document.broken(chunk.firstLine, "SyntaxError", oneLine(e.getMessage())));
    }
  }

  private static String oneLine(@org.jspecify.annotations.Nullable String message) {
    return message == null ? "not YAML" : message.replaceAll("\\s+", " ").strip();
  }
}
