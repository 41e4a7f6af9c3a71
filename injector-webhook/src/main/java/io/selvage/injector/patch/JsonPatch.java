// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A JSON Patch (RFC 6902) that only adds: the one operation an injection needs, so that it can take
 * nothing away from a pod.
 */
public final class JsonPatch {
  private final ArrayNode operations = JsonNodeFactory.instance.arrayNode();

  /**
   * Adds a value.
   *
   * @param pointer RFC 6901; its last part may be {@code -} for the end of a list
   */
  public void add(String pointer, JsonNode value) {
    ObjectNode operation = operations.addObject();
    operation.put("op", "add");
    operation.put("path", pointer);
    operation.set("value", value);
  }

  public boolean isEmpty() {
    return operations.isEmpty();
  }

  /** The document. */
  public ArrayNode json() {
    return operations.deepCopy();
  }

  /** One part of a pointer (RFC 6901, section 3). */
  public static String escape(String part) {
    return part.replace("~", "~0").replace("/", "~1");
  }

  /**
   * The same document with the patch applied.
   *
   * @throws IllegalArgumentException if the patch is for another document
   */
  public ObjectNode applyTo(ObjectNode document) {
    ObjectNode result = document.deepCopy();
    for (JsonNode operation : operations) {
      String path = operation.path("path").asText();
      int last = path.lastIndexOf('/');
      JsonNode parent = last == 0 ? result : result.at(path.substring(0, last));
      String name = path.substring(last + 1).replace("~1", "/").replace("~0", "~");
      JsonNode value = operation.get("value").deepCopy();
      switch (parent) {
        case ObjectNode object -> object.set(name, value);
        case ArrayNode list when name.equals("-") -> list.add(value);
        case ArrayNode list -> list.insert(Integer.parseInt(name), value);
        default -> throw new IllegalArgumentException(path + " leads nowhere");
      }
    }
    return result;
  }
}
