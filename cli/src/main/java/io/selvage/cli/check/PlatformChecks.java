// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.Expected;
import io.selvage.cli.install.Grants;
import io.selvage.cli.install.MeshKinds;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.ApiQueries.Version;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether there is a cluster, and whether Selvage can be put on it. */
final class PlatformChecks {
  private static final int MIN_MINOR = 25;

  /** Native sidecars are on by default from here on. */
  private static final int NATIVE_SIDECARS = 29;

  private static final Type NODE = new Type("", "v1", "Node", "nodes", false);
  private static final Duration MAX_SKEW = Duration.ofSeconds(60);

  private static final String ARCHITECTURE =
      "an image that is built by `mvn -Pimages package` is of the architecture it was built on:"
          + " push images of all of them under one name, or keep our pods and meshed ones on nodes"
          + " of one by the nodeSelector kubernetes.io/arch";

  private final Facts facts;

  PlatformChecks(Facts facts) {
    this.facts = facts;
  }

  Category api() {
    return new Category(
        "kubernetes-api",
        () ->
            List.of(
                Check.fatal(
                    "can query the Kubernetes API",
                    "see that KUBECONFIG names the cluster, and that `kubectl version` reaches it",
                    () -> facts.cluster().version())));
  }

  Category version() {
    return new Category(
        "kubernetes-version",
        () ->
            List.of(
                Check.fatal(
                    "is running the minimum Kubernetes API version",
                    "Selvage needs Kubernetes 1." + MIN_MINOR + " or newer",
                    () -> atLeast(MIN_MINOR)),
                Check.warning(
                    "has native sidecar containers",
                    "before Kubernetes 1.29 nothing waits for the sidecar to be ready, and Jobs do"
                        + " not end by themselves",
                    () -> atLeast(NATIVE_SIDECARS))));
  }

  private void atLeast(int minor) throws Finding {
    Version version = facts.cluster().version();
    if (!version.isAtLeast(1, minor)) {
      throw Finding.of("the cluster runs " + version.text());
    }
  }

  /** Before an installation. */
  Category beforehand() {
    var checks = new ArrayList<Check>();
    checks.add(
        Check.error("Selvage is not installed yet", another(facts.in()), this::notInstalled));
    for (Type type :
        List.of(
            Type.NAMESPACE,
            MeshKinds.CRD,
            MeshKinds.CLUSTER_ROLE,
            MeshKinds.CLUSTER_ROLE_BINDING,
            Type.MUTATING_WEBHOOK,
            MeshKinds.INGRESS_CLASS,
            MeshKinds.SERVICE_ACCOUNT,
            MeshKinds.ROLE,
            MeshKinds.ROLE_BINDING,
            MeshKinds.DEPLOYMENT,
            MeshKinds.SERVICE,
            MeshKinds.NETWORK_POLICY,
            Type.CONFIG_MAP,
            Type.SECRET)) {
      checks.add(
          Check.error(
              "can create " + type.kind() + (type.kind().endsWith("s") ? "es" : "s"),
              "ask an administrator of the cluster to install it, or for the right",
              () -> may("create", type)));
    }
    checks.add(
        Check.error(
            "can give our accounts their rights",
            "ask an administrator of the cluster to install it, or for the verbs escalate and bind"
                + " on clusterroles and roles",
            this::mayGrant));
    checks.add(
        Check.error(
            "can read Secrets",
            "upgrades and checks look at the issuer's Secret",
            () -> may("get", Type.SECRET)));
    checks.add(
        Check.warning(
            "the IngressClass ambassador is free or ours",
            "it stays with whom it names; Ingresses of that class are not moved to Selvage",
            () -> classIsFree("ambassador")));
    checks.add(
        Check.warning("all nodes are of one architecture", ARCHITECTURE, this::nodesAreAlike));
    checks.add(
        Check.warning(
            "no clock skew detected",
            "set the clocks by NTP: certificates begin and end at a moment",
            this::clocksAgree));
    return new Category("pre-kubernetes-setup", () -> checks);
  }

  /** Before an installation. */
  private void nodesAreAlike() throws Finding {
    Map<String, List<String>> nodes = nodesByArchitecture();
    if (nodes.size() > 1) {
      throw Finding.of("nodes are of " + nodes.size() + " architectures:\n" + listed(nodes));
    }
  }

  Category nodes() {
    return new Category(
        "kubernetes-nodes",
        () ->
            List.of(
                Check.warning(
                    "all nodes are of an architecture that our pods run on",
                    ARCHITECTURE,
                    this::nodesAreOurs)));
  }

  /** Where one of our pods is ready, its image is of the node's architecture. */
  private void nodesAreOurs() throws Finding {
    Map<String, List<String>> others = nodesByArchitecture();
    Set<String> ours =
        Stream.of(MeshKinds.COMPONENT_LABEL, MeshKinds.MESHED_LABEL + "=" + facts.namespace())
            .flatMap(selector ->
                facts
                    .livePods(
                        selector.equals(MeshKinds.COMPONENT_LABEL) ? facts.namespace() : "",
                        selector)
                    .stream())
            .filter(Facts::isReady)
            .map(pod -> pod.path("spec").path("nodeName").asText())
            .collect(Collectors.toSet());
    others.values().removeIf(names -> names.stream().anyMatch(ours::contains));
    if (!others.isEmpty() && !ours.isEmpty()) {
      throw Finding.of("none of our pods is ready on these:\n" + listed(others));
    }
  }

  /** Names of Linux nodes; those that do not say of what architecture they are are left out. */
  private Map<String, List<String>> nodesByArchitecture() {
    var nodes = new TreeMap<String, List<String>>();
    for (ObjectNode node : facts.cluster().list(NODE, "", "")) {
      JsonNode labels = node.at("/metadata/labels");
      String architecture = labels.path("kubernetes.io/arch").asText();
      if (!architecture.isEmpty()
          && labels.path("kubernetes.io/os").asText("linux").equals("linux")) {
        nodes.computeIfAbsent(architecture, a -> new ArrayList<>()).add(Facts.name(node));
      }
    }
    return nodes;
  }

  private static String listed(Map<String, List<String>> nodes) {
    return Facts.listed(
        nodes.entrySet().stream()
            .map(entry ->
                entry.getKey()
                    + ": "
                    + entry.getValue().getFirst()
                    + (entry.getValue().size() == 1
                        ? ""
                        : " and " + (entry.getValue().size() - 1) + " more"))
            .toList());
  }

  private static String helm(String release, String namespace) {
    return "Helm keeps it: use `helm upgrade "
        + release
        + " CHART -n "
        + namespace
        + "`, or remove it first with `helm uninstall "
        + release
        + " -n "
        + namespace
        + "`";
  }

  /**
   * @param in names the installation that is there
   */
  private static String another(String in) {
    return "use `mesh upgrade"
        + in
        + " | kubectl apply -f -`, or remove it first with `mesh uninstall"
        + in
        + " | kubectl delete -f -`";
  }

  private void notInstalled() throws Finding {
    Optional<ObjectNode> config =
        facts.cluster().get(Type.CONFIG_MAP, facts.namespace(), MeshKinds.CONFIG);
    if (config.isPresent()) {
      throw Finding.of(
          "it is installed in the namespace " + facts.namespace(),
          Expected.helmRelease(config.get())
              .map(release -> helm(release, facts.namespace()))
              .orElse(another(facts.in())));
    }
    List<ObjectNode> bindings =
        facts.cluster().list(MeshKinds.CLUSTER_ROLE_BINDING, "", MeshKinds.COMPONENT_LABEL);
    if (!bindings.isEmpty()) {
      throw Finding.of(
          "parts of an installation are there:\n"
              + Facts.listed(
                  bindings.stream().map(b -> "ClusterRoleBinding " + Facts.name(b)).toList()),
          another(" -n " + home(bindings)));
    }
  }

  /** Where the accounts are that these bindings name. */
  private String home(List<ObjectNode> bindings) {
    for (ObjectNode binding : bindings) {
      for (JsonNode subject : binding.path("subjects")) {
        String namespace = subject.path("namespace").asText();
        if (!namespace.isEmpty()) {
          return namespace;
        }
      }
    }
    return facts.namespace();
  }

  private void may(String verb, Type type) throws Finding {
    String where = type.namespaced() ? facts.namespace() : "";
    if (!facts.cluster().may(verb, type, where)) {
      throw Finding.of(
          "you may not "
              + verb
              + " "
              + type.plural()
              + (where.isEmpty() ? "" : " in the namespace " + where));
    }
  }

  /** By the chart's own values: others hardly change the roles. */
  private void mayGrant() throws Finding {
    List<String> missing;
    try {
      missing =
          Grants.missing(
                  facts.cluster(),
                  Grants.defaults(facts.namespace(), facts.cluster().version().text()))
              .stream()
              .map(Object::toString)
              .toList();
    } catch (IOException e) {
      throw Finding.of("the chart cannot be rendered: " + e.getMessage());
    }
    if (!missing.isEmpty()) {
      throw Finding.of(
          "you may not hand out what you do not have yourself:\n" + Facts.listed(missing));
    }
  }

  private void classIsFree(String name) throws Finding {
    Optional<ObjectNode> there = facts.cluster().get(MeshKinds.INGRESS_CLASS, "", name);
    if (there.isPresent()
        && !there.get().path("metadata").path("labels").has(MeshKinds.COMPONENT_LABEL)) {
      throw Finding.of(
          "it belongs to the controller " + there.get().path("spec").path("controller").asText());
    }
  }

  /**
   * The API server tells its time, and a node renews its Lease every ten seconds by its own clock.
   * One whose Lease is old is behind only if the node is well: the cluster judges that by when a
   * Lease changes, not by what it says.
   */
  private void clocksAgree() throws Finding {
    Instant now = facts.clock().instant();
    var wrong = new ArrayList<String>();
    facts
        .serverClock()
        .map(there -> Duration.between(now, there))
        .filter(ahead -> ahead.abs().compareTo(MAX_SKEW) > 0)
        .ifPresent(ahead -> wrong.add("the API server: " + difference(ahead)));
    List<ObjectNode> leases = facts.cluster().list(MeshKinds.LEASE, "kube-node-lease", "");
    Set<String> well = leases.isEmpty() ? Set.of() : nodesThatAreWell();
    for (ObjectNode lease : leases) {
      String node = lease.path("metadata").path("name").asText();
      try {
        String renewed = lease.path("spec").path("renewTime").asText();
        Duration ahead = Duration.between(now, Instant.parse(renewed));
        Duration oldest =
            MAX_SKEW.plusSeconds(lease.path("spec").path("leaseDurationSeconds").asLong(40));
        if (ahead.compareTo(MAX_SKEW) > 0
            || well.contains(node) && ahead.negated().compareTo(oldest) > 0) {
          wrong.add(node + ": " + difference(ahead));
        }
      } catch (DateTimeParseException e) {
        // Not renewed yet.
      }
    }
    if (!wrong.isEmpty()) {
      throw Finding.of("these clocks differ from the one here:\n" + Facts.listed(wrong));
    }
  }

  private static String difference(Duration ahead) {
    return ahead.abs().toSeconds() + (ahead.isNegative() ? " s behind" : " s ahead");
  }

  /** Empty also where one may not see nodes. */
  private Set<String> nodesThatAreWell() {
    try {
      return facts.cluster().list(NODE, "", "").stream()
          .filter(Facts::isReady)
          .map(Facts::name)
          .collect(Collectors.toSet());
    } catch (ApiCallException e) {
      if (e.isForbidden()) {
        return Set.of();
      }
      throw e;
    }
  }
}
