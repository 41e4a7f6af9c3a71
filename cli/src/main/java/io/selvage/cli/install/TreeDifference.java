// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a manifest changes about an object. Fields that the manifest does not name are the cluster's
 * own affair, such as defaults and statuses, unless the manifest before it named them: these are
 * taken away.
 */
final class TreeDifference {
  /** Lines told of one object; a field longer than this is cut. */
  static final int MAX_LINES = 20;

  private static final int MAX_CHARS = 60;

  private final List<String> lines = new ArrayList<>();

  private TreeDifference() {}

  /**
   * One line a changed field: where, from what, to what.
   *
   * @param applied the manifest that was applied last; missing if nobody knows
   */
  static List<String> of(JsonNode there, JsonNode wanted, JsonNode applied) {
    var difference = new TreeDifference();
    difference.compare("", there, wanted, applied);
    List<String> all = difference.lines;
    if (all.size() <= MAX_LINES) {
      return all;
    }
    var cut = new ArrayList<>(all.subList(0, MAX_LINES));
    cut.add("and " + (all.size() - MAX_LINES) + " more");
    return cut;
  }

  private void compare(String path, JsonNode there, JsonNode wanted, JsonNode applied) {
    if (wanted.isObject()) {
      for (Map.Entry<String, JsonNode> field : wanted.properties()) {
        String name = field.getKey();
        compare(below(path, name), there.path(name), field.getValue(), applied.path(name));
      }
      for (Map.Entry<String, JsonNode> field : applied.properties()) {
        JsonNode left = there.path(field.getKey());
        if (!wanted.has(field.getKey()) && !isNothing(left)) {
          lines.add(below(path, field.getKey()) + ": " + shown(left) + " -> nothing");
        }
      }
    } else if (wanted.isArray()) {
      compareLists(path, there, wanted, applied);
    } else if (!isSame(there, wanted)) {
      lines.add(path + ": " + shown(there) + " -> " + shown(wanted));
    }
  }

  private static String below(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** An object without fields is what a cluster leaves of one whose fields were all taken away. */
  private static boolean isNothing(JsonNode value) {
    return value.isMissingNode() || value.isNull() || value.isContainerNode() && value.isEmpty();
  }

  /** Lists of named things are compared by name, others item by item. */
  private void compareLists(String path, JsonNode there, JsonNode wanted, JsonNode applied) {
    boolean named = !wanted.isEmpty() && wanted.get(0).has("name");
    for (int i = 0; i < wanted.size(); i++) {
      JsonNode item = wanted.get(i);
      String name = named ? item.path("name").asText() : Integer.toString(i);
      compare(
          path + "[" + name + "]",
          named ? byName(there, name) : there.path(i),
          item,
          named ? byName(applied, name) : applied.path(i));
    }
    for (int i = 0; i < there.size(); i++) {
      JsonNode item = there.get(i);
      String name = named ? item.path("name").asText() : Integer.toString(i);
      if (named ? byName(wanted, name).isMissingNode() : i >= wanted.size()) {
        lines.add(path + "[" + name + "]: " + shown(item) + " -> nothing");
      }
    }
  }

  private static JsonNode byName(JsonNode list, String name) {
    for (JsonNode item : list) {
      if (item.path("name").asText().equals(name)) {
        return item;
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  /** Empty text and nothing are the same to an API server. */
  private static boolean isSame(JsonNode there, JsonNode wanted) {
    if (there.isContainerNode()) {
      return false;
    }
    boolean absent = there.isMissingNode() || there.isNull();
    return absent
        ? wanted.isNull() || wanted.asText().isEmpty()
        : there.asText().equals(wanted.asText());
  }

  private static String shown(JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return "nothing";
    }
    String text = value.isValueNode() ? value.asText() : value.toString();
    String line = text.replaceAll("\\p{Cc}", " ").strip();
    return line.length() <= MAX_CHARS ? line : line.substring(0, MAX_CHARS) + "...";
  }
}
