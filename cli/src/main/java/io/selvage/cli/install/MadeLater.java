// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.ArrayList;
import java.util.List;

/** What our processes make while they run, and no chart names: none of it carries our mark. */
final class MadeLater {
  private MadeLater() {}

  /**
   * What one part of an installation has made, but for issuer and trust anchors.
   *
   * @param part as the chart's values call it: {@code controlPlane}, {@code injector}, {@code
   *     gateway}
   * @param home namespace of the installation
   */
  static List<ObjectNode> of(String part, Cluster cluster, String home) throws CommandFailure {
    var made = new ArrayList<ObjectNode>();
    switch (part) {
      case "controlPlane" -> addNamed(cluster, Type.CONFIG_MAP, home, MeshKinds.REPLICAS, made);
      case "injector" -> {
        addNamed(cluster, Type.SECRET, home, MeshKinds.INJECTOR_TLS, made);
        for (ObjectNode map :
            cluster.list(Type.CONFIG_MAP, "", "app.kubernetes.io/managed-by=selvage")) {
          if (map.path("metadata").path("name").asText().equals(MeshKinds.TRUST_ROOTS)) {
            made.add(map);
          }
        }
      }
      case "gateway" -> addNamed(cluster, MeshKinds.LEASE, home, MeshKinds.GATEWAY_LEASE, made);
      default -> throw new IllegalArgumentException("no part of an installation: " + part);
    }
    return made;
  }

  private static void addNamed(
      Cluster cluster, Type type, String home, String name, List<ObjectNode> to)
      throws CommandFailure {
    cluster
        .get(type, home, name)
        .ifPresent(
            object -> to.add(object.put("apiVersion", type.apiVersion()).put("kind", type.kind())));
  }
}
