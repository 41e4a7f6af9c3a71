// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One {@code --set}: {@code a.b=1,c[0].d=x,list={x,y}}. A backslash takes the meaning from the
 * character behind it. {@code null} removes a default.
 */
final class SetParser {
  /** A list this long is a mistake. */
  static final int MAX_INDEX = 1000;

  private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]{0,17}");
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final String text;
  private final boolean asText;
  private int at;

  SetParser(String text, boolean asText) {
    this.text = text;
    this.asText = asText;
  }

  /** A name, or an index where {@code index >= 0}. */
  private record Step(String name, int index) {}

  /**
   * @throws IllegalArgumentException naming what is not understood
   */
  void applyTo(ObjectNode tree) {
    if (text.isBlank()) {
      throw wrong("says nothing");
    }
    while (at < text.length()) {
      List<Step> path = path();
      put(tree, path, value());
    }
  }

  private List<Step> path() {
    var steps = new ArrayList<Step>();
    var name = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      switch (c) {
        case '\\' -> name.append(escaped());
        case '.' -> named(steps, name);
        case '[' -> {
          if (!name.isEmpty()) {
            named(steps, name);
          }
          steps.add(new Step("", index()));
          skipDot();
        }
        case '=' -> {
          if (!name.isEmpty() || steps.isEmpty() || steps.getLast().index() < 0) {
            named(steps, name);
          }
          return steps;
        }
        case ',' -> throw wrong("has a comma before its '='");
        default -> name.append(c);
      }
    }
    throw wrong("has no '='");
  }

  private void named(List<Step> steps, StringBuilder name) {
    if (name.isEmpty()) {
      throw wrong("has a name that is empty");
    }
    steps.add(new Step(name.toString(), -1));
    name.setLength(0);
  }

  private void skipDot() {
    if (at < text.length() && text.charAt(at) == '.') {
      at++;
    }
  }

  private int index() {
    int end = text.indexOf(']', at);
    String digits = end < 0 ? "" : text.substring(at, end);
    if (!INTEGER.matcher(digits).matches() || digits.length() > 4) {
      throw wrong("has an index that is no number from 0 to " + MAX_INDEX);
    }
    int index = Integer.parseInt(digits);
    if (index < 0 || index > MAX_INDEX) {
      throw wrong("has an index that is no number from 0 to " + MAX_INDEX);
    }
    at = end + 1;
    return index;
  }

  private JsonNode value() {
    if (at < text.length() && text.charAt(at) == '{') {
      at++;
      return list();
    }
    String value = word(",");
    at++; // the comma
    return typed(value);
  }

  private ArrayNode list() {
    ArrayNode items = JSON.arrayNode();
    while (true) {
      String item = word(",}");
      if (at >= text.length()) {
        throw wrong("has a list without its '}'");
      }
      boolean last = text.charAt(at++) == '}';
      if (!(last && items.isEmpty() && item.isEmpty())) {
        items.add(typed(item));
      }
      if (last) {
        if (at < text.length() && text.charAt(at++) != ',') {
          throw wrong("goes on behind the '}' of a list");
        }
        return items;
      }
    }
  }

  /** Up to one of the ends, which is left; escapes are resolved. */
  private String word(String ends) {
    var word = new StringBuilder();
    while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
      char c = text.charAt(at++);
      word.append(c == '\\' ? escaped() : c);
    }
    return word.toString();
  }

  private char escaped() {
    if (at >= text.length()) {
      throw wrong("ends with a backslash");
    }
    return text.charAt(at++);
  }

  private JsonNode typed(String value) {
    if (asText) {
      return JSON.textNode(value);
    }
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "true" -> JSON.booleanNode(true);
      case "false" -> JSON.booleanNode(false);
      case "null" -> JSON.nullNode();
      default ->
          INTEGER.matcher(value).matches()
              ? JSON.numberNode(Long.parseLong(value))
              : JSON.textNode(value);
    };
  }

  private void put(ObjectNode tree, List<Step> path, JsonNode value) {
    JsonNode here = tree;
    for (int i = 0; i < path.size(); i++) {
      Step step = path.get(i);
      boolean last = i == path.size() - 1;
      JsonNode next =
          last ? value : path.get(i + 1).index() >= 0 ? JSON.arrayNode() : JSON.objectNode();
      here = descend(here, step, next, last);
    }
  }

  private JsonNode descend(JsonNode here, Step step, JsonNode next, boolean replace) {
    if (step.index() < 0 && here instanceof ObjectNode object) {
      JsonNode there = object.get(step.name());
      if (replace || there == null || there.getNodeType() != next.getNodeType()) {
        object.set(step.name(), next);
        return next;
      }
      return there;
    }
    if (step.index() >= 0 && here instanceof ArrayNode array) {
      while (array.size() <= step.index()) {
        array.addNull();
      }
      JsonNode there = array.get(step.index());
      if (replace || there.getNodeType() != next.getNodeType()) {
        array.set(step.index(), next);
        return next;
      }
      return there;
    }
    throw wrong("takes an object for a list");
  }

  private IllegalArgumentException wrong(String why) {
    return new IllegalArgumentException("--set \"" + text + "\" " + why);
  }
}
