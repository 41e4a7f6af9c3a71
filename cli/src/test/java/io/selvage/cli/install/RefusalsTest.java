// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.Main;
import io.selvage.cli.check.FakeCluster;
import io.selvage.identity.issue.CertificateAuthorities;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is refused, each by one sentence, exit code 1, nothing on standard output, and without a
 * single request that would change the cluster. {@code InstallOnClusterIT} does the same on a real
 * API server, as far as that can be brought into such a state.
 */
class RefusalsTest {
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir Path dir;

  private final FakeCluster cluster;

  RefusalsTest() throws Exception {
    cluster = new FakeCluster();
  }

  @BeforeEach
  void config() throws Exception {
    Files.writeString(dir.resolve(KUBECONFIG), cluster.kubeconfig());
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"install", "install --crds", "upgrade", "upgrade --crds"})
  void anOldClusterIsRefused(String command) throws Exception {
    installed();
    cluster.version("v1.24.17");
    refused(command).isEqualTo("Kubernetes v1.24.17 is too old: Selvage needs 1.25 or newer.\n");
    Ran before = mesh("check --pre");
    assertThat(before.code()).isEqualTo(1);
    assertThat(before.out()).contains("the cluster runs v1.24.17");
  }

  @Test
  void theOldestClusterThatWillDoIsNot() throws Exception {
    customResources();
    cluster.version("v1.25.0");
    assertThat(mesh("install").code()).isZero();
  }

  @Test
  void whoMayNotCreateIsTold() throws Exception {
    customResources();
    cluster.allowed(false);
    refused("install").startsWith("You may not create ").contains("administrator");
    refused("install --crds").startsWith("You may not create customresourcedefinitions");
  }

  @ParameterizedTest
  @ValueSource(strings = {"install", "upgrade", "uninstall", "prune"})
  void whoMayNotReadIsTold(String command) throws Exception {
    installed();
    cluster.forbid("configmaps");
    refused(command).startsWith("You may not do that on this cluster: ").contains("forbidden");
  }

  @Test
  void aSecondInstallationIsRefused() throws Exception {
    installed();
    refused("install").contains("is installed in the namespace selvage already");
    refused("install -n other").contains("is installed in the namespace selvage already");
  }

  @Test
  void aHalfDeletedInstallationIsNamed() throws Exception {
    installed();
    cluster.remove("ConfigMap", MeshKinds.CONFIG);
    refused("install").startsWith("Parts of an earlier installation are left (");
    refused("upgrade").contains("is half deleted");
    Ran check = mesh("check --wait 0s");
    assertThat(check.code()).isEqualTo(1);
    assertThat(check.out()).contains("there is no ConfigMap selvage-config");
  }

  @Test
  void anotherNamespaceStandsInWhatIsToBeDone() throws Exception {
    customResources();
    cluster.add(
        Files.readString(Rendered.ROOT.resolve("charts/golden/default.yaml"))
            .replace("createNamespace: false", "createNamespace: true")
            .replace("namespace: \"selvage\"", "namespace: mesh-system"));
    refused("install -n mesh-system")
        .contains("`mesh upgrade -n mesh-system`")
        .contains("`mesh uninstall -n mesh-system`");
    cluster.remove("ConfigMap", MeshKinds.CONFIG);
    String removal = "`mesh uninstall -n mesh-system | kubectl delete -f -`";
    refused("install -n mesh-system").contains(removal);
    refused("upgrade -n mesh-system").contains(removal);
  }

  @Test
  void aWebhookThatIsLeftAloneIsNamed() throws Exception {
    installed();
    for (ObjectNode object : cluster.all()) {
      String kind = object.path("kind").asText();
      if (!kind.equals("MutatingWebhookConfiguration")
          && !kind.equals("CustomResourceDefinition")) {
        cluster.remove(kind, object.at("/metadata/name").asText());
      }
    }
    refused("install").contains("(mutatingwebhookconfiguration/selvage-injector)");
  }

  @Test
  void aWebhookWhoseServiceIsGoneIsFound() throws Exception {
    installed();
    cluster.remove("Service", MeshKinds.INJECTOR);
    Ran check = mesh("check --wait 0s -o short");
    assertThat(check.code()).isEqualTo(1);
    assertThat(check.out())
        .contains("the Service selvage/selvage-injector is gone")
        .contains("`mesh upgrade | kubectl apply -f -` makes the Service anew");
    Ran upgrade = mesh("upgrade");
    assertThat(upgrade.code()).as(upgrade.err()).isZero();
    assertThat(upgrade.err()).contains("new      service/selvage-injector");
  }

  @Test
  void aCustomResourceThatIsMissingIsNamed() throws Exception {
    customResources();
    cluster.remove("CustomResourceDefinition", "mappings.getambassador.io");
    String sentence = "The cluster does not serve the custom resources mappings.getambassador.io:";
    refused("install").startsWith(sentence);
    installation();
    refused("upgrade").startsWith(sentence);
  }

  /** What comes before a kind that is not served would be made, and the rest not. */
  @Test
  void aKindOfTheOperatorsThatIsMissingIsNamed() throws Exception {
    customResources();
    String wanted = " --set monitoring.podMonitors.enabled=true";
    String sentence = "The cluster does not serve podmonitors.monitoring.coreos.com, ";
    refused("install" + wanted).startsWith(sentence).contains("install the Prometheus operator");
    installation();
    refused("upgrade" + wanted).startsWith(sentence);
    for (ObjectNode object : cluster.all()) {
      if (!object.path("kind").asText().equals("CustomResourceDefinition")) {
        cluster.remove(object.path("kind").asText(), object.at("/metadata/name").asText());
      }
    }
    cluster.add(
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: podmonitors.monitoring.coreos.com}
        spec: {group: monitoring.coreos.com, names: {plural: podmonitors}}
        """);
    Ran well = mesh("install" + wanted);
    assertThat(well.code()).as(well.err()).isZero();
    assertThat(well.out()).contains("kind: PodMonitor");
  }

  @Test
  void anIssuerThatHasEndedIsRefused() throws Exception {
    Instant now = Instant.now();
    Instant begin = now.minus(Duration.ofDays(400));
    installed();
    trust(CertificateAuthorities.create("cluster.local", begin, Duration.ofDays(365)));
    refused("upgrade")
        .startsWith("The issuer in the Secret selvage/selvage-identity-issuer ended ")
        .contains("`mesh check`");
    trust(
        CertificateAuthorities.create(
            "cluster.local", now.plus(Duration.ofDays(1)), Duration.ofDays(365)));
    refused("upgrade").contains("selvage-identity-issuer begins ");
    trust(CertificateAuthorities.create("cluster.local", now, Duration.ofDays(1)));
    Ran well = mesh("upgrade");
    assertThat(well.code()).as(well.err()).isZero();
  }

  @Test
  void anIssuerOfSomebodyElseMustBeOne() throws Exception {
    customResources();
    String external = "install --set identity.external=true";
    refused(external).contains("there is no Secret selvage-identity-issuer and no ConfigMap");
    trust(
        CertificateAuthorities.create(
            "cluster.local", Instant.now().minus(Duration.ofDays(400)), Duration.ofDays(365)));
    refused(external).contains("selvage-identity-issuer ended ");
    issuer("bm90aGluZw==", "");
    refused(external).contains("selvage-identity-issuer is no certificate");
    issuer("%%", "");
    refused(external).contains("selvage-identity-issuer cannot be read");
    trust(CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365)));
    assertThat(mesh(external).code()).isZero();
    refused("install").contains("already: keep it with --set identity.external=true");
  }

  /** Argo CD, or `helm template`: nobody knows what was chosen, only what came of it. */
  @ParameterizedTest
  @ValueSource(strings = {"upgrade", "prune"})
  void whatAnotherToolHasRenderedIsLeftToIt(String command) throws Exception {
    installed();
    ObjectNode data = cluster.get("ConfigMap", MeshKinds.CONFIG).withObject("/data");
    data.put(
        "values",
        data.path("values").asText().replace("createNamespace: true", "createNamespace: false"));
    refused(command).contains("rendered by another tool").contains("change it there");
    Ran uninstall = mesh("uninstall");
    assertThat(uninstall.code()).isZero();
    assertThat(uninstall.err()).contains("rendered by another tool").contains("remove it there");
  }

  @Test
  void anotherTrustDomainIsRefusedWhilePodsBelieveInThisOne() throws Exception {
    installed();
    String other = "upgrade --set trustDomain=other.example";
    assertThat(mesh(other).code()).isZero();
    meshedPod("shop", "web-1");
    refused(other)
        .contains("cannot become other.example while 1 pod carries a sidecar")
        .contains("cluster.local");
    assertThat(mesh("upgrade --set trustDomain=cluster.local").code()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"upgrade", "upgrade --crds"})
  void anInstallationThatIsNewerIsLeftAlone(String command) throws Exception {
    installed();
    cluster.get("ConfigMap", MeshKinds.CONFIG).withObject("/data").put("version", "99.0.0");
    refused(command).contains("is of version 99.0.0").contains("--allow-downgrade");
    assertThat(mesh(command + " --allow-downgrade").code()).isZero();
    cluster.get("ConfigMap", MeshKinds.CONFIG).withObject("/data").put("version", "0.0.1");
    assertThat(mesh(command).code()).isZero();
  }

  /** A number that was applied once and is left out then is set to one by an API server. */
  @ParameterizedTest
  @ValueSource(strings = {"gateway.autoscaling.enabled=true", "gateway.replicas=null"})
  void whoScalesFindsWhatThereIs(String set) throws Exception {
    installed();
    cluster.get("Deployment", "selvage-gateway").withObject("/spec").put("replicas", 7);
    Ran ran = mesh("upgrade --set " + set);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.err()).doesNotContain("spec.replicas");
    assertThat(ran.out()).contains("\n  replicas: 7\n");
  }

  @Test
  void whatAnUpgradeTakesAwayAndWhatItLeavesIsSaid() throws Exception {
    installed();
    ObjectNode gateway = cluster.get("Deployment", "selvage-gateway");
    gateway.withObject("/spec").put("paused", true);
    gateway
        .withObject("/metadata/annotations")
        .put("kubectl.kubernetes.io/last-applied-configuration", gateway.toString());
    cluster.add(
        """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: selvage-gateway, namespace: selvage, labels: {selvage.io/control-plane-component: gateway}}
        """);
    Ran ran = mesh("upgrade");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.err())
        .contains("changed  deployment/selvage-gateway")
        .contains("spec.paused: true -> nothing")
        .contains("left     poddisruptionbudget/selvage-gateway")
        .contains("`mesh prune | kubectl delete -f -`");
    assertThat(mesh("prune").out()).contains("PodDisruptionBudget");
  }

  @ParameterizedTest
  @ValueSource(strings = {"default", "kube-system", "kube-public"})
  void aNamespaceOfTheClustersIsNotTaken(String namespace) throws Exception {
    customResources();
    String install = "install -n " + namespace;
    refused(install).startsWith("The namespace " + namespace + " is the cluster's own");
    refused(install + " --ignore-cluster").contains("is the cluster's own");
  }

  @Test
  void aNamespaceWithPodsOfOthersIsNotTaken() throws Exception {
    customResources();
    cluster.add(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        """);
    assertThat(mesh("install -n shop").code()).isZero();
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, namespace: shop}
        """);
    refused("install -n shop").contains("holds pods of others (pod/web-1)");
  }

  /** What is not rendered is not asked for, and what is rendered is. */
  @Test
  void aRightIsAskedForWhereItIsNeeded() throws Exception {
    customResources();
    cluster.allowedIf(right ->
        !right.path("resource").asText().equals("poddisruptionbudgets")
            && !right.path("resource").asText().equals("horizontalpodautoscalers"));
    assertThat(mesh("install").code()).isZero();
    refused("install --ha").startsWith("You may not create poddisruptionbudgets.policy");
    refused("install --set gateway.autoscaling.enabled=true")
        .startsWith("You may not create horizontalpodautoscalers.autoscaling");
    cluster.allowedIf(right -> !right.path("resource").asText().equals("namespaces"));
    refused("install").startsWith("You may not create namespaces,");
    installation();
    refused("upgrade").startsWith("You may not create namespaces,");
  }

  @Test
  void anUpgradeAsksForTheRightsThatItNeeds() throws Exception {
    installed();
    apply(mesh("upgrade").out());
    cluster.allowedIf(right -> !right.path("verb").asText().equals("patch"));
    Ran nothing = mesh("upgrade");
    assertThat(nothing.code()).as(nothing.err()).isZero();
    refused("upgrade --set logLevel=DEBUG").startsWith("You may not patch ");
    cluster.allowedIf(right -> right.path("verb").asText().equals("patch"));
    assertThat(mesh("upgrade --set logLevel=DEBUG").code()).isZero();
    refused("upgrade --set gateway.publish.service=false")
        .startsWith("You may not hand out rights");
  }

  @Test
  void whatPodsNeedIsNotPruned() throws Exception {
    installed();
    apply(mesh("upgrade --set injector.enabled=false").out());
    meshedPod("shop", "web-1");
    Ran ran = mesh("prune");
    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("Please uninject the following pods before taking away selvage-injector")
        .contains("\t* shop/web-1");
    assertThat(mesh("prune --force").out()).contains("MutatingWebhookConfiguration");
  }

  /** What the processes made goes with the part that made it, and not before. */
  @Test
  void whatAPartHasMadeIsPrunedWithIt() throws Exception {
    installed();
    apply(mesh("upgrade").out());
    for (String made :
        List.of(
            "{apiVersion: v1, kind: Secret, metadata: {name: selvage-injector-tls, namespace:"
                + " selvage}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: selvage-trust-roots, namespace:"
                + " shop, labels: {app.kubernetes.io/managed-by: selvage}}}",
            "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name:"
                + " selvage-gateway-leader, namespace: selvage}}")) {
      cluster.add(made);
    }
    Ran nothing = mesh("prune");
    assertThat(nothing.err()).contains("Nothing is left over.");
    assertThat(HelmEngine.objects(nothing.out()))
        .singleElement()
        .satisfies(list -> {
          assertThat(list.path("kind").asText()).isEqualTo("List");
          assertThat(list.path("items")).isEmpty();
        });
    apply(mesh("upgrade --set injector.enabled=false").out());
    assertThat(names(mesh("prune").out()))
        .contains("Secret selvage/selvage-injector-tls", "ConfigMap shop/selvage-trust-roots")
        .doesNotContain(
            "Lease selvage/selvage-gateway-leader",
            "ConfigMap selvage/selvage-trust-roots",
            "Secret selvage/selvage-identity-issuer");
    apply(mesh("upgrade --set gateway.enabled=false").out());
    assertThat(names(mesh("prune").out())).contains("Lease selvage/selvage-gateway-leader");
  }

  @Test
  void whoAsksForSidecarsIsSaid() throws Exception {
    installed();
    meshedPod("shop", "web-1");
    cluster.add(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, annotations: {selvage.io/inject: enabled}}
        """);
    assertThat(mesh("uninstall").err())
        .contains("\t* shop/web-1")
        .contains("`kubectl annotate namespace shop selvage.io/inject-`")
        .contains("`kubectl rollout restart -n shop deployment,statefulset,daemonset`");
    cluster.get("Namespace", "shop").withObject("/metadata").remove("annotations");
    assertThat(mesh("uninstall").err()).doesNotContain("annotate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Role", "ServiceAccount", "PodDisruptionBudget", "Job", "Widget"})
  void aNamespaceWithAnythingOfOthersStays(String kind) throws Exception {
    installed();
    cluster.add(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: selvage, labels: {selvage.io/control-plane-component: install, team: a}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: selvage}}
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt, namespace: selvage}}
        ---
        {apiVersion: v1, kind: Event, metadata: {name: e, namespace: selvage}}
        ---
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: owned, namespace: selvage, ownerReferences: [{kind: Deployment, name: x}]}
        """);
    assertThat(names(mesh("uninstall").out())).contains("Namespace /selvage");
    cluster.add(
        "{apiVersion: example.com/v1, kind: %s, metadata: {name: theirs, namespace: selvage}}"
            .formatted(kind));
    Ran ran = mesh("uninstall");
    assertThat(names(ran.out())).doesNotContain("Namespace /selvage");
    assertThat(ran.err())
        .contains("the namespace selvage stays")
        .contains(kind.toLowerCase(java.util.Locale.ROOT) + "/theirs")
        .contains("`kubectl label namespace selvage selvage.io/control-plane-component-`");
  }

  @Test
  void aNamespaceThatCannotBeSeenWholeStays() throws Exception {
    installed();
    cluster.add(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: selvage, labels: {selvage.io/control-plane-component: install}}
        ---
        {apiVersion: example.com/v1, kind: Widget, metadata: {name: theirs, namespace: selvage}}
        """);
    cluster.forbid("widgets");
    Ran ran = mesh("uninstall");
    assertThat(ran.code()).isZero();
    assertThat(names(ran.out())).doesNotContain("Namespace /selvage");
    assertThat(ran.err()).contains("not all that is in it can be seen");
  }

  /** minikube and MicroK8s have ports of their own. */
  @Test
  void theApiServersOwnPortIsOpened() throws Exception {
    customResources();
    String slice =
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: kubernetes, namespace: default}
        ports: [{name: https, port: %d}]
        """;
    cluster.add(slice.formatted(6443));
    String port = "- {protocol: TCP, port: 16443}";
    assertThat(mesh("install").out()).contains("port: 6443}").doesNotContain(port);
    cluster.add(slice.formatted(16443));
    assertThat(mesh("install").out()).contains("port: 6443}").contains(port);
    String chosen = " --set networkPolicies.apiServer.ports={7443}";
    assertThat(mesh("install" + chosen).out()).contains("port: 7443}").doesNotContain(port);
    installation();
    assertThat(mesh("upgrade").out()).contains(port);
    cluster.allowedIf(right -> !right.path("resource").asText().equals("endpointslices"));
    assertThat(mesh("upgrade").out()).doesNotContain(port);
  }

  @Test
  void withoutAClusterSomebodySaysItsVersion() {
    Ran unsaid = mesh("install --ignore-cluster");
    assertThat(unsaid.code()).isZero();
    assertThat(unsaid.err()).contains("rendered for Kubernetes " + HelmEngine.KUBERNETES);
    Ran said = mesh("install --ignore-cluster --kubernetes-version 1.28.4");
    assertThat(said.code()).isZero();
    assertThat(said.err()).isEmpty();
    assertThat(said.out()).contains("--classic-sidecar");
    assertThat(unsaid.out()).doesNotContain("--classic-sidecar");
    refused("install --ignore-cluster --kubernetes-version 1.24.0").contains("1.25");
    Ran wrong = mesh("install --ignore-cluster --kubernetes-version new");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(mesh("install --kubernetes-version 1.30.0").code()).isEqualTo(2);
  }

  /** What an API server would make of it. */
  private void apply(String text) throws Exception {
    for (ObjectNode object : HelmEngine.objects(text)) {
      cluster.add(object);
    }
  }

  private void meshedPod(String namespace, String name) {
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: %s, labels: {selvage.io/control-plane-ns: selvage}}
        """
            .formatted(name, namespace));
  }

  /** {@code KIND NAMESPACE/NAME}. */
  private static List<String> names(String text) throws Exception {
    return HelmEngine.objects(text).stream()
        .map(object ->
            object.path("kind").asText()
                + " "
                + object.at("/metadata/namespace").asText()
                + "/"
                + object.at("/metadata/name").asText())
        .toList();
  }

  /** What was said; standard output is empty, one line was said, and nothing was changed. */
  private org.assertj.core.api.AbstractStringAssert<?> refused(String command) {
    Ran ran = mesh(command);
    assertThat(ran.code()).as("%s", ran).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err().lines()).hasSize(1);
    assertThat(cluster.writes()).isEmpty();
    return assertThat(ran.err());
  }

  private Ran mesh(String command) {
    var out = new StringWriter();
    var err = new StringWriter();
    System.setProperty(KUBECONFIG, dir.resolve(KUBECONFIG).toString());
    try {
      int code =
          Main.run(new PrintWriter(out, true), new PrintWriter(err, true), command.split(" "));
      return new Ran(code, out.toString(), err.toString());
    } finally {
      System.clearProperty(KUBECONFIG);
    }
  }

  private record Ran(int code, String out, String err) {}

  private void installed() throws Exception {
    customResources();
    installation();
  }

  private void customResources() throws Exception {
    for (ObjectNode crd : Expected.customResources("selvage")) {
      cluster.add(crd);
    }
  }

  private void installation() throws Exception {
    // As `mesh install` makes it.
    cluster.add(
        Files.readString(Rendered.ROOT.resolve("charts/golden/default.yaml"))
            .replace("createNamespace: false", "createNamespace: true"));
    trust(CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365)));
  }

  private void trust(CertificateAuthorities.Created made) {
    issuer(base64(made.issuerPem()), base64(made.issuerKeyPem()));
    cluster.add(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-trust-roots, namespace: selvage}
        """);
    cluster
        .get("ConfigMap", MeshKinds.TRUST_ROOTS)
        .withObject("/data")
        .put("ca-bundle.crt", made.bundle().pem());
  }

  private void issuer(String certificate, String key) {
    cluster.add(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: selvage-identity-issuer, namespace: selvage}
        data: {tls.crt: "%s", tls.key: "%s"}
        """
            .formatted(certificate, key));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
