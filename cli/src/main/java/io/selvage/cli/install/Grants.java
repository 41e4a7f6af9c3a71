// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiQueries.Right;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whether the user may hand out what the roles of a rendering hold. An API server lets nobody make
 * or bind a role with rights he does not have himself, unless he may {@code escalate} and {@code
 * bind} roles (Kubernetes, "Using RBAC Authorization", privilege escalation prevention).
 */
public final class Grants {
  private Grants() {}

  /** Everything that this version of the chart makes where nothing is chosen. */
  public static List<ObjectNode> defaults(String namespace, String kubernetes) throws IOException {
    try (ChartFiles charts = ChartFiles.unpack()) {
      var release =
          new Release(
              namespace,
              new ChartValues().tree(),
              Optional.empty(),
              Surroundings.of(Optional.of(kubernetes)));
      return HelmEngine.objects(release.render(charts));
    } catch (HelmEngine.RenderException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /**
   * The rights that the user lacks, of those that the roles hold.
   *
   * @param objects of a rendering
   * @return empty if the roles can be made and bound
   * @throws io.selvage.kube.api.ApiCallException if the API server could not be asked
   */
  public static List<Right> missing(ApiQueries cluster, List<ObjectNode> objects) {
    var missing = new ArrayList<Right>();
    missing.addAll(missing(cluster, objects, MeshKinds.CLUSTER_ROLE));
    missing.addAll(missing(cluster, objects, MeshKinds.ROLE));
    return missing;
  }

  private static List<Right> missing(ApiQueries cluster, List<ObjectNode> objects, Type roles) {
    Set<Right> held = new LinkedHashSet<>();
    String namespace = "";
    for (ObjectNode object : objects) {
      if (object.path("kind").asText().equals(roles.kind())) {
        namespace = object.path("metadata").path("namespace").asText();
        for (JsonNode rule : object.path("rules")) {
          addRights(rule, namespace, held);
        }
      }
    }
    if (held.isEmpty()
        || cluster.may("escalate", roles, namespace) && cluster.may("bind", roles, namespace)) {
      return List.of();
    }
    return held.stream().filter(right -> !cluster.may(right)).toList();
  }

  private static void addRights(JsonNode rule, String namespace, Set<Right> to) {
    for (JsonNode group : rule.path("apiGroups")) {
      for (JsonNode resource : rule.path("resources")) {
        for (JsonNode verb : rule.path("verbs")) {
          for (String name : names(rule)) {
            to.add(new Right(verb.asText(), group.asText(), resource.asText(), name, namespace));
          }
        }
      }
    }
  }

  private static List<String> names(JsonNode rule) {
    var names = new ArrayList<String>();
    rule.path("resourceNames").forEach(name -> names.add(name.asText()));
    return names.isEmpty() ? List.of("") : names;
  }
}
