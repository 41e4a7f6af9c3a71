// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Turns one composed YAML document into a {@link Tree}. Scalars mean what kubectl takes them for
 * (YAML 1.1: {@code yes} is a boolean, {@code 0755} is octal), aliases are expanded within a
 * budget.
 */
final class YamlTree {
  private final int firstLine;
  private final List<Document.Duplicate> duplicates = new ArrayList<>();

  /**
   * Nodes that may still be visited. A document without aliases has fewer nodes than characters, so
   * twice that is out of reach of honest text and stops an alias bomb early.
   */
  private long budget;

  /**
   * @param firstLine line of the document in its file
   * @param length characters of the document
   */
  YamlTree(int firstLine, int length) {
    this.firstLine = firstLine;
    this.budget = 2L * length + 1_000;
  }

  Document document(Node root) throws TreeException {
    return Document.of(tree(root, 0), duplicates);
  }

  private Tree tree(Node node, int depth) throws TreeException {
    int line = lineOf(node);
    if (--budget < 0) {
      throw new TreeException(line, "TooManyAliases", "aliases expand to too many values");
    }
    if (depth >= YamlDocuments.MAX_DEPTH) {
      throw new TreeException(
          line, "NestedTooDeeply", "nested deeper than " + YamlDocuments.MAX_DEPTH + " levels");
    }
    return switch (node) {
      case MappingNode mapping -> fields(mapping, line, depth);
      case SequenceNode sequence -> {
        var items = new ArrayList<Tree>(sequence.getValue().size());
        for (Node item : sequence.getValue()) {
          items.add(tree(item, depth + 1));
        }
        yield new Tree.Items(line, items);
      }
      case ScalarNode scalar -> new Tree.Value(line, value(scalar));
      default -> throw new TreeException(line, "SyntaxError", "neither mapping, list nor scalar");
    };
  }

  private Tree.Fields fields(MappingNode mapping, int line, int depth) throws TreeException {
    var fields = new LinkedHashMap<String, Tree.Field>();
    var merged = new LinkedHashMap<String, Tree.Field>();
    for (NodeTuple tuple : mapping.getValue()) {
      Node key = tuple.getKeyNode();
      if (!(key instanceof ScalarNode name)) {
        throw new TreeException(lineOf(key), "SyntaxError", "a key must be text");
      }
      Tree value = tree(tuple.getValueNode(), depth + 1);
      if (Tag.MERGE.equals(key.getTag())) {
        merge(value, merged);
      } else if (fields.put(name.getValue(), new Tree.Field(lineOf(key), value)) != null) {
        duplicates.add(new Document.Duplicate(lineOf(key), name.getValue()));
      }
    }
    // A merge key ("<<: *base") fills in what is absent, whatever the order.
    merged.forEach(fields::putIfAbsent);
    return new Tree.Fields(line, fields);
  }

  private static void merge(Tree from, Map<String, Tree.Field> into) throws TreeException {
    switch (from) {
      case Tree.Fields mapping -> mapping.fields().forEach(into::putIfAbsent);
      case Tree.Items list -> {
        for (Tree item : list.items()) {
          if (!(item instanceof Tree.Fields mapping)) {
            throw notMergeable(item);
          }
          mapping.fields().forEach(into::putIfAbsent);
        }
      }
      case Tree.Value value -> throw notMergeable(value);
    }
  }

  private static TreeException notMergeable(Tree tree) {
    return new TreeException(
        tree.line(), "SyntaxError", "<< needs a mapping, but found " + tree.shape());
  }

  private int lineOf(Node node) {
    return node.getStartMark() == null ? firstLine : firstLine + node.getStartMark().getLine();
  }

  private static @Nullable Object value(ScalarNode scalar) {
    String text = scalar.getValue();
    Tag tag = scalar.getTag();
    if (Tag.NULL.equals(tag)) {
      return null;
    }
    if (Tag.BOOL.equals(tag)) {
      String lower = text.toLowerCase(Locale.ROOT);
      return lower.equals("true") || lower.equals("yes") || lower.equals("on");
    }
    if (Tag.INT.equals(tag)) {
      return integer(text);
    }
    if (Tag.FLOAT.equals(tag)) {
      return decimal(text);
    }
    // Timestamps and everything else stay text, as they are in JSON.
    return text;
  }

  /** A Long or BigInteger; the text itself for base 60, which kubectl does not know either. */
  private static Object integer(String text) {
    String digits = text.replace("_", "");
    boolean negative = digits.startsWith("-");
    if (negative || digits.startsWith("+")) {
      digits = digits.substring(1);
    }
    int radix = 10;
    if (digits.startsWith("0x")) {
      radix = 16;
      digits = digits.substring(2);
    } else if (digits.startsWith("0b")) {
      radix = 2;
      digits = digits.substring(2);
    } else if (digits.length() > 1 && digits.startsWith("0")) {
      radix = 8;
    }
    try {
      BigInteger number = new BigInteger(digits, radix);
      number = negative ? number.negate() : number;
      return number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
    } catch (NumberFormatException e) {
      return text;
    }
  }

  /** A Double; the text itself for infinities and what is not a number, which JSON cannot say. */
  private static Object decimal(String text) {
    try {
      double number = Double.parseDouble(text.replace("_", ""));
      return Double.isFinite(number) ? (Object) number : text;
    } catch (NumberFormatException e) {
      return text;
    }
  }
}
