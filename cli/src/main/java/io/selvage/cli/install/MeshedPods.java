// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Pods with a sidecar, which must not lose what keeps their certificates valid. */
final class MeshedPods {
  /** By which a namespace asks for sidecars; the second where the injector accepts it. */
  private static final List<String> INJECT = List.of("selvage.io/inject", "linkerd.io/inject");

  private MeshedPods() {}

  /**
   * Refuses to take away what they need.
   *
   * @param home namespace of the control plane
   * @param what is to happen, such as {@code uninstalling the control plane}
   */
  static void requireNone(Cluster cluster, String home, String what) throws CommandFailure {
    List<ObjectNode> pods = cluster.meshedPods(home);
    if (pods.isEmpty()) {
      return;
    }
    var text =
        new StringBuilder("Please uninject the following pods before ")
            .append(what)
            .append(", or say --force:");
    var namespaces = new TreeSet<String>();
    for (ObjectNode pod : pods) {
      String namespace = pod.path("metadata").path("namespace").asText();
      namespaces.add(namespace);
      text.append(System.lineSeparator())
          .append("\t* ")
          .append(namespace)
          .append('/')
          .append(pod.path("metadata").path("name").asText());
    }
    for (String namespace : namespaces) {
      askedBy(cluster, namespace)
          .ifPresent(annotation ->
              text.append(System.lineSeparator())
                  .append("It is the namespace ")
                  .append(namespace)
                  .append(" that asks for sidecars: run `kubectl annotate namespace ")
                  .append(namespace)
                  .append(' ')
                  .append(annotation)
                  .append("-`, then `kubectl rollout restart -n ")
                  .append(namespace)
                  .append(" deployment,statefulset,daemonset`."));
    }
    throw CommandFailure.failed(text.toString());
  }

  /** The annotation by which a namespace asks for sidecars. */
  private static Optional<String> askedBy(Cluster cluster, String namespace) throws CommandFailure {
    JsonNode annotations =
        cluster
            .get(Type.NAMESPACE, "", namespace)
            .map(found -> found.path("metadata").path("annotations"))
            .orElseGet(com.fasterxml.jackson.databind.node.MissingNode::getInstance);
    return INJECT.stream()
        .filter(annotations::has)
        .filter(annotation -> !annotations.path(annotation).asText().equals("disabled"))
        .findFirst();
  }
}
