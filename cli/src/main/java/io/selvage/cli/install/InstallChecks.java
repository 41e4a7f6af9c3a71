// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.identity.workload.PemText;
import io.selvage.kube.api.NamedObjects.Type;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Why an installation cannot begin: each reason is one sentence, and nothing has been changed. */
final class InstallChecks {
  /** Objects named in one sentence; there may be many. */
  private static final int MAX_NAMES = 5;

  /** Of the API server itself; whoever runs it keeps it. */
  private static final String API_SERVER = "kubernetes";

  private final Cluster cluster;
  private final String namespace;

  InstallChecks(Cluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /**
   * Whether the user may create all that was rendered. The namespace may be there already.
   *
   * @param objects of the rendering
   */
  void mayInstall(List<ObjectNode> objects) throws CommandFailure {
    Set<Type> types = new LinkedHashSet<>();
    objects.forEach(object -> MeshKinds.of(object).ifPresent(types::add));
    boolean namespaceToo = types.remove(Type.NAMESPACE);
    for (Type type : types) {
      mayCreate(type);
    }
    if (namespaceToo) {
      boolean there = cluster.get(Type.NAMESPACE, "", namespace).isPresent();
      may(there ? "patch" : "create", Type.NAMESPACE);
    }
  }

  /**
   * Whether the user may do what an upgrade does. Rights are handed out again only where that
   * changes: an API server looks no further.
   *
   * @param objects of the rendering
   */
  void mayUpgrade(Differences differences, List<ObjectNode> objects) throws CommandFailure {
    for (Type type : differences.created()) {
      mayCreate(type);
    }
    for (Type type : differences.changed()) {
      may("patch", type);
    }
    var rights =
        List.of(
            MeshKinds.CLUSTER_ROLE,
            MeshKinds.ROLE,
            MeshKinds.CLUSTER_ROLE_BINDING,
            MeshKinds.ROLE_BINDING);
    if (rights.stream()
        .anyMatch(
            type -> differences.created().contains(type) || differences.changed().contains(type))) {
      mayGrant(objects);
    }
  }

  /** Whether the user may create an object of a kind. */
  void mayCreate(Type type) throws CommandFailure {
    may("create", type);
  }

  private void may(String verb, Type type) throws CommandFailure {
    String where = type.namespaced() ? namespace : "";
    if (!cluster.may(verb, type, where)) {
      throw CommandFailure.failed(
          "You may not "
              + verb
              + " "
              + (type.group().isEmpty() ? type.plural() : type.plural() + "." + type.group())
              + (where.isEmpty() ? "" : " in the namespace " + where)
              + ", which an installation needs: ask an administrator of the cluster.");
    }
  }

  /**
   * Whether the user may give our accounts their rights.
   *
   * @param objects of the rendering
   */
  void mayGrant(List<ObjectNode> objects) throws CommandFailure {
    List<String> missing = cluster.notGrantable(objects);
    if (!missing.isEmpty()) {
      throw CommandFailure.failed(
          "You may not hand out rights that you do not have yourself, and the installation gives"
              + " these to its accounts: "
              + names(missing)
              + "; ask an administrator of the cluster, or for the verbs escalate and bind on"
              + " clusterroles and roles.");
    }
  }

  /** Whether there is nothing of ours yet. */
  void nothingInstalled() throws CommandFailure {
    Optional<ObjectNode> config = cluster.get(Type.CONFIG_MAP, namespace, MeshKinds.CONFIG);
    if (config.isPresent()) {
      throw CommandFailure.failed(
          "Selvage "
              + config.get().path("data").path("version").asText("")
              + " is installed in the namespace "
              + namespace
              + " already: use `mesh upgrade"
              + NamespaceOption.in(namespace)
              + "` to change it, or `mesh uninstall"
              + NamespaceOption.in(namespace)
              + "` to remove it.");
    }
    Optional<String> elsewhere = cluster.otherNamespace();
    if (elsewhere.isPresent()
        && !elsewhere.get().equals(namespace)
        && cluster.get(Type.CONFIG_MAP, elsewhere.get(), MeshKinds.CONFIG).isPresent()) {
      throw CommandFailure.failed(
          "Selvage is installed in the namespace "
              + elsewhere.get()
              + " already, and a cluster has one: use `mesh upgrade -n "
              + elsewhere.get()
              + "` to change it.");
    }
    List<String> left = cluster.installed(namespace).stream().map(MeshKinds::reference).toList();
    if (!left.isEmpty()) {
      throw CommandFailure.failed(
          "Parts of an earlier installation are left ("
              + names(left)
              + "): remove them first, with `mesh uninstall"
              + NamespaceOption.in(elsewhere.orElse(namespace))
              + " | kubectl delete -f -`.");
    }
  }

  /**
   * Whether the namespace may be taken. No cluster is asked.
   *
   * @throws CommandFailure if it is one that a cluster makes by itself
   */
  static void namespaceIsNotTheClusters(String name) throws CommandFailure {
    if (name.equals("default") || name.startsWith("kube-")) {
      throw CommandFailure.failed(
          "The namespace "
              + name
              + " is the cluster's own, and an installation sets the pod security level of its"
              + " namespace: choose another with -n.");
    }
  }

  /** Whether nobody else's pods would come under our pod security level. */
  void namespaceIsFree() throws CommandFailure {
    Optional<ObjectNode> there = cluster.get(Type.NAMESPACE, "", namespace);
    if (there.isEmpty() || isOurs(there.get())) {
      return;
    }
    List<String> others =
        cluster.list(MeshKinds.POD, namespace, "!" + MeshKinds.COMPONENT_LABEL).stream()
            .filter(Cluster::isLive)
            .map(MeshKinds::reference)
            .toList();
    if (!others.isEmpty()) {
      throw CommandFailure.failed(
          "The namespace "
              + namespace
              + " holds pods of others ("
              + names(others)
              + "), which the pod security level that an installation sets for its namespace could"
              + " keep out: choose another with -n.");
    }
  }

  /**
   * Ports that a NetworkPolicy has to open for the API server.
   *
   * @param allowed those that it opens by default
   * @return all of them, if the API server has others; else empty
   */
  List<Integer> apiServerPorts(JsonNode allowed) throws CommandFailure {
    Set<Integer> ports = new TreeSet<>();
    allowed.forEach(port -> ports.add(port.asInt()));
    Optional<ObjectNode> slice = Optional.empty();
    if (cluster.may("get", MeshKinds.ENDPOINT_SLICE, "default")) {
      slice = cluster.get(MeshKinds.ENDPOINT_SLICE, "default", API_SERVER);
    }
    boolean more = false;
    if (slice.isPresent()) {
      for (JsonNode port : slice.get().path("ports")) {
        more |= port.path("port").isIntegralNumber() && ports.add(port.path("port").asInt());
      }
    }
    return more ? List.copyOf(ports) : List.of();
  }

  /** Whether certificates that were given out are believed by the next ones. */
  void trustDomainStays(JsonNode before, JsonNode after) throws CommandFailure {
    String from = before.path("trustDomain").asText();
    String to = after.path("trustDomain").asText();
    int pods = from.equals(to) ? 0 : cluster.meshedPods(namespace).size();
    if (pods > 0) {
      throw CommandFailure.failed(
          "The trust domain cannot become "
              + to
              + " while "
              + pods
              + (pods == 1 ? " pod carries a sidecar" : " pods carry a sidecar")
              + " with an identity in "
              + from
              + ", which would be believed no more: uninject them first, or leave trustDomain as"
              + " it is.");
    }
  }

  /** Whether issuer and trust anchors are where the values say that they are. */
  void trustMaterial(boolean external) throws CommandFailure {
    var there = new ArrayList<String>();
    var missing = new ArrayList<String>();
    sort(Type.SECRET, MeshKinds.ISSUER, there, missing);
    sort(Type.CONFIG_MAP, MeshKinds.TRUST_ROOTS, there, missing);
    if (external && !missing.isEmpty()) {
      throw CommandFailure.failed(
          "With identity.external=true somebody else keeps issuer and trust anchors, but there is"
              + " no "
              + String.join(" and no ", missing)
              + " in the namespace "
              + namespace
              + ".");
    }
    if (external) {
      issuerIsValid();
    }
    if (!external && !there.isEmpty()) {
      throw CommandFailure.failed(
          "The namespace "
              + namespace
              + " holds the "
              + String.join(" and the ", there)
              + " already: keep it with --set identity.external=true, or delete it first.");
    }
  }

  /** What an upgrade goes on with. */
  void trustMaterialKept() throws CommandFailure {
    var there = new ArrayList<String>();
    var missing = new ArrayList<String>();
    sort(Type.SECRET, MeshKinds.ISSUER, there, missing);
    sort(Type.CONFIG_MAP, MeshKinds.TRUST_ROOTS, there, missing);
    if (!missing.isEmpty()) {
      throw CommandFailure.failed(
          "The "
              + String.join(" and the ", missing)
              + " of the namespace "
              + namespace
              + (missing.size() == 1 ? " is" : " are")
              + " gone, without which nobody gets a certificate: bring "
              + (missing.size() == 1 ? "it" : "them")
              + " back from a backup, or uninstall and install anew.");
    }
    issuerIsValid();
  }

  /** With an issuer that has ended, every pod that starts would wait for a certificate in vain. */
  private void issuerIsValid() throws CommandFailure {
    Optional<ObjectNode> secret = cluster.get(Type.SECRET, namespace, MeshKinds.ISSUER);
    if (secret.isEmpty()) {
      return;
    }
    String where = "The issuer in the Secret " + namespace + "/" + MeshKinds.ISSUER;
    JsonNode data = secret.get().path("data");
    String text = data.path(data.has("crt.pem") ? "crt.pem" : "tls.crt").asText();
    List<X509Certificate> chain;
    try {
      chain = PemText.certificates(new String(Base64.getDecoder().decode(text), UTF_8));
    } catch (IllegalArgumentException e) {
      throw CommandFailure.failed(where + " cannot be read: " + e.getMessage() + ".");
    }
    if (chain.isEmpty()) {
      throw CommandFailure.failed(where + " is no certificate.");
    }
    Instant now = Instant.now();
    Instant begin = chain.getFirst().getNotBefore().toInstant();
    Instant end = chain.getFirst().getNotAfter().toInstant();
    if (now.isBefore(begin) || now.isAfter(end)) {
      throw CommandFailure.failed(
          where
              + (now.isAfter(end) ? " ended " + end : " begins " + begin)
              + ", so that nobody would get a certificate: replace it first, as `mesh check"
              + NamespaceOption.in(namespace)
              + "` and its hints say.");
    }
  }

  private void sort(Type type, String name, List<String> there, List<String> missing)
      throws CommandFailure {
    (cluster.get(type, namespace, name).isPresent() ? there : missing)
        .add(type.kind() + " " + name);
  }

  /** Whether the gateway's custom resources are served. */
  void crdsAreThere(List<ObjectNode> crds) throws CommandFailure {
    var missing = new ArrayList<String>();
    Set<String> served = cluster.served(MeshKinds.GROUP + "/v3alpha1");
    for (ObjectNode crd : crds) {
      String plural = crd.path("spec").path("names").path("plural").asText();
      if (!served.contains(plural)) {
        missing.add(plural + "." + MeshKinds.GROUP);
      }
    }
    if (!missing.isEmpty()) {
      throw CommandFailure.failed(
          "The cluster does not serve the custom resources "
              + names(missing)
              + ": run `mesh install --crds | kubectl apply -f -` first.");
    }
  }

  /**
   * Whether the cluster knows the kinds of others that were asked for: what comes first would be
   * made, and the rest not.
   */
  void monitoringIsServed(List<ObjectNode> rendered) throws CommandFailure {
    var missing = new TreeSet<String>();
    for (ObjectNode object : rendered) {
      String apiVersion = object.path("apiVersion").asText();
      if (apiVersion.startsWith(MeshKinds.MONITORING + "/")) {
        String plural = object.path("kind").asText().toLowerCase(Locale.ROOT) + "s";
        if (!cluster.served(apiVersion).contains(plural)) {
          missing.add(plural + "." + MeshKinds.MONITORING);
        }
      }
    }
    if (!missing.isEmpty()) {
      throw CommandFailure.failed(
          "The cluster does not serve "
              + String.join(" and ", missing)
              + ", which the chosen values of `monitoring` make: install the Prometheus operator"
              + " first, or leave them out.");
    }
  }

  /** Whether the custom resources are ours to write. */
  void crdsAreOurs(List<ObjectNode> crds) throws CommandFailure {
    var foreign = new ArrayList<String>();
    for (ObjectNode crd : crds) {
      String name = crd.path("metadata").path("name").asText();
      Optional<ObjectNode> there = cluster.get(MeshKinds.CRD, "", name);
      if (there.isPresent() && !isOurs(there.get())) {
        foreign.add(name);
      }
    }
    if (!foreign.isEmpty()) {
      throw CommandFailure.failed(
          "The custom resources "
              + names(foreign)
              + " belong to somebody else, such as Emissary: leave them and go on with `mesh"
              + " install`, which serves them as they are.");
    }
  }

  /** Names of our IngressClasses that somebody else has already. */
  List<String> foreignClasses() throws CommandFailure {
    var foreign = new ArrayList<String>();
    for (String name : List.of("ambassador", "selvage")) {
      Optional<ObjectNode> there = cluster.get(MeshKinds.INGRESS_CLASS, "", name);
      if (there.isPresent() && !isOurs(there.get())) {
        foreign.add(name);
      }
    }
    return foreign;
  }

  private static boolean isOurs(JsonNode object) {
    JsonNode labels = object.path("metadata").path("labels");
    return labels.has(MeshKinds.COMPONENT_LABEL)
        || labels.path("app.kubernetes.io/part-of").asText().equals("selvage");
  }

  static String names(List<String> all) {
    String shown = all.stream().limit(MAX_NAMES).collect(Collectors.joining(", "));
    return all.size() <= MAX_NAMES ? shown : shown + " and " + (all.size() - MAX_NAMES) + " more";
  }
}
