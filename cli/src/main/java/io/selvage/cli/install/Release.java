// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.install.HelmEngine.RenderException;
import io.selvage.kube.manifest.YamlWriter;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * One rendering of the chart {@code selvage}: what was chosen, and what the command adds to it.
 *
 * @param namespace where it is installed
 * @param chosen values that differ from the chart's, for the next upgrade
 * @param trust fresh trust material; empty keeps what is there
 * @param surroundings what is known of the cluster
 */
record Release(
    String namespace, ObjectNode chosen, Optional<TrustMaterial> trust, Surroundings surroundings) {
  /** As {@code helm install selvage} would call it. */
  static final String NAME = "selvage";

  /** The chart's profile for high availability. */
  static final String HA_FILE = "values-ha.yaml";

  /** What the chart is given, but for trust material, which is in no file. */
  ObjectNode values() {
    var values = new ChartValues().merge(chosen);
    ObjectNode added = JsonNodeFactory.instance.objectNode();
    added.put("createNamespace", true);
    ObjectNode cli = added.putObject("cli");
    cli.put("rendered", true);
    cli.put("overrides", chosen.isEmpty() ? "" : YamlWriter.write(chosen));
    ObjectNode replicas = cli.putObject("replicas");
    surroundings.replicas().forEach(replicas::put);
    for (String name : surroundings.foreignClasses()) {
      added.withObject("/gateway/ingressClasses/" + name).put("create", false);
    }
    if (!surroundings.apiServerPorts().isEmpty()) {
      ArrayNode ports = added.withObject("/networkPolicies/apiServer").putArray("ports");
      surroundings.apiServerPorts().forEach(ports::add);
    }
    return values.merge(added).tree();
  }

  /** The text that {@code kubectl apply} takes. */
  String render(ChartFiles charts) throws RenderException, IOException {
    return HelmEngine.render(
        charts.chart(ChartFiles.INSTALL),
        values(),
        trust.map(TrustMaterial::values).orElse(Map.of()),
        charts.file("values-of-this-run.yaml"),
        NAME,
        namespace,
        surroundings.kubernetes());
  }

  /** The custom resources as text. */
  static String renderCrds(ChartFiles charts, String namespace)
      throws RenderException, IOException {
    return HelmEngine.render(
        charts.chart(ChartFiles.CRDS),
        JsonNodeFactory.instance.objectNode(),
        Map.of(),
        charts.file("values-of-this-run.yaml"),
        ChartFiles.CRDS,
        namespace,
        Optional.empty());
  }
}
