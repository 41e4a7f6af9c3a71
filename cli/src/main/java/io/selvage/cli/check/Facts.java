// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.Expected;
import io.selvage.cli.install.MeshKinds;
import io.selvage.cli.install.NamespaceOption;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The cluster as all checks see it, and what several of them need to know. */
final class Facts {
  /** Objects named in one message. */
  private static final int MAX_NAMES = 10;

  /** On a namespace whose pods no webhook of ours is shown. */
  private static final String WEBHOOKS = "config.selvage.io/admission-webhooks";

  private final ApiQueries cluster;
  private final String namespace;
  private final InstantSource clock;
  private final Supplier<Optional<Instant>> serverClock;

  private ObjectNode config = JsonNodeFactory.instance.objectNode();
  private ObjectNode values = JsonNodeFactory.instance.objectNode();

  /**
   * @param namespace of the control plane
   */
  Facts(ApiQueries cluster, String namespace, InstantSource clock) {
    this(cluster, namespace, clock, cluster::clock);
  }

  /**
   * @param serverClock that of the API server
   */
  Facts(
      ApiQueries cluster,
      String namespace,
      InstantSource clock,
      Supplier<Optional<Instant>> serverClock) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.clock = clock;
    this.serverClock = serverClock;
  }

  ApiQueries cluster() {
    return cluster;
  }

  String namespace() {
    return namespace;
  }

  InstantSource clock() {
    return clock;
  }

  /** What the API server's clock shows; empty if it does not say. */
  Optional<Instant> serverClock() {
    return serverClock.get();
  }

  /** What a {@code mesh} command needs to find this installation; empty if it does by itself. */
  String in() {
    return NamespaceOption.in(namespace);
  }

  /** What makes what is missing and changes versions: a command in its quotes, or who does it. */
  String upgrade() {
    if (Expected.helmRelease(config).isEmpty() && !config.isEmpty() && !Expected.isOurs(config)) {
      return "the tool that rendered this installation";
    }
    return Expected.helmRelease(config)
        .map(release -> "`helm upgrade " + release + " CHART -n " + namespace + "`")
        .orElse("`mesh upgrade" + in() + " | kubectl apply -f -`");
  }

  /** The same to restart a Deployment of ours. */
  String restart(String deployment) {
    return "`kubectl rollout restart -n " + namespace + " deployment/" + deployment + "`";
  }

  /** Reads what was installed; the checks behind it go by that. */
  void readConfig() throws Finding {
    config =
        cluster
            .get(Type.CONFIG_MAP, namespace, MeshKinds.CONFIG)
            .orElseThrow(() ->
                Finding.of(
                    "there is no ConfigMap "
                        + MeshKinds.CONFIG
                        + " in the namespace "
                        + namespace));
    try {
      values = Expected.values(namespace, config);
    } catch (IOException e) {
      throw Finding.of("the ConfigMap " + MeshKinds.CONFIG + " cannot be read: " + e.getMessage());
    }
  }

  ObjectNode config() {
    return config;
  }

  /**
   * For what goes by the installation's version and values.
   *
   * @throws Finding if they could not be read
   */
  void requireConfig() throws Finding {
    if (config.isEmpty()) {
      throw Finding.unseen("the ConfigMap " + MeshKinds.CONFIG);
    }
  }

  String version() {
    return config.path("data").path("version").asText();
  }

  /** All values that hold, as they were installed. */
  JsonNode values() {
    return values;
  }

  /** Whether a part is installed: {@code gateway}, {@code injector} or {@code controlPlane}. */
  boolean has(String part) {
    return values.path(part).path("enabled").asBoolean();
  }

  /** An object that must be there. */
  ObjectNode need(Type type, String name) throws Finding {
    String where = type.namespaced() ? namespace : "";
    Optional<ObjectNode> found = cluster.get(type, where, name);
    return found.orElseThrow(() -> Finding.of(type.kind() + " " + name + " is missing"));
  }

  /** Names of namespaces whose pods the injector is not shown. */
  Set<String> withoutInjection(List<ObjectNode> namespaces) {
    var exempt = new HashSet<String>(List.of(namespace));
    values.path("injector").path("exemptNamespaces").forEach(name -> exempt.add(name.asText()));
    for (ObjectNode each : namespaces) {
      if (each.at("/metadata/labels").path(WEBHOOKS).asText().equals("disabled")) {
        exempt.add(each.at("/metadata/name").asText());
      }
    }
    return exempt;
  }

  /** Pods that have not ended. */
  List<ObjectNode> livePods(String where, String selector) {
    return cluster.list(MeshKinds.POD, where, selector).stream().filter(Facts::isLive).toList();
  }

  static boolean isLive(JsonNode pod) {
    String phase = pod.path("status").path("phase").asText();
    return !phase.equals("Succeeded") && !phase.equals("Failed");
  }

  static boolean isReady(JsonNode pod) {
    for (JsonNode condition : pod.path("status").path("conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        return condition.path("status").asText().equals("True");
      }
    }
    return false;
  }

  /** The number of a pod's port of that name. */
  static int port(JsonNode pod, String name, int otherwise) {
    for (String group : List.of("initContainers", "containers")) {
      for (JsonNode container : pod.path("spec").path(group)) {
        for (JsonNode port : container.path("ports")) {
          if (port.path("name").asText().equals(name)) {
            return port.path("containerPort").asInt(otherwise);
          }
        }
      }
    }
    return otherwise;
  }

  static String name(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    String where = metadata.path("namespace").asText();
    return (where.isEmpty() ? "" : where + "/") + metadata.path("name").asText();
  }

  /** One a line, and how many more. */
  static String listed(List<String> names) {
    String shown =
        names.stream().limit(MAX_NAMES).map(n -> "* " + n).collect(Collectors.joining("\n"));
    return names.size() <= MAX_NAMES
        ? shown
        : shown + "\n* and " + (names.size() - MAX_NAMES) + " more";
  }
}
