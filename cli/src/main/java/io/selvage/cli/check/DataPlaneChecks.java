// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.injector.pod.BadPodException;
import io.selvage.injector.pod.InjectionDecision;
import io.selvage.injector.pod.PodTree;
import io.selvage.injector.pod.SkipReason;
import io.selvage.kube.api.NamedObjects.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Whether pods have the sidecar they should have, and it is well. */
final class DataPlaneChecks {
  /** Proxies that are asked; with more, a sample has to do. */
  static final int MAX_ASKED = 50;

  /** Proxies that are asked at a time. */
  static final int AT_ONCE = 8;

  /** For the answers of all of them together. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A proxy renews at half-life, so less than this is late for all but the shortest lives. */
  private static final Duration SHORT = Duration.ofMinutes(10);

  private static final Duration STALE = Duration.ofMinutes(1);
  private static final int SIDECAR_ADMIN = 4191;
  private static final int GATEWAY_ADMIN = 9901;
  private static final String VERSION = "selvage.io/proxy-version";

  private final Facts facts;
  private final String where;
  private final PodPages pages;
  private final Duration patience;

  /** Metrics of the proxies that were asked, by the name of the pod. */
  private final Map<String, String> metrics = new HashMap<>();

  /** A proxy to ask. */
  private record Asked(String namespace, String pod, int port) {
    String name() {
      return namespace + "/" + pod;
    }
  }

  /**
   * @param where the namespace whose pods are meant; empty for all
   */
  DataPlaneChecks(Facts facts, String where, PodPages pages) {
    this(facts, where, pages, PATIENCE);
  }

  /**
   * @param patience how long all proxies together may take to answer
   */
  DataPlaneChecks(Facts facts, String where, PodPages pages, Duration patience) {
    this.facts = facts;
    this.where = where;
    this.pages = pages;
    this.patience = patience;
  }

  Category category() {
    return new Category("selvage-data-plane", this::checks);
  }

  private List<Check> checks() {
    String logs = "`kubectl logs -n NAMESPACE POD -c selvage-proxy` says ";
    String restart = "`kubectl rollout restart -n NAMESPACE KIND/NAME` ";
    return List.of(
        Check.error(
            "data plane namespace exists",
            "say with --data-plane-namespace which one is meant",
            this::namespaceExists),
        Check.error("data plane proxies are ready", logs + "what it waits for", this::ready)
            .waitedFor(),
        Check.warning(
            "data plane is up-to-date",
            restart + "gives the workload the sidecar of the installed version",
            this::current),
        Check.warning(
            "pods that should have a sidecar have one",
            restart + "makes the pods anew; the Events of one that was skipped say why",
            this::injected),
        Check.warning(
            "proxies can be asked", "it takes the right to port-forward to the pods", this::ask),
        Check.error(
            "certificates of proxies are valid",
            logs
                + "why it gets none, the gateway's say it without -c; see the category"
                + " selvage-identity, too",
            this::certificates),
        Check.warning(
            "proxies know the state of the cluster",
            "they go on with what they know; see that the control plane is ready and that no"
                + " NetworkPolicy keeps pods from its port 8443",
            this::fresh));
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
    facts.requireConfig();
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

  /** Asks of each pod without a sidecar what the injector would do with it. */
  private void injected() throws Finding {
    facts.requireConfig();
    boolean acceptLinkerd =
        facts.values().path("injector").path("acceptLinkerdAnnotations").asBoolean();
    var namespaces = new HashMap<String, Map<String, String>>();
    List<ObjectNode> all = facts.cluster().list(Type.NAMESPACE, "", "");
    for (ObjectNode namespace : all) {
      JsonNode metadata = namespace.path("metadata");
      namespaces.put(metadata.path("name").asText(), annotations(metadata));
    }
    Set<String> exempt = facts.withoutInjection(all);
    var without = new ArrayList<String>();
    for (ObjectNode pod : facts.livePods(where, "!" + MeshKinds.MESHED_LABEL)) {
      JsonNode metadata = pod.path("metadata");
      String home = metadata.path("namespace").asText();
      if (!exempt.contains(home) && !metadata.path("labels").has(MeshKinds.COMPONENT_LABEL)) {
        lack(pod, namespaces.getOrDefault(home, Map.of()), acceptLinkerd)
            .ifPresent(why -> without.add(Facts.name(pod) + why));
      }
    }
    if (!without.isEmpty()) {
      throw Finding.of("these have none:\n" + Facts.listed(without));
    }
  }

  /** Why it is surprising that a pod has no sidecar; empty if it is not. */
  private static Optional<String> lack(
      ObjectNode pod, Map<String, String> namespace, boolean acceptLinkerd) {
    try {
      return switch (InjectionDecision.of(PodTree.of(pod), namespace, acceptLinkerd)) {
        case InjectionDecision.Inject _ -> Optional.of("");
        case InjectionDecision.Skip skip
            when skip.reasons().stream().anyMatch(SkipReason::isSurprising) ->
            Optional.of(": " + skip.text());
        case InjectionDecision.Skip _ -> Optional.empty();
        case InjectionDecision.Present _ -> Optional.empty();
      };
    } catch (BadPodException e) {
      return Optional.empty(); // No API server takes such a pod.
    }
  }

  private static Map<String, String> annotations(JsonNode metadata) {
    var annotations = new HashMap<String, String>();
    metadata
        .path("annotations")
        .properties()
        .forEach(entry -> annotations.put(entry.getKey(), entry.getValue().asText()));
    return annotations;
  }

  /** Sidecars, and the gateway where it is a member of the mesh. */
  private List<Asked> members() {
    var members = new ArrayList<Asked>();
    boolean member =
        facts.has("gateway")
            && facts.has("controlPlane")
            && facts.values().path("gateway").path("mesh").path("enabled").asBoolean();
    boolean meant = where.isEmpty() || where.equals(facts.namespace());
    if (member && meant) {
      for (ObjectNode pod :
          facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL + "=gateway")) {
        members.add(asked(pod, Facts.port(pod, "admin", GATEWAY_ADMIN)));
      }
    }
    for (ObjectNode pod : meshed()) {
      members.add(asked(pod, Facts.port(pod, "selvage-admin", SIDECAR_ADMIN)));
    }
    return members;
  }

  private static Asked asked(ObjectNode pod, int port) {
    JsonNode metadata = pod.path("metadata");
    return new Asked(metadata.path("namespace").asText(), metadata.path("name").asText(), port);
  }

  private void ask() throws Finding {
    List<Asked> all = members();
    List<Asked> some = all.stream().limit(MAX_ASKED).toList();
    var silent = new ArrayList<String>();
    ExecutorService threads =
        Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofPlatform().name("check-", 0).daemon().factory());
    try {
      List<Future<String>> answers =
          threads.invokeAll(
              some.stream().map(this::question).toList(),
              patience.toMillis(),
              TimeUnit.MILLISECONDS);
      for (int i = 0; i < answers.size(); i++) {
        take(some.get(i).name(), answers.get(i), silent);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Finding.warning("interrupted");
    } finally {
      threads.shutdownNow();
    }
    String sampled =
        all.size() <= MAX_ASKED
            ? ""
            : "there are " + all.size() + " proxies; the first " + MAX_ASKED + " were asked";
    if (!silent.isEmpty()) {
      throw Finding.of(("these did not answer:\n" + Facts.listed(silent) + "\n" + sampled).strip());
    }
    if (!sampled.isEmpty()) {
      throw Finding.of(sampled);
    }
  }

  private Callable<String> question(Asked asked) {
    return () -> pages.read(asked.namespace(), asked.pod(), asked.port(), "/metrics");
  }

  private void take(String pod, Future<String> answer, List<String> silent)
      throws InterruptedException {
    try {
      metrics.put(pod, answer.get());
    } catch (CancellationException e) {
      silent.add(pod + ": not within the " + patience.toMillis() / 1_000.0 + " s for all of them");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      silent.add(pod + ": " + cause.getMessage());
    }
  }

  /** What was answered; with proxies of which none did, there is nothing to go by. */
  private Map<String, String> answers() throws Finding {
    if (metrics.isEmpty() && !members().isEmpty()) {
      throw Finding.unseen("the metrics of the proxies");
    }
    return metrics;
  }

  private void certificates() throws Finding {
    Instant now = facts.clock().instant();
    var wrong = new ArrayList<String>();
    answers()
        .forEach((pod, text) -> {
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
    answers()
        .forEach((pod, text) ->
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
