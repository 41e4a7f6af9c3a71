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
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  private final FakeCluster cluster;

  /** By pod; null = they are asked by port-forward. */
  private @Nullable Map<String, String> metrics = Map.of();

  ClusterChecksTest() throws Exception {
    cluster = new FakeCluster();
  }

  @BeforeEach
  void install() throws Exception {
    cluster.add(Files.readString(ROOT.resolve("charts/golden/default.yaml")));
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
    cluster
        .get("Service", "selvage-gateway")
        .withObject("/status/loadBalancer")
        .putArray("ingress")
        .addObject()
        .put("ip", "192.0.2.1");
    trust(CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365)));
    webhookCertificate(NOW.plus(Duration.ofDays(50)));
    cluster.add("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ClusterRole/selvage-gateway",
        "ClusterRoleBinding/selvage-control-plane",
        "Deployment/selvage-injector",
        "Role/selvage-gateway",
        "RoleBinding/selvage-injector",
        "Service/control-plane",
        "ServiceAccount/control-plane"
      })
  void whatIsMissingIsNamed(String object) throws Exception {
    String kind = object.substring(0, object.indexOf('/'));
    String name = object.substring(kind.length() + 1);
    cluster.remove(kind, name);
    assertError(run(false, false), kind + "s exist", kind + " " + name);
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
    assertWarning(run(false, false), "certificate config is valid", "you may not see it");
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
    assertWarning(
        outcomes, "every Listener, Host and Mapping is served", "Mapping shop/web: no Service web");
    assertWarning(outcomes, "the gateway's Service has an address", "pending");
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
    cluster.add(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: shop, annotations: %s, labels: %s}
        status: {phase: %s}
        """
            .formatted(name, annotations, labels, phase));
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
    var facts = new Facts(cluster.queries(), "selvage", () -> NOW);
    new CheckRun(System::nanoTime, time -> {}, Duration.ZERO, outcomes::add)
        .run(CheckCommand.categories(facts, pre, proxy, "", this::page));
    return outcomes;
  }

  private String page(String namespace, String pod, int port, String path) {
    assertThat(port).isEqualTo(4191);
    assertThat(path).isEqualTo("/metrics");
    if (metrics == null) {
      return cluster.queries().podPage(namespace, pod, port, path);
    }
    String text = metrics.get(namespace + "/" + pod);
    if (text == null) {
      throw ApiCallException.unanswered("asking pod " + namespace + "/" + pod, "no answer");
    }
    return text;
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
