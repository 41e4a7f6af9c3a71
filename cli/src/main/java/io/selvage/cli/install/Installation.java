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
  /** Finds it, if there is one. */
  static Optional<Installation> lookUp(Cluster cluster, String namespace) throws CommandFailure {
    return cluster
        .get(Type.CONFIG_MAP, namespace, MeshKinds.CONFIG)
        .map(config -> new Installation(namespace, config));
  }

  /**
   * Finds it.
   *
   * @throws CommandFailure if there is none
   */
  static Installation find(Cluster cluster, String namespace) throws CommandFailure {
    Optional<Installation> there = lookUp(cluster, namespace);
    if (there.isPresent()) {
      return there.get();
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
   * Whether these commands keep it: not Helm, and no tool that applies what Helm rendered. These
   * know what was chosen, and we do not: only what came of it.
   */
  boolean isOurs() throws IOException {
    return helmRelease().isEmpty() && values().path("createNamespace").asBoolean();
  }

  /**
   * @throws CommandFailure if somebody else keeps it
   */
  void requireOurs(String verb) throws CommandFailure, IOException {
    Optional<String> release = helmRelease();
    if (release.isPresent()) {
      throw CommandFailure.failed(
          "This installation is kept by Helm, as the release "
              + release.get()
              + ": use `helm "
              + verb
              + "`.");
    }
    if (!isOurs()) {
      throw CommandFailure.failed(
          "This installation was rendered by another tool than `mesh install`, such as `helm"
              + " template` or Argo CD: change it there.");
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
    return isOurs() && !version.equals(version()) ? overrides() : all;
  }

  /** All values that hold. */
  ObjectNode values() throws IOException {
    return new ChartValues()
        .mergeYaml(
            "the values in " + MeshKinds.CONFIG, config.path("data").path("values").asText(""))
        .tree();
  }
}
