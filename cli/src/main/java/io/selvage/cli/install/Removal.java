// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.manifest.YamlWriter;
import java.util.LinkedHashSet;

/** Objects for {@code kubectl delete -f -}: of each no more than its name. Each is named once. */
final class Removal {
  private final LinkedHashSet<ObjectNode> objects = new LinkedHashSet<>();

  void add(JsonNode object) {
    objects.add(named(object));
  }

  boolean has(JsonNode object) {
    return objects.contains(named(object));
  }

  private static ObjectNode named(JsonNode object) {
    ObjectNode named = JsonNodeFactory.instance.objectNode();
    named.put("apiVersion", object.path("apiVersion").asText());
    named.put("kind", object.path("kind").asText());
    ObjectNode metadata = named.putObject("metadata");
    metadata.put("name", object.path("metadata").path("name").asText());
    String namespace = object.path("metadata").path("namespace").asText();
    if (!namespace.isEmpty()) {
      metadata.put("namespace", namespace);
    }
    return named;
  }

  boolean isEmpty() {
    return objects.isEmpty();
  }

  /** One document each. */
  String text() {
    var text = new StringBuilder();
    objects.forEach(object -> text.append("---\n").append(YamlWriter.write(object)));
    return text.toString();
  }
}
