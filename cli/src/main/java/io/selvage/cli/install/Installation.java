// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.util.Optional;

/**
 * An installation as the ConfigMap {@value MeshKinds#CONFIG} tells of it.
 *
 * @param config that ConfigMap
 */
record Installation(String namespace, ObjectNode config) {
  /**
   * Finds it.
   *
   * @throws CommandFailure if there is none
   */
  static Installation find(Cluster cluster, String namespace) throws CommandFailure {
    Optional<ObjectNode> config = cluster.get(Type.CONFIG_MAP, namespace, MeshKinds.CONFIG);
    if (config.isPresent()) {
      return new Installation(namespace, config.get());
    }
    if (!cluster.installed(namespace).isEmpty()) {
      throw CommandFailure.failed(
          "The installation in the namespace "
              + namespace
              + " is half deleted: its ConfigMap "
              + MeshKinds.CONFIG
              + " is gone; remove the rest with `mesh uninstall"
              + NamespaceOption.in(namespace)
              + " | kubectl delete -f -` and install anew.");
    }
    throw CommandFailure.failed(
        "Cannot find Selvage: there is no ConfigMap "
            + namespace
            + "/"
            + MeshKinds.CONFIG
            + "; install it with `mesh install`, or say with -n where it is.");
  }

  String version() {
    return config.path("data").path("version").asText("unknown");
  }

  /** Whether Helm keeps it, and not this command. */
  Optional<String> helmRelease() {
    String name =
        config.path("metadata").path("annotations").path("meta.helm.sh/release-name").asText();
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  /**
   * @throws CommandFailure if Helm keeps it
   */
  void requireOurs(String verb) throws CommandFailure {
    Optional<String> release = helmRelease();
    if (release.isPresent()) {
      throw CommandFailure.failed(
          "This installation is kept by Helm, as the release "
              + release.get()
              + ": use `helm "
              + verb
              + "`.");
    }
  }

  /** The values that were chosen. */
  ObjectNode overrides() throws IOException {
    return new ChartValues()
        .mergeYaml(
            "the values in " + MeshKinds.CONFIG, config.path("data").path("overrides").asText(""))
        .tree();
  }

  /**
   * The values by which a version of the chart makes what is installed. Who has not used {@code
   * mesh install} has left no choice behind, only what came of it.
   */
  ObjectNode valuesFor(String version) throws IOException {
    ObjectNode all = values();
    boolean ours = helmRelease().isEmpty() && all.path("createNamespace").asBoolean();
    return ours && !version.equals(version()) ? overrides() : all;
  }

  /** All values that hold. */
  ObjectNode values() throws IOException {
    return new ChartValues()
        .mergeYaml(
            "the values in " + MeshKinds.CONFIG, config.path("data").path("values").asText(""))
        .tree();
  }
}
