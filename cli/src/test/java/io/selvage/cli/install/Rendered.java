// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The charts of this repository, rendered for a test. */
record Rendered(String text, List<ObjectNode> objects) {
  static final Path ROOT = Path.of(System.getProperty("selvage.root", ".."));
  static final Path CHART = ROOT.resolve("charts/selvage");
  static final Path CRDS = ROOT.resolve("charts/selvage-crds");

  /** With these values, as {@code --set} takes them, over those of the files. */
  static Rendered with(List<Path> files, String... set)
      throws IOException, HelmEngine.RenderException {
    return on(HelmEngine.KUBERNETES, files, set);
  }

  /** The same for a version of Kubernetes. */
  static Rendered on(String kubernetes, List<Path> files, String... set)
      throws IOException, HelmEngine.RenderException {
    var values = new ChartValues();
    for (Path file : files) {
      values.mergeFile(file);
    }
    return of(kubernetes, "selvage", values.set(List.of(set), false).tree());
  }

  /** With values as they are, in a namespace. */
  static Rendered of(String kubernetes, String namespace, ObjectNode chosen)
      throws IOException, HelmEngine.RenderException {
    ObjectNode own = JsonNodeFactory.instance.objectNode();
    own.putObject("cli").put("rendered", true);
    ObjectNode values = new ChartValues().merge(chosen).merge(own).tree();
    Path file = Files.createTempFile("values", ".yaml");
    try {
      String text =
          HelmEngine.render(
              CHART, values, Map.of(), file, "selvage", namespace, Optional.of(kubernetes));
      return new Rendered(text, HelmEngine.objects(text));
    } finally {
      Files.delete(file);
    }
  }

  static Rendered with(String... set) throws IOException, HelmEngine.RenderException {
    return with(List.of(), set);
  }

  /** The object of a kind and name. */
  Optional<ObjectNode> find(String kind, String name) {
    return objects.stream()
        .filter(o -> o.path("kind").asText().equals(kind))
        .filter(o -> o.path("metadata").path("name").asText().equals(name))
        .findFirst();
  }

  ObjectNode get(String kind, String name) {
    return find(kind, name).orElseThrow(() -> new AssertionError("no " + kind + " " + name));
  }

  List<ObjectNode> ofKind(String kind) {
    return objects.stream().filter(o -> o.path("kind").asText().equals(kind)).toList();
  }

  /** Arguments of the only container of a Deployment. */
  List<String> args(String deployment) {
    JsonNode args = get("Deployment", deployment).at("/spec/template/spec/containers/0/args");
    return java.util.stream.StreamSupport.stream(args.spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }
}
