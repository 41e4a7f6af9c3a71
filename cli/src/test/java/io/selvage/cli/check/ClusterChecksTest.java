// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Outcome.Result;
import io.selvage.cli.install.Expected;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects.Type;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A cluster that is well, and each way in which it is not. */
class ClusterChecksTest {
  private static final Path ROOT = Path.of(System.getProperty("selvage.root", ".."));
  private static final String SERVED = "every object of getambassador.io is served as written";
  private static final String OTHERS = "the gateway finds no fault in any other object";
  private static final String INJECTED = "pods that should have a sidecar have one";
  private static final String CLOCKS = "no clock skew detected";
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  private final FakeCluster cluster;

  /** By pod; null = they are asked by port-forward. */
  private @Nullable Map<String, String> metrics = Map.of();

  /** The gateway's own, which is asked as well. */
  private String ofGateway = certificate(NOW.plus(Duration.ofHours(20)));

  /** The gateway's page of that name. */
  private String problems = "[]";

  /** The control plane's page, by pod. */
  private final Map<String, String> overviews = new HashMap<>();

  private @Nullable Instant serverClock = NOW;

  ClusterChecksTest() throws Exception {
    cluster = new FakeCluster();
  }

  @BeforeEach
  void install() throws Exception {
    installed("default");
    for (ObjectNode crd : Expected.customResources("selvage")) {
      cluster.add(crd);
    }
    for (String component : List.of("control-plane", "injector", "gateway")) {
      cluster.add(
          """
          apiVersion: v1
          kind: Pod
          metadata:
            name: %1$s-1
            namespace: selvage
            labels: {selvage.io/control-plane-component: %1$s}
          status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
          """
              .formatted(component));
    }
    cluster.add("apiVersion: v1\nkind: Namespace\nmetadata: {name: selvage}\n");
    cluster.add(
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: selvage-injector-1
          namespace: selvage
          labels: {kubernetes.io/service-name: selvage-injector}
        endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
        """);
    trust(CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365)));
    webhookCertificate(NOW.plus(Duration.ofDays(50)));
    cluster.add("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
  }

  private void values(String pattern, String replacement) {
    ObjectNode data = cluster.get("ConfigMap", "selvage-config").withObject("/data");
    String before = data.path("values").asText();
    String after = before.replaceAll(pattern, replacement);
    assertThat(after).isNotEqualTo(before);
    data.put("values", after);
  }

  private void installed(String golden) throws Exception {
    // As `mesh install` makes it.
    cluster.add(
        Files.readString(ROOT.resolve("charts/golden/" + golden + ".yaml"))
            .replace("createNamespace: false", "createNamespace: true"));
    cluster
        .get("Service", "selvage-gateway")
        .withObject("/status/loadBalancer")
        .putArray("ingress")
        .addObject()
        .put("ip", "192.0.2.1");
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aClusterThatIsWellHasNothingToSay() throws Exception {
    assertThat(notWell(run(false, true))).isEmpty();
  }

  @Test
  void beforeAnInstallationAnEmptyClusterIsWell() throws Exception {
    cluster
        .all()
        .forEach(o -> cluster.remove(o.path("kind").asText(), o.at("/metadata/name").asText()));
    assertThat(notWell(run(true, false))).isEmpty();
  }

  /** The API server lets nobody make a role with more rights than his own. */
  @Test
  void whoMayMakeRolesButHoldsTooLittleIsToldWhatIsMissing() throws Exception {
    Predicate<JsonNode> most =
        asked ->
            !(asked.path("verb").asText().equals("list")
                    && asked.path("resource").asText().equals("nodes"))
                && !(asked.path("subresource").asText().equals("status")
                    && asked.path("resource").asText().equals("ingresses"));
    Set<String> extraordinary = Set.of("escalate", "bind");
    cluster.allowedIf(
        asked -> most.test(asked) && !extraordinary.contains(asked.path("verb").asText()));
    assertError(
        run(true, false),
        "can give our accounts their rights",
        "you may not hand out what you do not have yourself:\n* list nodes\n* update"
            + " ingresses/status.networking.k8s.io");

    cluster.allowedIf(asked -> most.test(asked) && !asked.path("verb").asText().equals("bind"));
    assertError(run(true, false), "can give our accounts their rights", "list nodes");
    cluster.allowedIf(most);
    assertThat(run(true, false))
        .filteredOn(outcome -> outcome.description().equals("can give our accounts their rights"))
        .extracting(Outcome::result)
        .containsExactly(Result.SUCCESS);
  }

  @Test
  void beforeAnInstallationWhatStandsInTheWayIsNamed() throws Exception {
    cluster.allowed(false);
    cluster.add(
        """
        apiVersion: coordination.k8s.io/v1
        kind: Lease
        metadata: {name: node-1, namespace: kube-node-lease}
        spec: {renewTime: "%s"}
        """
            .formatted(NOW.plus(Duration.ofSeconds(61))));
    cluster.get("IngressClass", "ambassador").withObject("/metadata").remove("labels");

    List<Outcome> outcomes = run(true, false);

    assertError(outcomes, "Selvage is not installed yet", "installed in the namespace selvage");
    assertError(outcomes, "can create CustomResourceDefinitions", "you may not create");
    assertError(outcomes, "can read Secrets", "you may not get secrets in the namespace selvage");
    assertWarning(outcomes, "the IngressClass ambassador is free or ours", "getambassador.io");
    assertWarning(outcomes, "no clock skew detected", "node-1: 61 s ahead");
  }

  @Test
  void anOldClusterEndsTheRun() throws Exception {
    cluster.version("v1.24.17");
    List<Outcome> outcomes = run(true, false);
    assertError(outcomes, "is running the minimum Kubernetes API version", "v1.24.17");
    assertThat(outcomes).hasSize(2);
    cluster.version("v1.28.0");
    assertWarning(run(false, false), "has native sidecar containers", "v1.28.0");
  }

  @Test
  void anInstallationThatIsGoneEndsTheRun() throws Exception {
    cluster.remove("ConfigMap", "selvage-config");
    List<Outcome> outcomes = run(false, false);
    assertError(outcomes, "'selvage-config' config map exists", "no ConfigMap selvage-config");
    assertThat(outcomes.getLast().description()).contains("config map exists");
  }

  @Test
  void whatIsMissingIsNamed() throws Exception {
    installed("ha");
    values("(podMonitors:\\s+enabled: )false", "$1true");
    for (String monitor : List.of("selvage", "selvage-sidecars")) {
      cluster.add(
          """
          apiVersion: monitoring.coreos.com/v1
          kind: PodMonitor
          metadata: {name: %s, namespace: selvage}
          """
              .formatted(monitor));
    }
    List<String> all =
        List.of(
            "ClusterRole/selvage-gateway",
            "ClusterRoleBinding/selvage-control-plane",
            "Deployment/selvage-injector",
            "IngressClass/ambassador",
            "MutatingWebhookConfiguration/selvage-injector",
            "Namespace/selvage",
            "NetworkPolicy/selvage-gateway",
            "PodDisruptionBudget/selvage-injector",
            "PodMonitor/selvage-sidecars",
            "Role/selvage-gateway",
            "RoleBinding/selvage-injector",
            "Service/control-plane",
            "ServiceAccount/control-plane");
    List<Outcome> before = run(false, false);
    for (String object : all) {
      String kind = object.substring(0, object.indexOf('/'));
      assertThat(find(before, InstallationChecks.several(kind) + " exist").result())
          .as(object)
          .isEqualTo(Result.SUCCESS);
      cluster.remove(kind, object.substring(kind.length() + 1));
    }
    List<Outcome> after = run(false, false);
    for (String object : all) {
      String kind = object.substring(0, object.indexOf('/'));
      assertThat(error(after, InstallationChecks.several(kind) + " exist"))
          .isEqualTo("missing:\n* " + object.replace('/', ' '));
    }
  }

  @Test
  void anIngressClassOfSomebodyElseIsNotMissing() throws Exception {
    cluster.get("IngressClass", "ambassador").withObject("/metadata").remove("labels");
    assertThat(notWell(run(false, false))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatHelmWasToldIsWhatIsExpected(boolean release) throws Exception {
    cluster.all().stream()
        .filter(o -> o.at("/metadata/name").asText().equals("selvage-injector"))
        .forEach(o -> cluster.remove(o.path("kind").asText(), "selvage-injector"));
    installed("without-injector");
    // As Helm renders it, by itself or for others.
    ObjectNode data = cluster.get("ConfigMap", "selvage-config").withObject("/data");
    data.put(
        "values",
        data.path("values").asText().replace("createNamespace: true", "createNamespace: false"));
    if (release) {
      helmRelease();
    }
    List<Outcome> outcomes = run(false, false);
    assertThat(notWell(outcomes)).isEmpty();
    assertThat(outcomes).extracting(Outcome::category).doesNotContain("selvage-webhooks");
    cluster.remove("Deployment", "control-plane");
    assertThat(find(run(false, false), "Deployments exist").hint())
        .contains(
            release
                ? "`helm upgrade edge CHART -n selvage`"
                : "run the tool that rendered this installation, which makes what is missing");
  }

  private void helmRelease() {
    cluster
        .get("ConfigMap", "selvage-config")
        .withObject("/metadata/annotations")
        .put("meta.helm.sh/release-name", "edge");
  }

  /** The next upgrade goes by what was chosen, and an older version's values may be refused. */
  @Test
  void anOlderInstallationOfOursIsReadByWhatWasChosen() throws Exception {
    ObjectNode data = cluster.get("ConfigMap", "selvage-config").withObject("/data");
    String values = data.path("values").asText() + "\ngoneSince: true\n";
    data.put("values", values.replace("createNamespace: true", "createNamespace: false"));
    assertError(run(false, false), "the installation can be read", "goneSince");
    data.put("version", "0.0.9");
    assertWarning(run(false, false), "the installation can be read", "goneSince");
    data.put("values", values);
    assertThat(find(run(false, false), "the installation can be read").result())
        .isEqualTo(Result.SUCCESS);
  }

  @Test
  void aCustomResourceThatIsMissingIsNamed() throws Exception {
    cluster.remove("CustomResourceDefinition", "mappings.getambassador.io");
    assertError(run(false, false), "custom resources are served", "mappings.getambassador.io");
  }

  @Test
  void podsThatAreNotReadyAreNamedWithTheirReason() throws Exception {
    ObjectNode pod = cluster.get("Pod", "gateway-1");
    pod.withObject("/status").putArray("conditions");
    pod.withObject("/status")
        .putArray("containerStatuses")
        .addObject()
        .putObject("state")
        .putObject("waiting")
        .put("reason", "ImagePullBackOff");
    assertError(
        run(false, false), "pods are ready", "gateway: no pod of 1 is ready (ImagePullBackOff)");
  }

  @Test
  void fewerPodsThanWantedIsAWarningAndNoneIsAnError() throws Exception {
    installed("ha");
    webhookCertificate(NOW.plus(Duration.ofDays(50)));
    List<Outcome> outcomes = run(false, false);
    assertWarning(outcomes, "pods are ready", "control-plane: 1 of 3 pods are ready");
    assertThat(outcomes).noneMatch(o -> o.result() == Result.ERROR);
    cluster.get("Pod", "injector-1").withObject("/status").putArray("conditions");
    outcomes = run(false, false);
    assertError(outcomes, "pods are ready", "injector: no pod of 3 is ready");
    assertError(outcomes, "pods are ready", "gateway: 1 of 3 pods are ready");
  }

  @Test
  void whatKeepsADeploymentFromItsPodsIsSaid() throws Exception {
    cluster
        .get("Deployment", "selvage-gateway")
        .withObject("/status")
        .putArray("conditions")
        .addObject()
        .put("type", "ReplicaFailure")
        .put("status", "True")
        .put("message", "exceeded quota");
    assertError(
        run(false, false), "replica sets are ready", "selvage/selvage-gateway: exceeded quota");
  }

  private void nodeOf(String name, String architecture) {
    cluster.add(
        """
        apiVersion: v1
        kind: Node
        metadata: {name: %s, labels: {kubernetes.io/arch: %s, kubernetes.io/os: linux}}
        """
            .formatted(name, architecture));
  }

  @Test
  void nodesOfAnotherArchitectureAreAWarning() throws Exception {
    String line = "all nodes are of an architecture that our pods run on";
    String before = "all nodes are of one architecture";
    nodeOf("a", "amd64");
    nodeOf("b", "amd64");
    cluster.get("Pod", "gateway-1").withObject("/spec").put("nodeName", "a");
    assertThat(find(run(false, false), line).result()).isEqualTo(Result.SUCCESS);
    assertThat(find(run(true, false), before).result()).isEqualTo(Result.SUCCESS);
    nodeOf("c", "arm64");
    nodeOf("d", "arm64");
    assertWarning(run(false, false), line, "none of our pods is ready on these:\n* arm64: c and 1");
    assertWarning(run(true, false), before, "* amd64: a and 1 more\n* arm64: c and 1 more");
    cluster.get("Pod", "injector-1").withObject("/spec").put("nodeName", "d");
    assertThat(find(run(false, false), line).result()).isEqualTo(Result.SUCCESS);
    cluster.get("Node", "c").withObject("/metadata/labels").put("kubernetes.io/arch", "s390x");
    cluster.get("Node", "c").withObject("/metadata/labels").put("kubernetes.io/os", "windows");
    assertThat(find(run(false, false), line).result()).isEqualTo(Result.SUCCESS);
  }

  @Test
  void whatTheControlPlaneSaysOfItselfIsSaid() throws Exception {
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: control-plane-2
          namespace: selvage
          labels: {selvage.io/control-plane-component: control-plane}
        status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
        """);
    overviews.put(
        "control-plane-2",
        overview(
            "false",
            """
            {"severity":"warning","about":"control plane","where":"","reason":"ReplicaSilent",
             "message":"the replica control-plane-1 is not heard"},
            {"severity":"error","about":"Pod shop/a","where":"","reason":"BadAnnotation",
             "message":"no such policy"}\
            """,
            """
            {"namespace":"shop","pod":"web-1","bundle_current":false,
             "trouble":"it believes another trust bundle than the current one"}\
            """));
    List<Outcome> outcomes = run(false, false);
    assertError(
        outcomes,
        "the control plane reads the API server",
        "control-plane-2: not since 2029-12-31T23:00:00Z, refused");
    assertWarning(
        outcomes,
        "replicas of the control plane hear each other",
        "control-plane-2: the replica control-plane-1 is not heard");
    assertWarning(
        outcomes,
        "proxies believe the trust bundle in use, and renew their certificates",
        "shop/web-1: it believes another trust bundle");
    assertWarning(
        outcomes,
        "the control plane finds no fault in any object",
        "Pod shop/a: BadAnnotation, no such policy");
  }

  @Test
  void aControlPlaneThatDoesNotAnswerIsNotCalledWell() throws Exception {
    overviews.put("control-plane-1", "");
    List<Outcome> outcomes = run(false, false);
    assertWarning(outcomes, "the control plane can be asked", "control-plane-1: asking pod");
    assertWarning(outcomes, "the control plane reads the API server", "not looked at");
    assertThat(outcomes).noneMatch(o -> o.result() == Result.ERROR);
    overviews.put("control-plane-1", "[]");
    assertWarning(run(false, false), "the control plane can be asked", "no overview");
  }

  @Test
  void aPodThatIsGivenNoSidecarIsAnError() throws Exception {
    String line = "a pod that asks for a sidecar is given one";
    cluster.admission(pod -> pod);
    assertError(run(false, false), line, "a pod of the namespace shop would have none");
    cluster.add("apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n");
    assertError(run(false, false), line, "a pod of the namespace default would have none");
    cluster.admission(
        pod -> FakeCluster.status(500, "failed calling webhook injector.selvage.io: timeout"));
    assertError(run(false, false), line, "failed calling webhook");
    cluster.admission(pod -> FakeCluster.status(403, "exceeded quota"));
    List<Outcome> outcomes = run(false, false);
    assertWarning(outcomes, line, "not tried: a dry run of creating pods in default");
    assertThat(find(outcomes, line).hint()).contains("right to create pods");
    assertThat(cluster.writes()).isEmpty();
  }

  @Test
  void aRegistrationWithoutAServiceIsAnError() throws Exception {
    cluster
        .get("MutatingWebhookConfiguration", "selvage-injector")
        .withObject("/webhooks/0/clientConfig")
        .remove("service");
    assertError(
        run(false, false),
        "the injector's webhook has a Service with ready endpoints",
        "the registration names no Service");
  }

  @Test
  void theDryRunGoesWhereASidecarIsWelcome() throws Exception {
    String line = "a pod that asks for a sidecar is given one";
    cluster.admission(pod -> pod);
    cluster
        .get("Namespace", "shop")
        .withObject("/metadata/labels")
        .put("config.selvage.io/admission-webhooks", "disabled");
    assertWarning(run(false, false), line, "no namespace is shown to the injector");
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web-1
          namespace: books
          labels: {selvage.io/control-plane-ns: selvage}
        status: {phase: Running}
        """);
    assertError(run(false, false), line, "a pod of the namespace books would have none");
  }

  @Test
  void anIssuerThatHasEndedIsAnError() throws Exception {
    trust(
        CertificateAuthorities.create(
            "cluster.local", NOW.minus(Duration.ofDays(400)), Duration.ofDays(365)));
    List<Outcome> outcomes = run(false, false);
    assertError(outcomes, "trust anchors are within their validity period", "ended 2029");
    assertError(outcomes, "issuer cert is within its validity period", "ended 2029");
  }

  @Test
  void sixtyDaysAreEnoughAndADayLessIsNot() throws Exception {
    trust(CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(60)));
    assertThat(notWell(run(false, false))).isEmpty();
    trust(CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(59)));
    List<Outcome> outcomes = run(false, false);
    assertWarning(outcomes, "trust anchors are valid for at least 60 days", "ends 2030");
    assertWarning(outcomes, "issuer cert is valid for at least 60 days", "ends 2030");
  }

  @Test
  void anIssuerOfAnotherRootIsAnError() throws Exception {
    ObjectNode roots = cluster.get("ConfigMap", "selvage-trust-roots");
    roots
        .withObject("/data")
        .put(
            "ca-bundle.crt",
            CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365))
                .bundle()
                .pem());
    assertError(
        run(false, false), "issuer cert is issued by the trust anchors", "none of 1 trust anchors");
  }

  @Test
  void aKeyOfAnotherIsAnError() throws Exception {
    var other = CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365));
    cluster
        .get("Secret", "selvage-identity-issuer")
        .withObject("/data")
        .put("tls.key", base64(other.issuerKeyPem()));
    assertError(run(false, false), "certificate config is valid", "another's");
  }

  @Test
  void whatMayNotBeSeenIsNoError() throws Exception {
    cluster.forbid("secrets");
    List<Outcome> outcomes = run(false, false);
    assertWarning(outcomes, "certificate config is valid", "you may not see it");
    String secret = "not looked at: the Secret selvage-identity-issuer could not be read";
    assertWarning(outcomes, "issuer cert is using a supported crypto algorithm", secret);
    assertWarning(outcomes, "issuer cert is within its validity period", secret);
    assertWarning(outcomes, "issuer cert is valid for at least 60 days", secret);
    assertWarning(outcomes, "issuer cert is issued by the trust anchors", secret);
    String serving = "not looked at: the certificate in the Secret selvage-injector-tls";
    assertWarning(outcomes, "the injector's certificate is valid for at least 10 days", serving);
    assertWarning(outcomes, "the API server believes the injector", serving);
    assertThat(find(outcomes, "trust anchors are within their validity period").result())
        .isEqualTo(Result.SUCCESS);
    assertThat(outcomes).noneMatch(o -> o.result() == Result.ERROR);
  }

  @Test
  void whoMayNotSeeTheConfigIsToldOfNothingElse() throws Exception {
    cluster.forbid("configmaps");
    List<Outcome> outcomes = run(false, true);
    assertWarning(outcomes, "'selvage-config' config map exists", "you may not see it");
    assertWarning(outcomes, "the installation can be read", "not looked at");
    assertWarning(outcomes, "pods are ready", "not looked at");
    assertWarning(outcomes, "control plane and cli versions match", "not looked at");
    assertThat(outcomes).noneMatch(o -> o.result() == Result.ERROR);
  }

  /** Rights do not come by waiting. */
  @Test
  void whatMayNotBeSeenIsNotWaitedFor() throws Exception {
    cluster.forbid("secrets");
    CheckRun.Sleep none =
        time -> {
          throw new AssertionError("waited " + time);
        };
    boolean well =
        new CheckRun(System::nanoTime, none, Duration.ofHours(1), outcome -> {}, what -> {})
            .run(CheckCommand.categories(facts("selvage"), false, true, "", this::page));
    assertThat(well).isTrue();
  }

  @Test
  void aWebhookWhoseServiceIsGoneIsAnError() throws Exception {
    String line = "the injector's webhook has a Service with ready endpoints";
    cluster.remove("EndpointSlice", "selvage-injector-1");
    assertError(run(false, false), line, "has no ready endpoint");
    cluster.remove("Service", "selvage-injector");
    assertError(run(false, false), line, "the Service selvage/selvage-injector is gone");
  }

  @Test
  void theWebhooksCertificateMustBeItsOwnAndLast() throws Exception {
    webhookCertificate(NOW.plus(Duration.ofDays(9)));
    assertWarning(
        run(false, false), "the injector's certificate is valid for at least 10 days", "ends 2030");
    webhookCertificate(NOW.minus(Duration.ofDays(1)));
    assertError(
        run(false, false), "the injector's webhook has a valid certificate", "it ended 2029");
    webhookCertificate(NOW.plus(Duration.ofDays(50)));
    cluster
        .get("MutatingWebhookConfiguration", "selvage-injector")
        .withObject("/webhooks/0/clientConfig")
        .put("caBundle", base64(TestCa.root("other").pem()));
    assertError(run(false, false), "the API server believes the injector", "not of the authority");
  }

  @Test
  void objectsOfTheGatewayThatAreNotServedAreNamed() throws Exception {
    cluster.add(
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: one, namespace: shop}
        spec: {port: 80}
        ---
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: two, namespace: shop}
        spec: {port: 80}
        ---
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: three, namespace: shop}
        spec: {port: 8080}
        ---
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: web, namespace: shop}
        status: {state: Inactive, reason: no Service web}
        """);
    cluster.get("Service", "selvage-gateway").withObject("/status/loadBalancer").remove("ingress");

    List<Outcome> outcomes = run(false, false);

    assertWarning(outcomes, "no two listeners want the same port", "port 80");
    assertWarning(
        outcomes, "the gateway's Service leads to every listener", "shop/three: port 8080");
    assertWarning(outcomes, SERVED, "Mapping shop/web: no Service web");
    assertWarning(outcomes, "the gateway's Service has an address", "pending");
  }

  @Test
  void everyKindWithAStatusIsLookedAt() throws Exception {
    // No message names more than ten.
    List<List<String>> halves =
        List.of(
            List.of(
                "Listener/Partial",
                "Host/Error",
                "Mapping/Partial",
                "TLSContext/Inactive",
                "TCPMapping/Partial",
                "Module/Partial"),
            List.of(
                "KubernetesEndpointResolver/Partial",
                "KubernetesServiceResolver/Partial",
                "ConsulResolver/Inactive",
                "AuthService/Inactive",
                "RateLimitService/Inactive",
                "LogService/Inactive",
                "TracingService/Inactive"));
    for (List<String> half : halves) {
      var named = new ArrayList<String>();
      for (String each : half) {
        String kind = each.substring(0, each.indexOf('/'));
        object(kind, "fine", kind.equals("Host") ? "Ready" : "Running");
        object(kind, "one", each.substring(kind.length() + 1));
        named.add("* " + kind + " shop/one: Broken, so it is");
      }
      assertThat(find(run(false, false), SERVED).error().lines())
          .containsExactlyInAnyOrderElementsOf(named);
      half.forEach(each -> cluster.remove(each.substring(0, each.indexOf('/')), "one"));
    }
    assertThat(find(run(false, false), SERVED).result()).isEqualTo(Result.SUCCESS);
  }

  @Test
  void objectsBeyondTheLimitAreNotLookedAt() throws Exception {
    for (int i = 0; i < GatewayChecks.MAX_OBJECTS; i++) {
      object("Mapping", "m%05d".formatted(i), "Running");
    }
    assertThat(find(run(false, false), SERVED).result()).isEqualTo(Result.SUCCESS);
    object("Mapping", "z", "Partial");
    assertThat(find(run(false, false), SERVED).error())
        .isEqualTo("not looked at:\n* Mappings beyond the first 5000");
  }

  private void object(String kind, String name, String state) {
    cluster.add(
        """
        apiVersion: getambassador.io/v3alpha1
        kind: %s
        metadata: {name: %s, namespace: shop}
        spec: {port: 443}
        status: {state: %s, reason: Broken, message: so it is}
        """
            .formatted(kind, name, state));
  }

  @Test
  void theGatewayIsAskedForWhatIsWrongWithIngresses() throws Exception {
    problems =
        """
        [{"kind": "Ingress", "namespace": "shop", "name": "web", "severity": "warning",
          "reason": "NoListener", "message": "no Listener admits it"},
         {"kind": "Mapping", "namespace": "shop", "name": "m", "severity": "error",
          "reason": "X", "message": "which its status says"}]
        """;
    assertThat(find(run(false, false), OTHERS).error())
        .isEqualTo("* Ingress shop/web: NoListener, no Listener admits it");
    problems = "no JSON";
    assertWarning(run(false, false), OTHERS, "not looked at: ");
    problems = "";
    assertWarning(run(false, false), OTHERS, "not looked at: asking pod selvage/gateway-1");
    cluster.get("Pod", "gateway-1").withObject("/status").putArray("conditions");
    assertWarning(run(false, false), OTHERS, "not looked at: no pod of the gateway is ready");
  }

  @Test
  void theGatewaysOwnCertificateIsLookedAtWhereItIsAMember() throws Exception {
    ofGateway = certificate(NOW.minusSeconds(1)) + "\nselvage_control_state_age_seconds 61.0\n";
    List<Outcome> outcomes = run(false, true);
    assertError(outcomes, "certificates of proxies are valid", "selvage/gateway-1: it ended");
    assertWarning(outcomes, "proxies know the state of the cluster", "selvage/gateway-1: 61 s old");
    values("(mesh:\\s+enabled: )true", "$1false");
    ofGateway = "";
    assertThat(find(run(false, true), "proxies can be asked").result()).isEqualTo(Result.SUCCESS);
  }

  @Test
  void withoutAnAnswerNothingIsSaidOfCertificates() throws Exception {
    ofGateway = "";
    List<Outcome> outcomes = run(false, true);
    assertWarning(outcomes, "proxies can be asked", "selvage/gateway-1");
    assertWarning(outcomes, "certificates of proxies are valid", "not looked at");
    assertWarning(outcomes, "proxies know the state of the cluster", "not looked at");
  }

  @Test
  void fiftyProxiesAreAskedAndOneMoreIsNot() throws Exception {
    var answers = new HashMap<String, String>();
    metrics = answers;
    for (int i = 1; i < DataPlaneChecks.MAX_ASKED; i++) {
      sidecar("web-" + i, version(), true);
      answers.put("shop/web-" + i, certificate(NOW.plus(Duration.ofHours(20))));
    }
    assertThat(notWell(run(false, true))).isEmpty(); // The gateway is the fiftieth.
    sidecar("web-9999", version(), true);
    assertThat(find(run(false, true), "proxies can be asked").error())
        .isEqualTo("there are 51 proxies; the first 50 were asked");
  }

  @Test
  void eightProxiesAreAskedAtOnce() throws Exception {
    for (int i = 1; i < 2 * DataPlaneChecks.AT_ONCE; i++) {
      sidecar("web-" + i, version(), true);
    }
    // Nobody is answered before eight ask.
    var eight = new CyclicBarrier(DataPlaneChecks.AT_ONCE);
    var asking = new AtomicInteger();
    var most = new AtomicInteger();
    PodPages pages =
        (namespace, pod, port, path) -> {
          most.accumulateAndGet(asking.incrementAndGet(), Math::max);
          try {
            eight.await(20, TimeUnit.SECONDS);
            return certificate(NOW.plus(Duration.ofHours(20)));
          } catch (Exception e) {
            throw ApiCallException.unanswered("alone", e.toString());
          } finally {
            asking.decrementAndGet();
          }
        };
    assertThat(find(dataPlane(pages, Duration.ofSeconds(60)), "proxies can be asked").error())
        .isEmpty();
    assertThat(most).hasValue(DataPlaneChecks.AT_ONCE);
  }

  @Test
  void proxiesThatDoNotAnswerTakeNoMoreThanTheTimeForAll() throws Exception {
    for (int i = 1; i < 20; i++) {
      sidecar("web-" + i, version(), true);
    }
    PodPages pages =
        (namespace, pod, port, path) -> {
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          throw ApiCallException.unanswered("asking", "interrupted");
        };
    assertWarning(
        dataPlane(pages, Duration.ofMillis(100)),
        "proxies can be asked",
        "selvage/gateway-1: not within the 0.1 s for all of them");
  }

  private List<Outcome> dataPlane(PodPages pages, Duration patience) throws InterruptedException {
    var outcomes = new ArrayList<Outcome>();
    Facts facts = facts("selvage");
    new CheckRun(System::nanoTime, time -> {}, Duration.ZERO, outcomes::add, what -> {})
        .run(
            List.of(
                new InstallationChecks(facts).existence(),
                new DataPlaneChecks(facts, "", pages, patience).category()));
    return outcomes;
  }

  @Test
  void sidecarsAreLookedAtOneByOne() throws Exception {
    sidecar("web-1", "0.0.9", true);
    sidecar("web-2", version(), false);
    metrics =
        Map.of(
            "shop/web-1",
            "selvage_identity_cert_expiration_timestamp_seconds "
                + NOW.plus(Duration.ofMinutes(9)).getEpochSecond()
                + ".0\nselvage_control_state_age_seconds{a=\"b c\"} 61.0\n",
            "shop/web-2",
            "selvage_identity_cert_expiration_timestamp_seconds "
                + (double) NOW.plus(Duration.ofHours(20)).getEpochSecond()
                + "\nselvage_control_state_age_seconds 0.0\n");

    List<Outcome> outcomes = run(false, true);

    assertError(outcomes, "data plane proxies are ready", "shop/web-2");
    assertWarning(outcomes, "data plane is up-to-date", "shop/web-1: 0.0.9");
    assertError(outcomes, "certificates of proxies are valid", "shop/web-1: it is not renewed");
    assertWarning(outcomes, "proxies know the state of the cluster", "shop/web-1: 61 s old");
    assertThat(outcomes.stream().map(Outcome::error).toList().toString())
        .doesNotContain("shop/web-2: ");
  }

  @Test
  void podsThatShouldHaveASidecarAndHaveNoneAreNamed() throws Exception {
    cluster
        .get("Namespace", "shop")
        .withObject("/metadata/annotations")
        .put("selvage.io/inject", "enabled");
    pod("plain", "{}", "{}", "Running");
    pod("done", "{}", "{}", "Succeeded");
    pod("unwilling", "{selvage.io/inject: disabled}", "{}", "Running");
    assertThat(error(run(false, true), "pods that should have a sidecar have one"))
        .contains("shop/plain")
        .doesNotContain("shop/done")
        .doesNotContain("shop/unwilling");
  }

  @Test
  void namespacesThatTheInjectorDoesNotSeeAreLeftOut() throws Exception {
    namespace("kube-system", "{}", "{selvage.io/inject: enabled}");
    namespace("ours", "{}", "{selvage.io/inject: enabled}");
    namespace(
        "deaf", "{config.selvage.io/admission-webhooks: disabled}", "{selvage.io/inject: enabled}");
    pod("kube-system", "dns", "{}", "{}", "Running");
    pod("ours", "exempt", "{}", "{}", "Running");
    pod("deaf", "unseen", "{}", "{}", "Running");
    assertThat(error(run(false, true), INJECTED)).isEqualTo("these have none:\n* ours/exempt");
    values("exemptNamespaces:\\s+- kube-system", "exemptNamespaces: [ours]");
    assertThat(error(run(false, true), INJECTED)).isEqualTo("these have none:\n* kube-system/dns");
  }

  @Test
  void linkerdsAnnotationCountsWhereTheInjectorTakesIt() throws Exception {
    pod("shop", "moved", "{linkerd.io/inject: enabled}", "{}", "Running");
    assertThat(error(run(false, true), INJECTED)).isEmpty();
    values("acceptLinkerdAnnotations: false", "acceptLinkerdAnnotations: true");
    assertThat(error(run(false, true), INJECTED)).isEqualTo("these have none:\n* shop/moved");
  }

  @Test
  void aPodThatCannotHaveASidecarIsNamedWithTheReason() throws Exception {
    pod("host", "{selvage.io/inject: enabled}", "{}", "Running");
    cluster.get("Pod", "host").withObject("/spec").put("hostNetwork", true);
    pod("odd", "{selvage.io/inject: yes please}", "{}", "Running");
    assertThat(error(run(false, true), INJECTED))
        .contains("* shop/host: hostNetwork is enabled")
        .contains("* shop/odd: invalid value for annotation");
  }

  private void namespace(String name, String labels, String annotations) {
    cluster.add(
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: %s, labels: %s, annotations: %s}
        """
            .formatted(name, labels, annotations));
  }

  @Test
  void clocksThatDifferAreNamed() throws Exception {
    cluster.remove("ConfigMap", "selvage-config");
    serverClock = NOW.minusSeconds(60);
    lease("node-1", NOW.plusSeconds(60));
    lease("node-2", NOW.minusSeconds(100));
    lease("gone", NOW.minusSeconds(10_000));
    node("node-1", "True");
    node("node-2", "True");
    node("gone", "Unknown");
    assertThat(error(run(true, false), CLOCKS)).isEmpty();
    serverClock = NOW.minusSeconds(61);
    lease("node-1", NOW.plusSeconds(61));
    lease("node-2", NOW.minusSeconds(101));
    assertThat(error(run(true, false), CLOCKS))
        .contains("* the API server: 61 s behind")
        .contains("* node-1: 61 s ahead")
        .contains("* node-2: 101 s behind")
        .doesNotContain("gone");
    cluster.forbid("/nodes");
    assertThat(error(run(true, false), CLOCKS)).contains("node-1").doesNotContain("node-2");
    serverClock = NOW.plusSeconds(61);
    assertThat(error(run(true, false), CLOCKS)).contains("* the API server: 61 s ahead");
    serverClock = null;
    assertThat(error(run(true, false), CLOCKS)).doesNotContain("API server");
  }

  /** As an object of the charts is looked for whose kind is not written down here. */
  @Test
  void aKindIsFoundByItsName() {
    assertThat(cluster.queries().type("getambassador.io/v3alpha1", "TCPMapping"))
        .contains(new Type("getambassador.io", "v3alpha1", "TCPMapping", "tcpmappings", true));
    assertThat(cluster.queries().type("getambassador.io/v3alpha1", "Nothing")).isEmpty();
    assertThat(cluster.queries().type("monitoring.coreos.com/v1", "ServiceMonitor")).isEmpty();
  }

  @Test
  void theApiServersClockIsThatOfItsAnswer() {
    Instant before = Instant.now().minus(Duration.ofMinutes(5));
    assertThat(cluster.queries().clock().orElseThrow())
        .isBetween(before, before.plus(Duration.ofMinutes(10)));
  }

  private void lease(String name, Instant renewed) {
    cluster.add(
        """
        apiVersion: coordination.k8s.io/v1
        kind: Lease
        metadata: {name: %s, namespace: kube-node-lease}
        spec: {renewTime: "%s", leaseDurationSeconds: 40}
        """
            .formatted(name, renewed));
  }

  private void node(String name, String ready) {
    cluster.add(
        """
        apiVersion: v1
        kind: Node
        metadata: {name: %s}
        status: {conditions: [{type: Ready, status: "%s"}]}
        """
            .formatted(name, ready));
  }

  @Test
  void whoMayNotReachProxiesIsToldWhatItTakes() throws Exception {
    sidecar("web-1", version(), true);
    cluster.allowed(false);
    metrics = null;
    assertWarning(
        run(false, true),
        "proxies can be asked",
        "your account may not create pods/portforward in the namespace shop: it takes a Role");
  }

  @Test
  void aProxyThatDoesNotAnswerIsAWarning() throws Exception {
    sidecar("web-1", version(), true);
    assertWarning(run(false, true), "proxies can be asked", "shop/web-1");
  }

  private String version() {
    return cluster.get("ConfigMap", "selvage-config").at("/data/version").asText();
  }

  private void sidecar(String name, String version, boolean ready) {
    pod(
        name,
        "{selvage.io/proxy-version: " + version + "}",
        "{selvage.io/control-plane-ns: selvage}",
        "Running");
    cluster
        .get("Pod", name)
        .withObject("/status")
        .putArray("initContainerStatuses")
        .addObject()
        .put("name", "selvage-proxy")
        .put("ready", ready);
  }

  private void pod(String name, String annotations, String labels, String phase) {
    pod("shop", name, annotations, labels, phase);
  }

  private void pod(String namespace, String name, String annotations, String labels, String phase) {
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: %s, annotations: %s, labels: %s}
        spec: {containers: [{name: app, image: app}]}
        status: {phase: %s}
        """
            .formatted(name, namespace, annotations, labels, phase));
  }

  private void trust(CertificateAuthorities.Created made) {
    cluster.add(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: selvage-identity-issuer, namespace: selvage}
        data: {tls.crt: %s, tls.key: %s}
        """
            .formatted(base64(made.issuerPem()), base64(made.issuerKeyPem())));
    cluster.add(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: selvage-trust-roots, namespace: selvage}
        """);
    cluster
        .get("ConfigMap", "selvage-trust-roots")
        .withObject("/data")
        .put("ca-bundle.crt", made.bundle().pem());
  }

  private void webhookCertificate(Instant end) {
    TestCa authority = TestCa.root("injector");
    TestCertificate leaf =
        authority.leaf("injector").valid(end.minus(Duration.ofDays(60)), end).issue();
    cluster.add(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: selvage-injector-tls, namespace: selvage}
        data: {tls.crt: %s}
        """
            .formatted(base64(leaf.chainPem())));
    cluster
        .get("MutatingWebhookConfiguration", "selvage-injector")
        .withObject("/webhooks/0/clientConfig")
        .put("caBundle", base64(authority.pem()));
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private List<Outcome> run(boolean pre, boolean proxy) throws InterruptedException {
    var outcomes = new ArrayList<Outcome>();
    new CheckRun(System::nanoTime, time -> {}, Duration.ZERO, outcomes::add, what -> {})
        .run(CheckCommand.categories(facts("selvage"), pre, proxy, "", this::page));
    return outcomes;
  }

  private Facts facts(String namespace) {
    return new Facts(
        cluster.queries(), namespace, () -> NOW, () -> Optional.ofNullable(serverClock));
  }

  private static String certificate(Instant end) {
    return "selvage_identity_cert_expiration_timestamp_seconds " + end.getEpochSecond() + ".0\n";
  }

  private String page(String namespace, String pod, int port, String path) {
    if (metrics == null) {
      return cluster.queries().podPage(namespace, pod, port, path);
    }
    if (pod.equals("gateway-1")) {
      assertThat(port).isEqualTo(9901);
      String text = path.equals("/problems") ? problems : ofGateway;
      if (text.isEmpty()) {
        throw ApiCallException.unanswered("asking pod " + namespace + "/" + pod, "no answer");
      }
      return text;
    }
    if (pod.startsWith("control-plane-")) {
      assertThat(port).isEqualTo(8085);
      assertThat(path).isEqualTo("/api/v1/overview");
      String text = overviews.getOrDefault(pod, overview("true", "", ""));
      if (text.isEmpty()) {
        throw ApiCallException.unanswered("asking pod " + namespace + "/" + pod, "no answer");
      }
      return text;
    }
    assertThat(port).isEqualTo(4191);
    assertThat(path).isEqualTo("/metrics");
    String text = metrics.get(namespace + "/" + pod);
    if (text == null) {
      throw ApiCallException.unanswered("asking pod " + namespace + "/" + pod, "no answer");
    }
    return text;
  }

  /** As the control plane writes it. */
  private static String overview(String connected, String problems, String proxies) {
    return """
    {"instance":"a","trust_domain":"cluster.local","time":"2030-01-01T00:00:00Z",
     "source":{"connected":%s,"detail":"refused","since":"2029-12-31T23:00:00Z"},
     "problems":[%s],"problem_count":0,"proxies":[%s],"proxy_count":0,"links":[]}
    """
        .formatted(connected, problems, proxies);
  }

  private static List<Outcome> notWell(List<Outcome> outcomes) {
    return outcomes.stream().filter(o -> o.result() != Result.SUCCESS).toList();
  }

  private static void assertError(List<Outcome> outcomes, String line, String error) {
    assertOutcome(outcomes, line, Result.ERROR, error);
  }

  private static void assertWarning(List<Outcome> outcomes, String line, String error) {
    assertOutcome(outcomes, line, Result.WARNING, error);
  }

  private static void assertOutcome(
      List<Outcome> outcomes, String line, Result result, String error) {
    Outcome found = find(outcomes, line);
    assertThat(found.result()).as("%s", found).isEqualTo(result);
    assertThat(found.error()).contains(error);
    assertThat(found.hint()).isNotBlank();
  }

  private static String error(List<Outcome> outcomes, String line) {
    return find(outcomes, line).error();
  }

  private static Outcome find(List<Outcome> outcomes, String line) {
    return outcomes.stream()
        .filter(o -> o.description().equals(line))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no line \"" + line + "\" among " + outcomes));
  }
}
