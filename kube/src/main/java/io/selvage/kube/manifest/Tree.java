// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A YAML or JSON value that knows its line, so that a problem can name the place. */
sealed interface Tree {
  /** Line of the first character in the file, counted from 1. */
  int line();

  /** The word a message uses for this shape. */
  String shape();

  /** The same value for Jackson. */
  JsonNode json();

  /** A field's value and the line of its key. */
  record Field(int line, Tree value) {}

  /** A mapping, in the order written. */
  record Fields(int line, Map<String, Field> fields) implements Tree {
    @Override
    public String shape() {
      return "a mapping";
    }

    @Override
    public JsonNode json() {
      var object = JsonNodeFactory.instance.objectNode();
      fields.forEach((name, field) -> object.set(name, field.value().json()));
      return object;
    }

    @Nullable Tree get(String name) {
      Field field = fields.get(name);
      return field == null ? null : field.value();
    }

    /** The text of a field; empty when absent or not text. */
    String text(String name) {
      return get(name) instanceof Value(int _, String text) ? text : "";
    }
  }

  /** A list. */
  record Items(int line, List<Tree> items) implements Tree {
    @Override
    public String shape() {
      return "a list";
    }

    @Override
    public JsonNode json() {
      var array = JsonNodeFactory.instance.arrayNode(items.size());
      items.forEach(item -> array.add(item.json()));
      return array;
    }
  }

  /** A String, Boolean, Long, java.math.BigInteger, Double or null. */
  record Value(int line, @Nullable Object value) implements Tree {
    @Override
    public String shape() {
      return switch (value) {
        case null -> "nothing";
        case String _ -> "text";
        case Boolean _ -> "true or false";
        default -> "a number";
      };
    }

    @Override
    public JsonNode json() {
      var nodes = JsonNodeFactory.instance;
      return switch (value) {
        case null -> nodes.nullNode();
        case String text -> nodes.textNode(text);
        case Boolean bool -> nodes.booleanNode(bool);
        case Long number -> nodes.numberNode(number.longValue());
        case java.math.BigInteger number -> nodes.numberNode(number);
        case Double number -> nodes.numberNode(number.doubleValue());
        default -> throw new IllegalStateException("unexpected " + value.getClass());
      };
    }
  }
}
