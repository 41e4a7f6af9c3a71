// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.manifest.ManifestTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Values of a chart, one laid over another as Helm does: objects are merged, all else replaces. */
final class ChartValues {
  private final ObjectNode tree = JsonNodeFactory.instance.objectNode();

  /** The values as they stand; a copy. */
  ObjectNode tree() {
    return tree.deepCopy();
  }

  /** Lays values over these. */
  ChartValues merge(JsonNode over) {
    if (over instanceof ObjectNode object) {
      merge(tree, object);
    }
    return this;
  }

  private static void merge(ObjectNode into, ObjectNode over) {
    for (Map.Entry<String, JsonNode> field : over.properties()) {
      JsonNode there = into.get(field.getKey());
      if (there instanceof ObjectNode below && field.getValue() instanceof ObjectNode object) {
        merge(below, object);
      } else {
        into.set(field.getKey(), field.getValue().deepCopy());
      }
    }
  }

  /**
   * Lays a text of YAML over these.
   *
   * @param name of the file, for messages
   * @throws IOException saying what is wrong with it
   */
  ChartValues mergeYaml(String name, String text) throws IOException {
    for (ManifestTrees.Document document : ManifestTrees.read(text, false)) {
      JsonNode json = document.json();
      if (json == null) {
        throw new IOException("%s:%d: %s".formatted(name, document.line(), document.fault()));
      }
      if (!json.isObject() && !json.isNull()) {
        throw new IOException(name + ": values are an object");
      }
      merge(json);
    }
    return this;
  }

  /** Lays a file of values over these. */
  ChartValues mergeFile(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + ": no such file");
    }
    return mergeYaml(file.toString(), Files.readString(file));
  }

  /**
   * Sets values as Helm's {@code --set} does.
   *
   * @param assignments each {@code a.b=value} or several of them, separated by commas
   * @param asText whether {@code true} and {@code 1} are text too
   * @throws IllegalArgumentException naming what is not understood
   */
  ChartValues set(List<String> assignments, boolean asText) {
    assignments.forEach(text -> new SetParser(text, asText).applyTo(tree));
    return this;
  }
}
