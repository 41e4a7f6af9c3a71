// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Whether pods have the sidecar they should have, and it is well. */
final class DataPlaneChecks {
  /** Proxies that are asked one by one; with more, a sample has to do. */
  static final int MAX_ASKED = 50;

  /** A proxy renews at half-life, so less than this is late for all but the shortest lives. */
  private static final Duration SHORT = Duration.ofMinutes(10);

  private static final Duration STALE = Duration.ofMinutes(1);
  private static final int ADMIN_PORT = 4191;
  private static final String INJECT = "selvage.io/inject";
  private static final String VERSION = "selvage.io/proxy-version";

  private final Facts facts;
  private final String where;
  private final PodPages pages;

  /** Metrics of the proxies that were asked, by the name of the pod. */
  private final Map<String, String> metrics = new HashMap<>();

  /** Reads a page of a pod's proxy. */
  interface PodPages {
    /**
     * @throws ApiCallException if it cannot be read
     */
    String read(String namespace, String pod, int port, String path);
  }

  /**
   * @param where the namespace whose pods are meant; empty for all
   */
  DataPlaneChecks(Facts facts, String where, PodPages pages) {
    this.facts = facts;
    this.where = where;
    this.pages = pages;
  }

  Category category() {
    return new Category(
        "selvage-data-plane",
        List.of(
            Check.error(
                "data plane namespace exists",
                "say with --data-plane-namespace which one is meant",
                this::namespaceExists),
            Check.error(
                    "data plane proxies are ready",
                    "`kubectl logs POD -c selvage-proxy` says what it waits for",
                    this::ready)
                .waitedFor(),
            Check.warning(
                "data plane is up-to-date",
                "`kubectl rollout restart` gives the workload the sidecar of the installed version",
                this::current),
            Check.warning(
                "pods that should have a sidecar have one",
                "`kubectl rollout restart` the workload; the Events of a pod that was skipped say"
                    + " why",
                this::injected),
            Check.warning(
                "proxies can be asked",
                "it takes the right to port-forward to the pods",
                this::ask),
            Check.error(
                "certificates of proxies are valid",
                "`kubectl logs POD -c selvage-proxy` says why it gets none; see"
                    + " the category selvage-identity, too",
                this::certificates),
            Check.warning(
                "proxies know the state of the cluster",
                "they go on with what they know; see that the control plane is ready and that no"
                    + " NetworkPolicy keeps pods from its port 8443",
                this::fresh)));
  }

  private void namespaceExists() throws Finding {
    if (!where.isEmpty() && facts.cluster().get(Type.NAMESPACE, "", where).isEmpty()) {
      throw Finding.of("there is no namespace " + where);
    }
  }

  private List<ObjectNode> meshed() {
    return facts.livePods(where, MeshKinds.MESHED_LABEL + "=" + facts.namespace());
  }

  private void ready() throws Finding {
    List<String> waiting =
        meshed().stream().filter(pod -> !proxyIsReady(pod)).map(Facts::name).toList();
    if (!waiting.isEmpty()) {
      throw Finding.of("these are not:\n" + Facts.listed(waiting));
    }
  }

  /** As a native sidecar it is an init container. */
  private static boolean proxyIsReady(JsonNode pod) {
    for (String group : List.of("initContainerStatuses", "containerStatuses")) {
      for (JsonNode status : pod.path("status").path(group)) {
        if (status.path("name").asText().equals("selvage-proxy")) {
          return status.path("ready").asBoolean();
        }
      }
    }
    return false;
  }

  private void current() throws Finding {
    var others = new ArrayList<String>();
    for (ObjectNode pod : meshed()) {
      String version = pod.path("metadata").path("annotations").path(VERSION).asText("unknown");
      if (!version.equals(facts.version())) {
        others.add(Facts.name(pod) + ": " + version);
      }
    }
    if (!others.isEmpty()) {
      throw Finding.of(
          "the installed version is " + facts.version() + ", but:\n" + Facts.listed(others));
    }
  }

  private void injected() throws Finding {
    var namespaces = new HashMap<String, String>();
    for (ObjectNode namespace : facts.cluster().list(Type.NAMESPACE, "", "")) {
      JsonNode metadata = namespace.path("metadata");
      namespaces.put(
          metadata.path("name").asText(), metadata.path("annotations").path(INJECT).asText());
    }
    var without = new ArrayList<String>();
    for (ObjectNode pod : facts.livePods(where, "!" + MeshKinds.MESHED_LABEL)) {
      JsonNode metadata = pod.path("metadata");
      String home = metadata.path("namespace").asText();
      String own = metadata.path("annotations").path(INJECT).asText();
      String wish = own.isEmpty() ? namespaces.getOrDefault(home, "") : own;
      boolean wanted = wish.equals("enabled") || wish.equals("ingress");
      boolean ours = metadata.path("labels").has(MeshKinds.COMPONENT_LABEL);
      if (wanted && !ours && !home.equals("kube-system") && !home.equals(facts.namespace())) {
        boolean host = pod.path("spec").path("hostNetwork").asBoolean();
        without.add(Facts.name(pod) + (host ? ": on the host network, which cannot have one" : ""));
      }
    }
    if (!without.isEmpty()) {
      throw Finding.of("these have none:\n" + Facts.listed(without));
    }
  }

  private void ask() throws Finding {
    List<ObjectNode> pods = meshed();
    var silent = new ArrayList<String>();
    for (ObjectNode pod : pods.stream().limit(MAX_ASKED).toList()) {
      JsonNode metadata = pod.path("metadata");
      try {
        metrics.put(
            Facts.name(pod),
            pages.read(
                metadata.path("namespace").asText(),
                metadata.path("name").asText(),
                adminPort(pod),
                "/metrics"));
      } catch (ApiCallException e) {
        silent.add(Facts.name(pod) + ": " + e.getMessage());
        if (metrics.isEmpty() && silent.size() >= 3) {
          break; // The others will not answer either, and each takes its time.
        }
      }
    }
    if (!silent.isEmpty()) {
      throw Finding.of("these did not answer:\n" + Facts.listed(silent));
    }
    if (pods.size() > MAX_ASKED) {
      throw Finding.of(
          "there are " + pods.size() + " proxies; the first " + MAX_ASKED + " were asked");
    }
  }

  private static int adminPort(JsonNode pod) {
    for (String group : List.of("initContainers", "containers")) {
      for (JsonNode container : pod.path("spec").path(group)) {
        for (JsonNode port : container.path("ports")) {
          if (port.path("name").asText().equals("selvage-admin")) {
            return port.path("containerPort").asInt(ADMIN_PORT);
          }
        }
      }
    }
    return ADMIN_PORT;
  }

  private void certificates() throws Finding {
    Instant now = facts.clock().instant();
    var wrong = new ArrayList<String>();
    metrics.forEach((pod, text) -> {
      OptionalDouble end = value(text, "selvage_identity_cert_expiration_timestamp_seconds");
      if (end.isEmpty() || end.getAsDouble() <= 0) {
        wrong.add(pod + ": it has none");
      } else {
        Instant at = Instant.ofEpochSecond((long) end.getAsDouble());
        if (at.isBefore(now.plus(SHORT))) {
          wrong.add(
              pod + (at.isBefore(now) ? ": it ended " : ": it is not renewed and ends ") + at);
        }
      }
    });
    if (!wrong.isEmpty()) {
      wrong.sort(null);
      throw Finding.of(Facts.listed(wrong));
    }
  }

  private void fresh() throws Finding {
    var stale = new ArrayList<String>();
    metrics.forEach((pod, text) ->
        value(text, "selvage_control_state_age_seconds")
            .ifPresent(age -> {
              if (age > STALE.toSeconds()) {
                stale.add(pod + ": " + (long) age + " s old");
              }
            }));
    if (!stale.isEmpty()) {
      stale.sort(null);
      throw Finding.of("what these know is old:\n" + Facts.listed(stale));
    }
  }

  /** A metric's first sample (Prometheus text format). */
  static OptionalDouble value(String text, String metric) {
    return text.lines()
        .filter(line -> line.startsWith(metric + " ") || line.startsWith(metric + "{"))
        .map(line ->
            line.substring(Math.max(line.lastIndexOf('}'), metric.length() - 1) + 1).strip())
        .map(rest -> rest.split(" ", 2)[0])
        .mapToDouble(DataPlaneChecks::number)
        .findFirst();
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
