// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.VersionCommand;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.Expected;
import io.selvage.cli.install.MeshKinds;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Whether what was installed is there and runs. */
final class InstallationChecks {
  private static final String CONFIG = "selvage-config";

  private static final Map<String, String> PARTS =
      Map.of("controlPlane", "control-plane", "injector", "injector", "gateway", "gateway");

  private final Facts facts;
  private List<ObjectNode> expected = List.of();

  InstallationChecks(Facts facts) {
    this.facts = facts;
  }

  Category existence() {
    return new Category("selvage-existence", this::existenceChecks);
  }

  private List<Check> existenceChecks() {
    return List.of(
        Check.fatal(
            "'" + MeshKinds.CONFIG + "' config map exists",
            "install it with `mesh install"
                + facts.in()
                + " | kubectl apply -f -`, or say with -n where it is; if it was deleted, `mesh"
                + " uninstall"
                + facts.in()
                + " | kubectl delete -f -` removes the rest",
            facts::readConfig),
        Check.error(
            "custom resources are served",
            "run `mesh install --crds | kubectl apply -f -`",
            this::customResources),
        Check.error(
                "replica sets are ready",
                "`kubectl describe deployment,replicaset -n " + facts.namespace() + "` says more",
                this::replicaSets)
            .waitedFor(),
        Check.warning(
            "no unschedulable pods",
            "`kubectl describe pod -n "
                + facts.namespace()
                + "` says what the scheduler is missing",
            this::schedulable),
        Check.error(
                "pods are ready",
                "`kubectl describe pod -n "
                    + facts.namespace()
                    + "` and `kubectl logs -n "
                    + facts.namespace()
                    + " POD` say why",
                this::podsAreReady)
            .waitedFor());
  }

  Category config() {
    return new Category(
        CONFIG,
        () ->
            List.of(
                Check.error(
                    "the installation can be read",
                    "use the `mesh` of the version that is installed",
                    this::readExpected)));
  }

  /** One line for each kind of which the installation has an object. */
  Category objects() {
    return new Category(CONFIG, this::objectChecks);
  }

  private List<Check> objectChecks() {
    var byKind = new TreeMap<String, List<ObjectNode>>();
    for (ObjectNode object : expected) {
      byKind.computeIfAbsent(object.path("kind").asText(), k -> new ArrayList<>()).add(object);
    }
    var checks = new ArrayList<Check>();
    byKind.forEach((kind, objects) ->
        checks.add(
            Check.error(
                several(kind) + " exist",
                "run " + facts.upgrade() + ", which makes what is missing",
                () -> allThere(kind, objects))));
    return checks;
  }

  /** {@code NetworkPolicies}, {@code IngressClasses}, {@code Roles}. */
  static String several(String kind) {
    if (kind.endsWith("s")) {
      return kind + "es";
    }
    return kind.endsWith("y") ? kind.substring(0, kind.length() - 1) + "ies" : kind + "s";
  }

  Category versions() {
    return new Category("control-plane-version", this::versionChecks);
  }

  private List<Check> versionChecks() {
    return List.of(
        Check.warning(
            "control plane and cli versions match",
            "use the `mesh` of that version, or run " + facts.upgrade(),
            () -> {
              facts.requireConfig();
              if (!facts.version().equals(VersionCommand.number())) {
                throw Finding.of(
                    "the cluster has " + facts.version() + ", this is " + VersionCommand.number());
              }
            }),
        Check.warning(
            "pods run the installed version",
            "wait for the rollout: `kubectl rollout status -n "
                + facts.namespace()
                + " deployment/NAME`",
            this::podsAreCurrent));
  }

  private void customResources() throws Finding {
    facts.requireConfig();
    if (!facts.has("gateway")) {
      return;
    }
    Set<String> served = facts.cluster().served(MeshKinds.GROUP + "/v3alpha1");
    var missing = new ArrayList<String>();
    try {
      for (ObjectNode crd : Expected.customResources(facts.namespace())) {
        String plural = crd.path("spec").path("names").path("plural").asText();
        if (!served.contains(plural)) {
          missing.add(crd.path("metadata").path("name").asText());
        }
      }
    } catch (IOException e) {
      throw Finding.of(String.valueOf(e.getMessage()));
    }
    if (!missing.isEmpty()) {
      throw Finding.of("these are not:\n" + Facts.listed(missing));
    }
  }

  private void schedulable() throws Finding {
    var waiting = new ArrayList<String>();
    for (ObjectNode pod : facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL)) {
      for (JsonNode condition : pod.path("status").path("conditions")) {
        if (condition.path("reason").asText().equals("Unschedulable")) {
          waiting.add(Facts.name(pod) + ": " + condition.path("message").asText());
        }
      }
    }
    if (!waiting.isEmpty()) {
      throw Finding.of("no node takes these:\n" + Facts.listed(waiting));
    }
  }

  /** What keeps a Deployment from having its pods: a quota, a policy, an image that never comes. */
  private void replicaSets() throws Finding {
    facts.requireConfig();
    var failed = new ArrayList<String>();
    for (String part : parts()) {
      for (ObjectNode deployment : deployments(part)) {
        for (JsonNode condition : deployment.path("status").path("conditions")) {
          String type = condition.path("type").asText();
          String status = condition.path("status").asText();
          if (type.equals("ReplicaFailure") && status.equals("True")
              || type.equals("Progressing") && status.equals("False")) {
            failed.add(Facts.name(deployment) + ": " + condition.path("message").asText());
          }
        }
      }
    }
    if (!failed.isEmpty()) {
      throw Finding.of(Facts.listed(failed));
    }
  }

  /** One pod of each part is enough to work, and too few where more are wanted. */
  private void podsAreReady() throws Finding {
    facts.requireConfig();
    var none = new ArrayList<String>();
    var few = new ArrayList<String>();
    for (String part : parts()) {
      List<ObjectNode> pods =
          facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL + "=" + part);
      long ready = pods.stream().filter(Facts::isReady).count();
      long wanted =
          deployments(part).stream()
              .mapToLong(d -> d.path("spec").path("replicas").asLong(1))
              .sum();
      if (ready == 0) {
        none.add(part + ": no pod of " + Math.max(wanted, pods.size()) + " is ready" + why(pods));
      } else if (ready < wanted) {
        few.add(part + ": " + ready + " of " + wanted + " pods are ready" + why(pods));
      }
    }
    if (!none.isEmpty()) {
      none.addAll(few);
      throw Finding.of(Facts.listed(none));
    }
    if (!few.isEmpty()) {
      throw Finding.warning(Facts.listed(few));
    }
  }

  /** The installed components, by their label. */
  private List<String> parts() {
    return PARTS.entrySet().stream()
        .filter(part -> facts.has(part.getKey()))
        .map(Map.Entry::getValue)
        .sorted()
        .toList();
  }

  private List<ObjectNode> deployments(String part) {
    return facts
        .cluster()
        .list(MeshKinds.DEPLOYMENT, facts.namespace(), MeshKinds.COMPONENT_LABEL + "=" + part);
  }

  /** What a container waits for, such as its image, or a pod: a node. */
  private static String why(List<ObjectNode> pods) {
    for (ObjectNode pod : pods) {
      for (JsonNode condition : pod.path("status").path("conditions")) {
        if (condition.path("reason").asText().equals("Unschedulable")) {
          return " (Unschedulable: " + condition.path("message").asText() + ")";
        }
      }
      for (JsonNode container : pod.path("status").path("containerStatuses")) {
        String reason = container.path("state").path("waiting").path("reason").asText();
        if (!reason.isEmpty()) {
          return " (" + reason + ")";
        }
      }
    }
    return "";
  }

  private void readExpected() throws Finding {
    facts.requireConfig();
    try {
      expected =
          Expected.objects(facts.namespace(), facts.config(), facts.cluster().version().text());
    } catch (IOException e) {
      String misfit =
          "the values in " + MeshKinds.CONFIG + " do not fit this version: " + e.getMessage();
      // Then nobody can tell from here what belongs to it, which does not make it ill.
      throw facts.version().equals(VersionCommand.number())
          ? Finding.of(misfit)
          : Finding.warning(misfit);
    }
  }

  private void allThere(String kind, List<ObjectNode> objects) throws Finding {
    var missing = new ArrayList<String>();
    for (ObjectNode object : objects) {
      String name = object.path("metadata").path("name").asText();
      if (!isThere(object, name)) {
        missing.add(kind + " " + name);
      }
    }
    if (!missing.isEmpty()) {
      throw Finding.of("missing:\n" + Facts.listed(missing));
    }
  }

  private boolean isThere(ObjectNode object, String name) {
    Optional<Type> type =
        Expected.kind(object)
            .or(() ->
                facts
                    .cluster()
                    .type(object.path("apiVersion").asText(), object.path("kind").asText()));
    return type.flatMap(t -> facts.cluster().get(t, t.namespaced() ? facts.namespace() : "", name))
        .isPresent();
  }

  private void podsAreCurrent() throws Finding {
    facts.requireConfig();
    var others = new ArrayList<String>();
    for (ObjectNode pod : facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL)) {
      String version =
          pod.path("metadata").path("labels").path("app.kubernetes.io/version").asText();
      if (!version.isEmpty() && !version.equals(facts.version())) {
        others.add(Facts.name(pod) + ": " + version);
      }
    }
    if (!others.isEmpty()) {
      throw Finding.of("these are of another:\n" + Facts.listed(others));
    }
  }
}
