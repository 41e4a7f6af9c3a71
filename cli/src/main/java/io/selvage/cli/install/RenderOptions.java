// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What is chosen where the chart is rendered. */
final class RenderOptions {
  /** The command's own; what the chart says of them is for Helm. */
  private static final Set<String> RESERVED = Set.of("createNamespace", "cli");

  @Option(
      names = "--ha",
      description = "Three replicas of everything, and a webhook that fails shut.")
  private boolean ha;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "A value of the chart, as Helm takes it; repeatable.")
  private List<String> set = List.of();

  @Option(
      names = "--set-string",
      paramLabel = "KEY=VALUE",
      description = "The same, and the value is text whatever it looks like; repeatable.")
  private List<String> setString = List.of();

  @Option(
      names = {"-f", "--values"},
      paramLabel = "FILE",
      description = "Values of the chart, YAML; repeatable, the later one counts.")
  private List<Path> values = List.of();

  /**
   * The chosen values, over those that were chosen before.
   *
   * @throws CommandFailure saying what is not understood
   */
  ObjectNode over(JsonNode before, ChartFiles charts) throws CommandFailure, IOException {
    var chosen = new ChartValues().merge(before);
    try {
      if (ha) {
        chosen.mergeYaml(Release.HA_FILE, charts.text(ChartFiles.INSTALL, Release.HA_FILE));
      }
      for (Path file : values) {
        chosen.mergeFile(file);
      }
      chosen.set(set, false).set(setString, true);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
    ObjectNode tree = chosen.tree();
    Stream<String> reserved = RESERVED.stream().sorted().filter(tree::has);
    String named = String.join(", ", reserved.toList());
    if (!named.isEmpty()) {
      throw CommandFailure.misunderstood("the command chooses this itself: " + named);
    }
    JsonNode identity = tree.path("identity");
    if (identity.has("trustAnchorsPEM") || identity.has("issuer")) {
      throw CommandFailure.misunderstood(
          "values are kept in a ConfigMap, where a key must not be: to bring your own issuer, make"
              + " the Secret "
              + MeshKinds.ISSUER
              + " and the ConfigMap "
              + MeshKinds.TRUST_ROOTS
              + " and say --set identity.external=true");
    }
    return tree;
  }
}
