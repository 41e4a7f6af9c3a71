// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.selvage.injector.patch.MutatorSettings;
import io.selvage.injector.pod.BadPodException;
import io.selvage.injector.pod.PodTree;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Objects from text, for tests. */
public final class Trees {
  public static final ObjectMapper JSON = new ObjectMapper();
  private static final YAMLMapper YAML = new YAMLMapper();

  private Trees() {}

  public static ObjectNode yaml(String text) {
    try {
      return (ObjectNode) YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static PodTree pod(String yaml) {
    return pod(yaml(yaml));
  }

  public static PodTree pod(JsonNode tree) {
    try {
      return PodTree.of(tree);
    } catch (BadPodException e) {
      throw new AssertionError(e);
    }
  }

  public static MutatorSettings settings() {
    return MutatorSettings.of(
        "selvage/sidecar:test", "1.2.3", "selvage/injector 1.2.3", "selvage", "cluster.local");
  }
}
