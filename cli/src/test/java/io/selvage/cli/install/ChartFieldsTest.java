// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every field that is rendered is one of its kind's: an API server drops others in silence. */
class ChartFieldsTest {
  private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

  static Stream<Path> files() throws Exception {
    List<Path> files = new ArrayList<>();
    for (String folder : List.of("charts/golden", "charts/selvage-crds/templates")) {
      try (Stream<Path> found = Files.list(Rendered.ROOT.resolve(folder))) {
        found.filter(f -> f.toString().endsWith(".yaml")).sorted().forEach(files::add);
      }
    }
    assertThat(files).hasSizeGreaterThan(15);
    return files.stream();
  }

  @ParameterizedTest
  @MethodSource("files")
  void isKnownToKubernetes(Path file) throws Exception {
    // ChartTest looks at what is of the Prometheus operator.
    List<ObjectNode> own =
        HelmEngine.objects(Files.readString(file)).stream()
            .filter(o -> !o.path("apiVersion").asText().startsWith(MeshKinds.MONITORING))
            .toList();
    assertThat(unknown(own)).isEmpty();
  }

  @Test
  void aFieldThatIsNoneIsFound() throws Exception {
    List<ObjectNode> objects = Rendered.with().objects();
    ObjectNode gateway =
        objects.stream()
            .filter(o -> o.path("kind").asText().equals("Deployment"))
            .findFirst()
            .orElseThrow();
    ((ObjectNode) gateway.at("/spec/template/spec/containers/0")).put("readynessProbe", 1);
    assertThat(unknown(objects)).hasSize(1).first().asString().contains("readynessProbe");
  }

  private static List<String> unknown(List<ObjectNode> objects) throws IllegalAccessException {
    var unknown = new ArrayList<String>();
    for (ObjectNode object : objects) {
      Object typed = KUBERNETES.unmarshal(object.toString());
      String name = MeshKinds.reference(object);
      if (typed instanceof GenericKubernetesResource) {
        unknown.add(name + ": no such kind");
      } else {
        walk(name, typed, unknown);
      }
    }
    return unknown;
  }

  /** The client's model keeps what it does not know in a map of each object. */
  private static void walk(String path, Object value, List<String> unknown)
      throws IllegalAccessException {
    if (value instanceof Collection<?> items) {
      for (Object item : items) {
        walk(path + "[]", item, unknown);
      }
    } else if (value instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        walk(path + "." + entry.getKey(), entry.getValue(), unknown);
      }
    } else if (value.getClass().getName().startsWith("io.fabric8.kubernetes.api.model")) {
      for (Field field : value.getClass().getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers())) {
          field.setAccessible(true);
          Object below = field.get(value);
          if (field.getName().equals("additionalProperties")) {
            if (below instanceof Map<?, ?> map && !map.isEmpty()) {
              unknown.add(path + ": " + map.keySet());
            }
          } else if (below != null) {
            walk(path + "." + field.getName(), below, unknown);
          }
        }
      }
    }
  }
}
