// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Goes through documents and the lists among them; subclasses change the objects. */
abstract class ManifestWalk {
  private final List<ObjectReport> reports = new ArrayList<>();

  /** What became of each object so far, in order. */
  public List<ObjectReport> reports() {
    return List.copyOf(reports);
  }

  /**
   * Transforms one document.
   *
   * @return a new tree, or the same where nothing was done
   * @throws TransformException naming the object and what is wrong with it
   */
  public JsonNode transform(JsonNode document) throws TransformException {
    if (!(document instanceof ObjectNode object)) {
      throw new TransformException("expected a Kubernetes object, found " + document.getNodeType());
    }
    String kind = object.path("kind").asText("");
    if (kind.endsWith("List") && object.get("items") instanceof ArrayNode items) {
      ObjectNode list = object.deepCopy();
      ArrayNode changed = list.putArray("items");
      for (JsonNode item : items) {
        changed.add(transform(item));
      }
      return list;
    }
    String name = name(object);
    if (kind.isEmpty()) {
      reports.add(new ObjectReport("", name, ObjectReport.Outcome.SKIPPED, Set.of()));
      return object;
    }
    try {
      return one(kind, name, object);
    } catch (TransformException e) {
      throw new TransformException(
          "%s \"%s\": %s".formatted(kind.toLowerCase(Locale.ROOT), name, e.getMessage()));
    }
  }

  abstract ObjectNode one(String kind, String name, ObjectNode object) throws TransformException;

  void report(ObjectReport report) {
    reports.add(report);
  }

  /** Puts a value at the place a pointer leads to; the empty pointer is the whole. */
  static ObjectNode replaced(ObjectNode object, String pointer, ObjectNode value) {
    if (pointer.isEmpty()) {
      return value;
    }
    ObjectNode copy = object.deepCopy();
    int last = pointer.lastIndexOf('/');
    ObjectNode parent = (ObjectNode) copy.at(pointer.substring(0, last));
    parent.set(pointer.substring(last + 1), value);
    return copy;
  }

  private static String name(ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    String name = metadata.path("name").asText("");
    return name.isEmpty() ? metadata.path("generateName").asText("") : name;
  }
}
