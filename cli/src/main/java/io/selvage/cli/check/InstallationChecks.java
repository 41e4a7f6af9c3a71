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
import java.util.Set;

/** Whether what was installed is there and runs. */
final class InstallationChecks {
  private static final String REINSTALL =
      "run `mesh upgrade | kubectl apply -f -`, which makes what is missing";

  /** Kinds that are looked at one by one, each in a line of its own. */
  private static final Map<String, Type> KINDS =
      new java.util.TreeMap<>(
          Map.of(
              "ClusterRole", MeshKinds.CLUSTER_ROLE,
              "ClusterRoleBinding", MeshKinds.CLUSTER_ROLE_BINDING,
              "Deployment", MeshKinds.DEPLOYMENT,
              "Role", MeshKinds.ROLE,
              "RoleBinding", MeshKinds.ROLE_BINDING,
              "Service", MeshKinds.SERVICE,
              "ServiceAccount", MeshKinds.SERVICE_ACCOUNT,
              "MutatingWebhookConfiguration", Type.MUTATING_WEBHOOK));

  private final Facts facts;
  private List<ObjectNode> expected = List.of();

  InstallationChecks(Facts facts) {
    this.facts = facts;
  }

  Category existence() {
    return new Category(
        "selvage-existence",
        List.of(
            Check.fatal(
                "'" + MeshKinds.CONFIG + "' config map exists",
                "install it with `mesh install`, or say with -n where it is; if it was deleted,"
                    + " `mesh uninstall | kubectl delete -f -` removes the rest",
                facts::readConfig),
            Check.error(
                "custom resources are served",
                "run `mesh install --crds | kubectl apply -f -`",
                this::customResources),
            Check.warning(
                "no unschedulable pods",
                "`kubectl describe pod` says what the scheduler is missing",
                this::schedulable),
            Check.error(
                    "pods are ready",
                    "`kubectl describe pod` and `kubectl logs` in the namespace "
                        + facts.namespace()
                        + " say why",
                    this::podsAreReady)
                .waitedFor()));
  }

  Category config() {
    var checks = new ArrayList<Check>();
    checks.add(Check.fatal("the installation can be read", REINSTALL, this::readExpected));
    KINDS.forEach((kind, type) ->
        checks.add(Check.error(kind + "s exist", REINSTALL, () -> allThere(kind, type))));
    return new Category("selvage-config", checks);
  }

  Category versions() {
    return new Category(
        "control-plane-version",
        List.of(
            Check.warning(
                "control plane and cli versions match",
                "use the `mesh` of that version, or run `mesh upgrade | kubectl apply -f -`",
                () -> {
                  if (!facts.version().equals(VersionCommand.number())) {
                    throw Finding.of(
                        "the cluster has "
                            + facts.version()
                            + ", this is "
                            + VersionCommand.number());
                  }
                }),
            Check.warning(
                "pods run the installed version",
                "wait for the rollout, or see `kubectl rollout status` of the Deployment",
                this::podsAreCurrent)));
  }

  private void customResources() throws Finding {
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

  private void podsAreReady() throws Finding {
    var problems = new ArrayList<String>();
    for (Map.Entry<String, String> part :
        Map.of("controlPlane", "control-plane", "injector", "injector", "gateway", "gateway")
            .entrySet()) {
      if (!facts.has(part.getKey())) {
        continue;
      }
      List<ObjectNode> pods =
          facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL + "=" + part.getValue());
      if (pods.stream().noneMatch(Facts::isReady)) {
        problems.add(part.getValue() + ": no pod of " + pods.size() + " is ready" + why(pods));
      }
    }
    if (!problems.isEmpty()) {
      problems.sort(null);
      throw Finding.of(Facts.listed(problems));
    }
  }

  /** What a container waits for, such as its image. */
  private static String why(List<ObjectNode> pods) {
    for (ObjectNode pod : pods) {
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
    try {
      expected =
          Expected.objects(facts.namespace(), facts.config(), facts.cluster().version().text());
    } catch (IOException e) {
      throw Finding.of(
          "the values in " + MeshKinds.CONFIG + " do not fit this version: " + e.getMessage());
    }
  }

  private void allThere(String kind, Type type) throws Finding {
    var missing = new ArrayList<String>();
    for (ObjectNode object : expected) {
      if (object.path("kind").asText().equals(kind)) {
        String name = object.path("metadata").path("name").asText();
        String where = type.namespaced() ? facts.namespace() : "";
        if (facts.cluster().get(type, where, name).isEmpty()) {
          missing.add(kind + " " + name);
        }
      }
    }
    if (!missing.isEmpty()) {
      throw Finding.of("missing:\n" + Facts.listed(missing));
    }
  }

  private void podsAreCurrent() throws Finding {
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
