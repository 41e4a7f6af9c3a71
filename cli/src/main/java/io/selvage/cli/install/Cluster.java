// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiQueries.Version;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The cluster as the commands of this package ask it. Each answer or refusal is one sentence. */
final class Cluster implements AutoCloseable {
  /** The oldest Kubernetes that has all the charts say. */
  static final int MIN_MINOR = 25;

  private final ApiServer api;
  private final ApiQueries queries;

  private Cluster(ApiServer api) {
    this.api = api;
    this.queries = new ApiQueries(api);
  }

  /**
   * The cluster that is meant.
   *
   * @throws CommandFailure if the kubeconfig cannot be used
   */
  static Cluster connect(KubeOptions kube) throws CommandFailure {
    return new Cluster(kube.connect());
  }

  /** A question that fails in words for people. */
  <T> T ask(Supplier<T> question) throws CommandFailure {
    try {
      return question.get();
    } catch (ApiCallException e) {
      if (e.isForbidden()) {
        throw CommandFailure.failed("You may not do that on this cluster: " + e.getMessage());
      }
      throw CommandFailure.failed(
          "Cannot connect to Kubernetes at " + queries.url() + ": " + e.getMessage());
    }
  }

  /** The version, if it is new enough. */
  Version version() throws CommandFailure {
    Version version = ask(queries::version);
    if (!version.isAtLeast(1, MIN_MINOR)) {
      throw CommandFailure.failed(
          "Kubernetes "
              + version.text()
              + " is too old: Selvage needs 1."
              + MIN_MINOR
              + " or newer.");
    }
    return version;
  }

  Optional<ObjectNode> get(Type type, String namespace, String name) throws CommandFailure {
    return ask(() -> queries.get(type, namespace, name));
  }

  List<ObjectNode> list(Type type, String namespace, String selector) throws CommandFailure {
    return ask(() -> queries.list(type, namespace, selector));
  }

  boolean may(String verb, Type type, String namespace) throws CommandFailure {
    return ask(() -> queries.may(verb, type, namespace));
  }

  /** The rights that the user lacks to hand out what the roles among some objects hold. */
  List<String> notGrantable(List<ObjectNode> objects) throws CommandFailure {
    return ask(() -> Grants.missing(queries, objects).stream().map(Object::toString).toList());
  }

  Set<String> served(String apiVersion) throws CommandFailure {
    return ask(() -> queries.served(apiVersion));
  }

  /**
   * Every object of our charts, in the order in which they are taken away.
   *
   * @param namespace of the control plane; cluster-scoped objects are among them
   */
  List<ObjectNode> installed(String namespace) throws CommandFailure {
    var found = new ArrayList<ObjectNode>();
    for (Type type : MeshKinds.INSTALLED) {
      found.addAll(list(type, type.namespaced() ? namespace : "", MeshKinds.COMPONENT_LABEL));
    }
    return found;
  }

  /** How many pods each of our Deployments wants, by its name. */
  Map<String, Integer> replicas(String namespace) throws CommandFailure {
    var replicas = new TreeMap<String, Integer>();
    for (ObjectNode found : list(MeshKinds.DEPLOYMENT, namespace, MeshKinds.COMPONENT_LABEL)) {
      JsonNode wanted = found.path("spec").path("replicas");
      if (wanted.isIntegralNumber()) {
        replicas.put(found.path("metadata").path("name").asText(), wanted.asInt());
      }
    }
    return replicas;
  }

  /** Every kind of object that there can be in a namespace, and that can be listed. */
  List<Type> listable() throws CommandFailure {
    return ask(queries::listable);
  }

  /** Pods of this mesh that carry a sidecar and have not ended. */
  List<ObjectNode> meshedPods(String namespace) throws CommandFailure {
    return list(MeshKinds.POD, "", MeshKinds.MESHED_LABEL + "=" + namespace).stream()
        .filter(Cluster::isLive)
        .toList();
  }

  /** Whether a pod has not ended. */
  static boolean isLive(JsonNode pod) {
    return Stream.of("Succeeded", "Failed")
        .noneMatch(pod.path("status").path("phase").asText()::equals);
  }

  /**
   * The control plane's namespace, as an installation elsewhere says it; empty if there is none.
   */
  Optional<String> otherNamespace() throws CommandFailure {
    for (ObjectNode binding : list(MeshKinds.CLUSTER_ROLE_BINDING, "", MeshKinds.COMPONENT_LABEL)) {
      for (JsonNode subject : binding.path("subjects")) {
        String namespace = subject.path("namespace").asText();
        if (!namespace.isEmpty()) {
          return Optional.of(namespace);
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    api.close();
  }
}
