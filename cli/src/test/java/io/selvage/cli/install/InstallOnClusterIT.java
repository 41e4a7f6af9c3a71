// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClassBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.cli.Main;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.kube.api.NamedObjects.Type;
import io.selvage.testkit.KubeApiServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The life of an installation on a real kube-apiserver, in order: refused while something is
 * missing, installed, run with exactly its rights, refused a second time, upgraded, pruned,
 * uninstalled. Skipped where {@code KUBE_BIN} names no such server.
 */
@TestMethodOrder(OrderAnnotation.class)
class InstallOnClusterIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir static Path dir;

  private static KubeApiServer kube;
  private static KubernetesClient admin;

  @BeforeAll
  static void start() throws Exception {
    kube = KubeApiServer.startOrSkip(dir.resolve("kube"));
    admin =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kube.kubeconfig().toFile()))
            .build();
    admin
        .resource(new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build())
        .create();
  }

  @AfterAll
  static void stop() {
    if (kube != null) {
      admin.close();
      kube.close();
    }
  }

  @Test
  @Order(1)
  void withoutTheCustomResourcesItIsRefused() throws Exception {
    assertThat(refused("install"))
        .contains("does not serve the custom resources")
        .contains("mesh install --crds | kubectl apply -f -");
  }

  @Test
  @Order(2)
  void somebodyWithoutRightsIsToldWhichAreMissing() throws Exception {
    Path nobody = kubeconfig("nobody", accountToken("shop", "nobody"));
    for (List<String> command : List.of(List.of("install"), List.of("install", "--crds"))) {
      Mesh ran = mesh(nobody, command);
      assertThat(ran.code()).isEqualTo(1);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err()).startsWith("You may not create ").contains("administrator");
      assertThat(ran.err().lines()).hasSize(1);
    }
  }

  @Test
  @Order(3)
  void aClusterThatIsAwayIsNamed() throws Exception {
    Path away =
        Files.writeString(
            dir.resolve("away"),
            Files.readString(kube.kubeconfig()).replace(kube.url(), "https://127.0.0.1:1"));

    Mesh ran = mesh(away, List.of("install"));

    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("Cannot connect to Kubernetes at https://127.0.0.1:1")
        .contains("connection refused");
    assertThat(mesh(away, List.of("install", "--ignore-cluster")).code()).isZero();
  }

  @Test
  @Order(4)
  void somebodyElsesIngressClassStays() throws Exception {
    assertThat(ok("check", "--pre")).contains("Status check results are \u221a");
    Mesh nobody = mesh(dir.resolve("kubeconfig-nobody"), List.of("check", "--pre", "-o", "short"));
    assertThat(nobody.code()).isEqualTo(1);
    assertThat(nobody.out()).contains("can create ClusterRoles").contains("you may not create");
    apply(ok("install", "--crds"));
    await().atMost(LIMIT).ignoreExceptions().until(() -> mesh("install").code() == 0);
    var emissary =
        new IngressClassBuilder()
            .withNewMetadata()
            .withName("ambassador")
            .endMetadata()
            .withNewSpec()
            .withController("getambassador.io/ingress-controller")
            .endSpec()
            .build();
    admin.resource(emissary).create();
    try {
      Mesh ran = mesh("install");
      assertThat(ran.code()).isZero();
      assertThat(ran.err()).contains("IngressClass ambassador is somebody else's");
      assertThat(names(ran.out(), "IngressClass")).containsExactly("selvage");
    } finally {
      admin.resource(emissary).delete();
    }
  }

  @Test
  @Order(5)
  void everyRenderingIsTakenByTheApiServer() throws Exception {
    // A namespace first, since nothing can be tried in one that is not there.
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName("selvage").endMetadata().build())
        .create();
    // Of the Prometheus operator no more than what tells a kind that is served.
    apply(POD_MONITORS);
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> admin.getApiResources(MeshKinds.MONITORING + "/v1") != null);
    List<Path> golden;
    try (var files = Files.list(Rendered.ROOT.resolve("charts/golden"))) {
      golden = files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
    }
    assertThat(golden).hasSizeGreaterThanOrEqualTo(5);
    for (Path file : golden) {
      for (HasMetadata object : load(Files.readString(file))) {
        try {
          admin.resource(object).dryRun().serverSideApply();
        } catch (io.fabric8.kubernetes.client.KubernetesClientException e) {
          throw new AssertionError(file + ": " + MeshKinds.reference(json(object)), e);
        }
      }
    }
    delete(POD_MONITORS);
  }

  /** As strict as the operator's own about the fields that we write. */
  private static final String POD_MONITORS =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: podmonitors.monitoring.coreos.com}
      spec:
        group: monitoring.coreos.com
        scope: Namespaced
        names: {kind: PodMonitor, listKind: PodMonitorList, plural: podmonitors, singular: podmonitor}
        versions:
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              required: [spec]
              properties:
                spec:
                  type: object
                  required: [selector]
                  properties:
                    namespaceSelector:
                      type: object
                      properties: {any: {type: boolean}}
                    selector: {type: object, x-kubernetes-preserve-unknown-fields: true}
                    podMetricsEndpoints:
                      type: array
                      items:
                        type: object
                        properties:
                          port: {type: string}
                          path: {type: string}
                          interval: {type: string, pattern: "^[0-9]+(ms|s|m|h)$"}
                          relabelings:
                            type: array
                            items:
                              type: object
                              properties:
                                sourceLabels: {type: array, items: {type: string}}
                                targetLabel: {type: string}
      """;

  private static com.fasterxml.jackson.databind.JsonNode json(HasMetadata object) {
    return new com.fasterxml.jackson.databind.ObjectMapper().valueToTree(object);
  }

  @Test
  @Order(6)
  void theCustomResourcesRefuseWhatCannotBeMeant() {
    assertThatThrownBy(() ->
            apply(
                """
                apiVersion: getambassador.io/v3alpha1
                kind: Listener
                metadata: {name: mute, namespace: shop}
                spec: {port: 80, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
                """))
        .hasMessageContaining("a Listener needs a protocol or a protocolStack");
    for (String balancer :
        List.of("{policy: ring_hash}", "{policy: maglev, header: a, source_ip: true}")) {
      assertThatThrownBy(() -> apply(balanced(balancer)))
          .hasMessageContaining("exactly one of cookie, header and source_ip");
    }
    for (String kind : List.of("Host", "TLSContext")) {
      for (String version : List.of("v2", "v3alpha1")) {
        for (Map.Entry<String, String> wrong : CONTRADICTIONS.get(kind).entrySet()) {
          assertThatThrownBy(() -> apply(emissary(version, kind, wrong.getKey())))
              .hasMessageContaining(wrong.getValue());
        }
        for (String right : TAKEN.get(kind)) {
          apply(emissary(version, kind, right));
          admin
              .genericKubernetesResources("getambassador.io/" + version, kind)
              .inNamespace("shop")
              .delete();
        }
      }
    }
    apply(balanced("{policy: ring_hash, header: a}"));
    apply(balanced("{policy: round_robin}"));
    admin
        .genericKubernetesResources("getambassador.io/v3alpha1", "Mapping")
        .inNamespace("shop")
        .delete();
  }

  /** What Emissary does not take either, and why. */
  private static final Map<String, Map<String, String>> CONTRADICTIONS =
      Map.of(
          "Host",
          Map.of(
              "{hostname: a, tlsSecret: {name: s}, tls: {sni: a}, tlsContext: {name: c}}",
              "tls and tlsContext exclude each other"),
          "TLSContext",
          Map.of(
              "{secret: s, cert_chain_file: /c, private_key_file: /k}",
              "secret and cert_chain_file exclude each other",
              "{cert_chain_file: /c}",
              "cert_chain_file needs a private_key_file"));

  /** What looks alike and is taken. */
  private static final Map<String, List<String>> TAKEN =
      Map.of(
          "Host",
          List.of(
              "{hostname: a, tls: {sni: a}, tlsContext: {name: c}}",
              "{hostname: a, tlsSecret: {name: s}, tls: {sni: a}}",
              "{hostname: a, tlsSecret: {name: s}, tlsContext: {name: c}}"),
          "TLSContext",
          List.of(
              "{secret: s, cert_chain_file: ''}",
              "{secret: s, private_key_file: /k}",
              "{cert_chain_file: /c, private_key_file: /k}",
              "{alpn_protocols: h2}"));

  private static String emissary(String version, String kind, String spec) {
    return """
    apiVersion: getambassador.io/%s
    kind: %s
    metadata: {name: tried, namespace: shop}
    spec: %s
    """
        .formatted(version, kind, spec);
  }

  private static String balanced(String balancer) {
    return """
    apiVersion: getambassador.io/v3alpha1
    kind: Mapping
    metadata: {name: balanced, namespace: shop}
    spec: {hostname: "*", prefix: /a/, service: a, load_balancer: %s}
    """
        .formatted(balancer);
  }

  @Test
  @Order(7)
  void installs() throws Exception {
    String text = ok("install", "--set", "gateway.service.type=NodePort");
    apply(text);

    assertThat(names(text, "IngressClass")).containsExactlyInAnyOrder("ambassador", "selvage");
    assertThat(names(text, "Deployment"))
        .containsExactlyInAnyOrder("control-plane", "selvage-gateway", "selvage-injector");
    assertThat(text).contains("kind: Namespace");
    assertThat(data(secret())).containsKeys("tls.crt", "tls.key");
    assertThat(roots()).contains("BEGIN CERTIFICATE");
    // Each rendering is another mesh.
    assertThat(ok("install", "--ignore-cluster")).isNotEqualTo(ok("install", "--ignore-cluster"));
  }

  @Test
  @Order(8)
  void aSecondTimeIsRefused() throws Exception {
    assertThat(refused("install")).contains("is installed in the namespace selvage already");

    assertThat(refused("install", "-n", "shop"))
        .contains("installed in the namespace selvage already");
  }

  @Test
  @Order(9)
  void uninstallWaitsForThePods() throws Exception {
    Pod meshed = pod("shop", "web-1", "Running");
    Pod done = pod("shop", "job-1", "Succeeded");

    Mesh ran = mesh("uninstall");

    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("uninject the following pods").contains("\t* shop/web-1");
    assertThat(ran.err()).doesNotContain("job-1");
    assertThat(mesh("uninstall", "--force").code()).isZero();
    assertAViewerIsToldWhatHeMayNot();
    admin.resource(meshed).withGracePeriod(0).delete();
    admin.resource(done).withGracePeriod(0).delete();
  }

  /** Who may look at all but Secrets, and open no ports of pods. */
  private static void assertAViewerIsToldWhatHeMayNot() throws Exception {
    String token = accountToken("shop", "viewer");
    admin
        .resource(
            new ClusterRoleBuilder()
                .withNewMetadata()
                .withName("viewer")
                .endMetadata()
                .addNewRule()
                .withApiGroups("")
                .withResources("pods", "configmaps", "services", "serviceaccounts", "namespaces")
                .withVerbs("get", "list")
                .endRule()
                .addNewRule()
                .withApiGroups(
                    "apps",
                    "rbac.authorization.k8s.io",
                    "admissionregistration.k8s.io",
                    "apiextensions.k8s.io",
                    "discovery.k8s.io",
                    "networking.k8s.io",
                    "getambassador.io")
                .withResources("*")
                .withVerbs("get", "list")
                .endRule()
                .build())
        .create();
    admin
        .resource(
            new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName("viewer")
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "viewer")
                .addNewSubject(null, "ServiceAccount", "viewer", "shop")
                .build())
        .create();
    Mesh check =
        mesh(
            kubeconfig("viewer", token),
            List.of("check", "--proxy", "--wait", "0s", "-o", "short"));
    assertThat(check.out())
        .containsPattern("you may not see it: .*secrets")
        .contains(
            "asking pod shop/web-1: your account may not create pods/portforward in the namespace"
                + " shop: it takes a Role in shop");
  }

  @Test
  @Order(10)
  void itsAccountsMayDoAllThatItsProcessesDo() throws Exception {
    String issued = data(secret()).get("tls.crt");
    try (Running control =
        new Running(
            "control-plane",
            kubeconfig("control-plane", accountToken("selvage", "control-plane")),
            "control-plane",
            "--kubernetes",
            "--address=127.0.0.1",
            "--port=0",
            "--gateway-identity=selvage/selvage-gateway",
            "--api-port=0",
            "--admin-port=0")) {
      String ready = control.awaitLine("ready grpc=");
      String grpc = ready.replaceAll("(?s).*grpc=(\\d+).*", "$1");
      assertThat(data(secret()).get("tls.crt")).as("the installed issuer").isEqualTo(issued);

      Path token = Files.writeString(dir.resolve("token"), boundToken("selvage-gateway"));
      Path anchors = Files.writeString(dir.resolve("anchors"), roots());
      try (Running gateway =
          new Running(
              "gateway",
              kubeconfig("gateway", accountToken("selvage", "selvage-gateway")),
              "gateway",
              "--kubernetes",
              "--address=127.0.0.1",
              "--http-port=0",
              "--https-port=0",
              "--admin-port=0",
              "--access-log=off",
              "--gateway-namespace=selvage",
              "--publish-service=selvage/selvage-gateway",
              "--drain-lame-duck=0s",
              "--control-plane=127.0.0.1:" + grpc,
              "--token-file=" + token,
              "--trust-anchors=" + anchors)) {
        // Ready takes a certificate and the directory of meshed pods.
        gateway.awaitLine("ready ");
        assertThat(gateway.log()).doesNotContain("forbidden");
      }
      assertThat(control.log()).doesNotContain("forbidden");
    }
    assertTheControlPlaneMayNothingElse();
    assertTheInjectorMayNothingElse();
    admin.pods().inNamespace("selvage").withName("selvage-gateway-1").withGracePeriod(0).delete();
    assertThat(
            admin.v1().events().inNamespace("selvage").list().getItems().stream()
                .map(event -> event.getReason())
                .collect(Collectors.toSet()))
        .contains("IssuedLeafCertificate");
  }

  private static void assertTheControlPlaneMayNothingElse() throws Exception {
    try (KubernetesClient account = as("control-plane")) {
      assertForbidden(() -> account.secrets().inAnyNamespace().list());
      assertForbidden(() -> account.secrets().inNamespace("selvage").list());
      assertForbidden(() -> account.secrets().inNamespace("selvage").withName("other").get());
      assertForbidden(
          () -> account.secrets().inNamespace("shop").withName("selvage-identity-issuer").get());
      assertForbidden(() ->
          account.secrets().inNamespace("selvage").withName("selvage-identity-issuer").delete());
      assertForbidden(() -> account.configMaps().inAnyNamespace().list());
      assertForbidden(() -> account.configMaps().inNamespace("selvage").withName("other").get());
      assertForbidden(
          () -> account.configMaps().inNamespace("shop").withName("selvage-trust-roots").get());
      assertForbidden(() -> account.pods().inNamespace("shop").withName("x").get());
      assertForbidden(() -> account.pods().inNamespace("shop").withName("x").delete());
      assertForbidden(() -> account.namespaces().withName("shop").delete());
      assertForbidden(() -> account.apps().deployments().inNamespace("selvage").list());
      assertForbidden(() -> account.network().v1().ingresses().inAnyNamespace().list());
      assertForbidden(() -> account.rbac().clusterRoles().list());
      assertForbidden(
          () -> account.admissionRegistration().v1().mutatingWebhookConfigurations().list());
      assertForbidden(() -> account.v1().events().inNamespace("shop").list());
      assertForbidden(() ->
          account
              .serviceAccounts()
              .inNamespace("selvage")
              .withName("control-plane")
              .tokenRequest(new TokenRequestBuilder().withNewSpec().endSpec().build()));
    }
  }

  private static void assertTheInjectorMayNothingElse() throws Exception {
    try (KubernetesClient account = as("selvage-injector")) {
      assertForbidden(() -> account.pods().inAnyNamespace().list());
      assertForbidden(() -> account.pods().inNamespace("shop").withName("x").get());
      assertForbidden(() -> account.secrets().inAnyNamespace().list());
      assertForbidden(() -> account.secrets().inNamespace("selvage").list());
      assertForbidden(
          () -> account.secrets().inNamespace("selvage").withName("selvage-identity-issuer").get());
      assertForbidden(
          () -> account.secrets().inNamespace("shop").withName("selvage-injector-tls").get());
      assertForbidden(
          () -> account.secrets().inNamespace("selvage").withName("selvage-injector-tls").delete());
      assertForbidden(() -> account.configMaps().inAnyNamespace().list());
      assertForbidden(() -> account.configMaps().inNamespace("selvage").withName("other").get());
      assertForbidden(
          () -> account.configMaps().inNamespace("shop").withName("selvage-trust-roots").delete());
      assertForbidden(() -> account.namespaces().withName("shop").delete());
      assertForbidden(() -> account.apps().replicaSets().inAnyNamespace().list());
      assertForbidden(() -> account.batch().v1().jobs().inAnyNamespace().list());
      assertForbidden(() -> account.services().inAnyNamespace().list());
      assertForbidden(
          () -> account.admissionRegistration().v1().mutatingWebhookConfigurations().list());
      assertForbidden(() ->
          account
              .admissionRegistration()
              .v1()
              .mutatingWebhookConfigurations()
              .withName("other")
              .get());
      assertForbidden(() ->
          account
              .admissionRegistration()
              .v1()
              .mutatingWebhookConfigurations()
              .withName("selvage-injector")
              .delete());
      assertForbidden(() -> account.rbac().clusterRoles().list());
      assertForbidden(() -> account.v1().events().inNamespace("shop").list());
    }
  }

  private static KubernetesClient as(String account) throws Exception {
    Path config = kubeconfig(account + "-asked", accountToken("selvage", account));
    return new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(config.toFile())).build();
  }

  private static void assertForbidden(java.util.concurrent.Callable<?> call) {
    assertThatThrownBy(call::call)
        .isInstanceOfSatisfying(
            io.fabric8.kubernetes.client.KubernetesClientException.class,
            e -> assertThat(e.getCode()).isEqualTo(403));
  }

  @Test
  @Order(11)
  void anUpgradeKeepsTheTrustMaterialAndSaysWhatChanges() throws Exception {
    String issuer = data(secret()).get("tls.crt");
    String roots = roots();

    Mesh nothing = mesh("upgrade");
    assertThat(nothing.code()).as(nothing.err()).isZero();
    assertThat(nothing.err()).doesNotContain("changed").doesNotContain("new ");
    assertThat(names(nothing.out(), "Secret")).isEmpty();
    assertThat(nothing.out()).contains("type: NodePort");

    Mesh ran = mesh("upgrade", "--set", "gateway.replicas=2,injector.failurePolicy=Fail");
    assertThat(ran.err())
        .contains("changed  deployment/selvage-gateway")
        .contains("spec.replicas: 1 -> 2")
        .contains("changed  mutatingwebhookconfiguration/selvage-injector")
        .contains("webhooks[injector.selvage.io].failurePolicy: Ignore -> Fail");
    apply(ran.out());
    assertThat(data(secret()).get("tls.crt")).isEqualTo(issuer);
    assertThat(roots()).isEqualTo(roots);

    // What was chosen once is chosen still.
    assertThat(ok("upgrade")).contains("replicas: 2").contains("type: NodePort");
  }

  @Test
  @Order(12)
  void anUpgradeWithoutTrustMaterialIsRefused() throws Exception {
    Secret issuer = secret();
    admin.resource(issuer).delete();
    try {
      assertThat(refused("upgrade")).contains("Secret selvage-identity-issuer").contains("gone");
    } finally {
      issuer.getMetadata().setResourceVersion(null);
      admin.resource(issuer).create();
    }
  }

  @Test
  @Order(13)
  void anIssuerThatHasEndedIsRefused() throws Exception {
    Secret issuer = secret();
    var ended =
        CertificateAuthorities.create(
            "cluster.local", Instant.now().minus(Duration.ofDays(400)), Duration.ofDays(365));
    admin
        .secrets()
        .inNamespace("selvage")
        .withName("selvage-identity-issuer")
        .edit(secret -> {
          secret.getData().put("tls.crt", base64(ended.issuerPem()));
          secret.getData().put("tls.key", base64(ended.issuerKeyPem()));
          return secret;
        });
    try {
      assertThat(refused("upgrade")).contains("Secret selvage/selvage-identity-issuer ended ");
      Mesh check = mesh("check", "--wait", "0s", "-o", "short");
      assertThat(check.code()).isEqualTo(1);
      assertThat(check.out()).contains("issuer cert is within its validity period");
    } finally {
      issuer.getMetadata().setResourceVersion(null);
      issuer.getMetadata().setManagedFields(null);
      admin.resource(issuer).forceConflicts().serverSideApply();
    }
    assertThat(mesh("upgrade").code()).isZero();
  }

  @Test
  @Order(14)
  void aCustomResourceThatIsMissingIsRefused() throws Exception {
    String name = "tcpmappings.getambassador.io";
    var crds = admin.apiextensions().v1().customResourceDefinitions();
    crds.withName(name).delete();
    await().atMost(LIMIT).until(() -> crds.withName(name).get() == null);
    await().atMost(LIMIT).untilAsserted(() -> assertThat(mesh("upgrade").code()).isEqualTo(1));
    assertThat(refused("upgrade"))
        .startsWith("The cluster does not serve the custom resources " + name + ":")
        .contains("mesh install --crds | kubectl apply -f -");
    assertThat(mesh("check", "--wait", "0s", "-o", "short").out()).contains(name);
    apply(ok("upgrade", "--crds"));
    await().atMost(LIMIT).until(() -> mesh("upgrade").code() == 0);
  }

  @Test
  @Order(15)
  void aWebhookWhoseServiceIsGoneIsFoundAndMended() throws Exception {
    admin.services().inNamespace("selvage").withName("selvage-injector").delete();
    // The policy is Fail by now, so nothing starts anywhere but in exempt namespaces.
    await()
        .atMost(LIMIT)
        .untilAsserted(() ->
            assertThatThrownBy(() -> pod("shop", "kept-out", "Running"))
                .hasMessageContaining("selvage-injector"));
    // What a cluster needs to recover does not wait for us.
    Pod ofNode =
        admin
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace("shop")
                    .withName("network-plugin")
                    .endMetadata()
                    .withNewSpec()
                    .withHostNetwork(true)
                    .addNewContainer()
                    .withName("app")
                    .withImage("none")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    admin.resource(ofNode).withGracePeriod(0).delete();
    Mesh check = mesh("check", "--wait", "0s", "-o", "short");
    assertThat(check.code()).isEqualTo(1);
    assertThat(check.out()).contains("the Service selvage/selvage-injector is gone");
    // It stands in the way of nothing that we do ourselves.
    assertThat(mesh("uninstall").code()).isZero();
    Mesh upgrade = mesh("upgrade");
    assertThat(upgrade.err()).contains("new      service/selvage-injector");
    apply(upgrade.out());
    assertThat(mesh("check", "--wait", "0s", "-o", "short").out())
        .contains("the Service selvage/selvage-injector has no ready endpoint");
  }

  @Test
  @Order(16)
  void somebodyWithFewRightsIsToldWhatHeMayNot() throws Exception {
    Path nobody = dir.resolve("kubeconfig-nobody");
    for (String command : List.of("upgrade", "uninstall", "prune")) {
      Mesh ran = mesh(nobody, List.of(command));
      assertThat(ran.code()).as(command).isEqualTo(1);
      assertThat(ran.out()).isEmpty();
      assertThat(ran.err())
          .startsWith("You may not do that on this cluster: ")
          .contains("system:serviceaccount:shop:nobody");
      assertThat(ran.err().lines()).hasSize(1);
    }
  }

  @Test
  @Order(17)
  void pruneNamesWhatIsNoLongerMade() throws Exception {
    Mesh nothing = mesh("prune");
    assertThat(nothing.out()).contains("kind: List").contains("items: []");
    assertThat(nothing.err()).contains("Nothing is left over");

    Mesh off = mesh("upgrade", "--set", "injector.enabled=false");
    assertThat(off.err()).contains("left     deployment/selvage-injector").contains("`mesh prune");
    apply(off.out());
    String left = ok("prune");
    assertThat(names(left, "Deployment")).containsExactly("selvage-injector");
    assertThat(names(left, "MutatingWebhookConfiguration")).containsExactly("selvage-injector");
    assertThat(names(left, "Secret")).isEmpty();
    // In a namespace that the webhook, whose policy is Fail by now, does not look at.
    Pod meshed = pod("kube-system", "meshed", "Running");
    assertThat(mesh("prune").err())
        .startsWith("Please uninject the following pods before taking away selvage-injector");
    admin.resource(meshed).withGracePeriod(0).delete();
    delete(left);
    assertThat(ok("prune")).contains("items: []");
    apply(ok("upgrade", "--set", "injector.enabled=true"));
  }

  @Test
  @Order(18)
  void whatHelmKeepsIsLeftToHelm() throws Exception {
    annotate(Map.of("meta.helm.sh/release-name", "edge"));
    try {
      Mesh ran = mesh("upgrade");
      assertThat(ran.code()).isEqualTo(1);
      assertThat(ran.err()).contains("kept by Helm, as the release edge").contains("helm upgrade");
    } finally {
      annotate(Map.of());
    }
  }

  @Test
  @Order(18)
  void whatAnotherToolHasRenderedIsLeftToIt() throws Exception {
    var config = admin.configMaps().inNamespace("selvage").withName("selvage-config");
    String values = config.get().getData().get("values");
    try {
      config.edit(map -> {
        map.getData()
            .put("values", values.replace("createNamespace: true", "createNamespace: false"));
        return map;
      });
      for (String command : List.of("upgrade", "prune")) {
        assertThat(refused(command)).contains("rendered by another tool");
      }
    } finally {
      config.edit(map -> {
        map.getData().put("values", values);
        return map;
      });
    }
  }

  @Test
  @Order(18)
  void aTrustDomainStaysWhileItIsBelieved() throws Exception {
    // In a namespace that the webhook, whose policy is Fail by now, does not look at.
    Pod meshed = pod("kube-system", "meshed", "Running");
    assertThat(refused("upgrade", "--set", "trustDomain=other.example"))
        .contains("cannot become other.example while 1 pod carries a sidecar");
    admin.resource(meshed).withGracePeriod(0).delete();
    assertThat(ok("upgrade", "--set", "trustDomain=other.example")).contains("other.example");
  }

  @Test
  @Order(18)
  void whatSomebodyElseScaledStays() throws Exception {
    var gateway = admin.apps().deployments().inNamespace("selvage").withName("selvage-gateway");
    int before = gateway.get().getSpec().getReplicas();
    gateway.scale(6);
    try {
      assertThat(ok("upgrade", "--set", "gateway.replicas=null")).contains("\n  replicas: 6\n");
    } finally {
      gateway.scale(before);
    }
  }

  @Test
  @Order(19)
  void aHalfDeletedInstallationIsNamedAndCanBeRemoved() throws Exception {
    ConfigMap config = admin.configMaps().inNamespace("selvage").withName("selvage-config").get();
    admin.resource(config).delete();

    assertThat(refused("install"))
        .contains("Parts of an earlier installation are left")
        .contains("mesh uninstall");
    assertThat(refused("upgrade")).contains("half deleted");
    assertThat(ok("uninstall")).contains("selvage-gateway");
  }

  @Test
  @Order(20)
  void uninstallLeavesNothingButWhatIsInUse() throws Exception {
    apply(
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: web, namespace: shop}
        spec: {hostname: "*", prefix: /web/, service: web}
        """);
    apply(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-trust-roots, namespace: shop, labels: {app.kubernetes.io/managed-by: selvage}}
        """);

    apply(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: other, namespace: selvage}
        spec: {ports: [{port: 80}]}
        """);
    assertNamespaceStaysFor("service/other");
    admin.services().inNamespace("selvage").withName("other").delete();
    apply(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: tls, namespace: selvage}
        """);
    assertNamespaceStaysFor("secret/tls");
    admin.secrets().inNamespace("selvage").withName("tls").delete();
    String role =
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: theirs, namespace: selvage}
        """;
    apply(role);
    assertNamespaceStaysFor("role/theirs");
    delete(role);
    String listener =
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: web, namespace: selvage}
        spec: {port: 8080, protocol: HTTP, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
        """;
    apply(listener);
    assertNamespaceStaysFor("listener/web");
    delete(listener);

    Mesh first = mesh("uninstall");
    assertThat(first.code()).isZero();
    assertThat(names(first.out(), "Namespace")).containsExactly("selvage");
    assertThat(first.err()).contains("1 mappings");
    assertThat(names(first.out(), "CustomResourceDefinition"))
        .hasSize(12)
        .doesNotContain("mappings.getambassador.io");
    delete(first.out());
    assertThat(left()).isEmpty();
    assertThat(admin.configMaps().inNamespace("shop").withName("selvage-trust-roots").get())
        .isNull();

    String rest = ok("uninstall", "--crds");
    assertThat(names(rest, "CustomResourceDefinition"))
        .containsExactly("mappings.getambassador.io");
    delete(rest);
    await().atMost(LIMIT).until(() -> mesh("uninstall").code() == 1);
    assertThat(mesh("uninstall").err()).contains("nothing of Selvage");
  }

  @Test
  @Order(21)
  void aWebhookThatWasLeftBehindIsNamed() throws Exception {
    apply(ok("install", "--crds", "--ignore-cluster"));
    await().atMost(LIMIT).ignoreExceptions().until(() -> mesh("install").code() == 0);
    var webhook =
        load(ok("install", "--ignore-cluster")).stream()
            .filter(o -> o.getKind().equals("MutatingWebhookConfiguration"))
            .findFirst()
            .orElseThrow();
    admin.resource(webhook).create();
    assertThat(refused("install"))
        .startsWith("Parts of an earlier installation are left")
        .contains("mutatingwebhookconfiguration/selvage-injector");
    delete(ok("uninstall"));
    await().atMost(LIMIT).until(() -> mesh("uninstall").code() == 1);
  }

  /** With the namespace it would go too, though its kind stays. */
  private static void assertNamespaceStaysFor(String object) throws Exception {
    Mesh kept = mesh("uninstall");
    assertThat(kept.code()).isZero();
    assertThat(kept.err())
        .contains("the namespace selvage stays")
        .contains(object)
        .contains("`kubectl label namespace selvage ")
        .contains(" pod-security.kubernetes.io/enforce-")
        .contains(" selvage.io/control-plane-component-");
    assertThat(names(kept.out(), "Namespace")).isEmpty();
  }

  /** Objects that carry our mark. */
  private static Set<String> left() throws IOException {
    var found = new TreeSet<String>();
    for (HasMetadata object :
        load(Files.readString(Rendered.ROOT.resolve("charts/golden/ha.yaml")))) {
      HasMetadata there = admin.resource(object).get();
      if (there != null && there.getMetadata().getDeletionTimestamp() == null) {
        found.add(object.getKind() + "/" + object.getMetadata().getName());
      }
    }
    return found;
  }

  private static Pod pod(String namespace, String name, String phase) {
    Pod pod =
        admin
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace(namespace)
                    .withName(name)
                    .withLabels(Map.of("selvage.io/control-plane-ns", "selvage"))
                    .endMetadata()
                    .withNewSpec()
                    .addNewContainer()
                    .withName("app")
                    .withImage("none")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    return admin
        .resource(pod)
        .editStatus(p -> new PodBuilder(p).withNewStatus().withPhase(phase).endStatus().build());
  }

  private static void annotate(Map<String, String> annotations) {
    admin
        .configMaps()
        .inNamespace("selvage")
        .withName("selvage-config")
        .edit(map -> {
          map.getMetadata().setAnnotations(annotations);
          return map;
        });
  }

  private static Secret secret() {
    return admin.secrets().inNamespace("selvage").withName("selvage-identity-issuer").get();
  }

  private static Map<String, String> data(Secret secret) {
    return secret.getData();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String roots() {
    ConfigMap map = admin.configMaps().inNamespace("selvage").withName("selvage-trust-roots").get();
    return map.getData().getOrDefault("ca-bundle.crt", "");
  }

  private static String accountToken(String namespace, String account) {
    if (!namespace.equals("selvage")) {
      admin
          .resource(
              new io.fabric8.kubernetes.api.model.ServiceAccountBuilder()
                  .withNewMetadata()
                  .withNamespace(namespace)
                  .withName(account)
                  .endMetadata()
                  .build())
          .create();
    }
    return admin
        .serviceAccounts()
        .inNamespace(namespace)
        .withName(account)
        .tokenRequest(
            new TokenRequestBuilder().withNewSpec().withExpirationSeconds(3600L).endSpec().build())
        .getStatus()
        .getToken();
  }

  /** A token as the kubelet projects it: for our audience and bound to a pod. */
  private static String boundToken(String account) {
    Pod pod =
        admin
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace("selvage")
                    .withName(account + "-1")
                    .endMetadata()
                    .withNewSpec()
                    .withServiceAccountName(account)
                    .withNewSecurityContext()
                    .withRunAsNonRoot(true)
                    .withNewSeccompProfile()
                    .withType("RuntimeDefault")
                    .endSeccompProfile()
                    .endSecurityContext()
                    .addNewContainer()
                    .withName("app")
                    .withImage("none")
                    .withNewSecurityContext()
                    .withAllowPrivilegeEscalation(false)
                    .withNewCapabilities()
                    .withDrop("ALL")
                    .endCapabilities()
                    .endSecurityContext()
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    return admin
        .serviceAccounts()
        .inNamespace("selvage")
        .withName(account)
        .tokenRequest(
            new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences("identity.selvage.io")
                .withExpirationSeconds(3600L)
                .withNewBoundObjectRef()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .endBoundObjectRef()
                .endSpec()
                .build())
        .getStatus()
        .getToken();
  }

  private static Path kubeconfig(String name, String token) throws IOException {
    return Files.writeString(
        dir.resolve("kubeconfig-" + name),
        Files.readString(kube.kubeconfig()).replace(kube.adminToken(), token));
  }

  private static List<HasMetadata> load(String text) {
    return admin.load(new ByteArrayInputStream(text.getBytes(UTF_8))).items();
  }

  private static void apply(String text) {
    for (HasMetadata object : namespacesFirst(load(text))) {
      admin.resource(object).forceConflicts().serverSideApply();
    }
  }

  private static List<HasMetadata> namespacesFirst(List<HasMetadata> objects) {
    var sorted = new ArrayList<>(objects);
    sorted.sort(java.util.Comparator.comparing(o -> !o.getKind().equals("Namespace")));
    return sorted;
  }

  private static void delete(String text) {
    for (HasMetadata object : load(text)) {
      admin.resource(object).delete();
    }
  }

  private static List<String> names(String text, String kind) {
    return load(text.isEmpty() ? "kind: List\napiVersion: v1\nitems: []\n" : text).stream()
        .filter(o -> o.getKind().equals(kind))
        .map(o -> o.getMetadata().getName())
        .toList();
  }

  private static String ok(String... words) throws Exception {
    Mesh ran = mesh(words);
    assertThat(ran.code()).as(ran.err()).isZero();
    return ran.out();
  }

  /** What was said in one line, with nothing printed and the cluster as it was. */
  private static String refused(String... words) throws Exception {
    Set<String> before = everything();
    Mesh ran = mesh(words);
    assertThat(ran.code()).as("%s", ran).isEqualTo(1);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err().lines()).hasSize(1);
    assertThat(everything()).isEqualTo(before);
    return ran.err();
  }

  /** Every object of the kinds that an installation touches, by what tells its states apart. */
  private static Set<String> everything() {
    var found = new TreeSet<String>();
    var types = new ArrayList<>(MeshKinds.INSTALLED);
    types.addAll(List.of(Type.NAMESPACE, MeshKinds.CRD, MeshKinds.LEASE, MeshKinds.POD));
    types.remove(MeshKinds.POD_MONITOR);
    for (Type type : types) {
      var all = admin.genericKubernetesResources(type.apiVersion(), type.kind());
      for (HasMetadata object :
          (type.namespaced() ? all.inAnyNamespace() : all).list().getItems()) {
        var metadata = object.getMetadata();
        if (!String.valueOf(metadata.getNamespace()).startsWith("kube-")) {
          found.add(
              type.plural()
                  + ' '
                  + metadata.getNamespace()
                  + '/'
                  + metadata.getName()
                  + ' '
                  + metadata.getUid()
                  + ' '
                  + metadata.getResourceVersion());
        }
      }
    }
    return found;
  }

  private static Mesh mesh(String... words) throws Exception {
    return mesh(kube.kubeconfig(), List.of(words));
  }

  /** One run of the command in this JVM; the client library prefers the property to KUBECONFIG. */
  private static Mesh mesh(Path kubeconfig, List<String> words) {
    var out = new StringWriter();
    var err = new StringWriter();
    System.setProperty(KUBECONFIG, kubeconfig.toString());
    try {
      int code =
          Main.run(
              new PrintWriter(out, true), new PrintWriter(err, true), words.toArray(new String[0]));
      return new Mesh(code, out.toString(), err.toString());
    } finally {
      System.clearProperty(KUBECONFIG);
    }
  }

  private record Mesh(int code, String out, String err) {}

  private static ProcessBuilder command(Path kubeconfig, List<String> words) {
    var line = new ArrayList<String>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            "io.selvage.cli.Main"));
    line.addAll(words);
    var builder = new ProcessBuilder(line);
    builder.environment().put("KUBECONFIG", kubeconfig.toString());
    return builder;
  }

  /** A component as a process of its own. */
  private static final class Running implements AutoCloseable {
    private final Path log;
    private final Process process;

    Running(String name, Path kubeconfig, String... words) throws IOException {
      log = dir.resolve(name + ".log");
      ProcessBuilder command = command(kubeconfig, List.of(words));
      // The pod that the gateway's token is bound to; the control plane knows no other of it.
      command.environment().put("POD_NAME", name.equals("gateway") ? "selvage-gateway-1" : name);
      process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    String log() throws IOException {
      return Files.readString(log);
    }

    String awaitLine(String start) throws IOException {
      try {
        return await()
            .atMost(Duration.ofSeconds(90))
            .until(
                () -> {
                  assertThat(process.isAlive()).as(log()).isTrue();
                  return log().lines().filter(l -> l.startsWith(start)).findFirst().orElse("");
                },
                line -> !line.isEmpty());
      } catch (ConditionTimeoutException e) {
        throw new IllegalStateException("it has not said " + start + ": " + log(), e);
      }
    }

    @Override
    public void close() throws Exception {
      process.destroy();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }
}
