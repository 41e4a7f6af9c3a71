// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.VersionCommand;
import io.selvage.controlplane.app.ControlPlaneOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the charts promise, whatever their words are. */
class ChartTest {
  private static final Path HA = Rendered.CHART.resolve("values-ha.yaml");

  @Test
  void helmFindsNothingWrong() {
    assertThat(HelmEngine.lint(Rendered.CHART)).isEmpty();
    assertThat(HelmEngine.lint(Rendered.CRDS)).isEmpty();
  }

  @Test
  void helmFindsWhatIsWrong(@org.junit.jupiter.api.io.TempDir Path dir) throws Exception {
    Files.writeString(dir.resolve("Chart.yaml"), "apiVersion: v2\nname: broken\n");
    assertThat(HelmEngine.lint(dir)).anyMatch(message -> message.contains("version"));
  }

  @Test
  void chartsCarryTheVersionOfTheCommand() throws Exception {
    for (Path chart : List.of(Rendered.CHART, Rendered.CRDS)) {
      assertThat(Files.readString(chart.resolve("Chart.yaml")))
          .contains("\nversion: " + VersionCommand.number() + "\n")
          .contains("\nappVersion: " + VersionCommand.number() + "\n");
    }
  }

  @Test
  void everyPodIsRestricted() throws Exception {
    for (Rendered rendered : List.of(Rendered.with(), Rendered.with(List.of(HA)))) {
      List<ObjectNode> deployments = rendered.ofKind("Deployment");
      assertThat(deployments).hasSize(3);
      for (ObjectNode deployment : deployments) {
        JsonNode pod = deployment.at("/spec/template/spec");
        JsonNode security = pod.path("securityContext");
        assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(security.path("runAsUser").asInt()).isPositive();
        assertThat(security.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
        for (String field : List.of("hostNetwork", "hostPID", "hostIPC", "initContainers")) {
          assertThat(pod.has(field)).as(field).isFalse();
        }
        for (JsonNode container : pod.path("containers")) {
          JsonNode own = container.path("securityContext");
          assertThat(own.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
          assertThat(own.path("readOnlyRootFilesystem").asBoolean()).isTrue();
          assertThat(own.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
          assertThat(container.at("/resources/requests/memory").asText()).endsWith("Mi");
          assertThat(container.at("/resources/limits/memory").asText()).endsWith("Mi");
          assertThat(container.has("readinessProbe")).isTrue();
          assertThat(container.has("livenessProbe")).isTrue();
        }
        for (JsonNode volume : pod.path("volumes")) {
          assertThat(volume.has("hostPath")).isFalse();
        }
      }
    }
  }

  @Test
  void highAvailabilityMeansThreeOfEachApartAndAWebhookThatFailsShut() throws Exception {
    Rendered ha = Rendered.with(List.of(HA));
    for (ObjectNode deployment : ha.ofKind("Deployment")) {
      assertThat(deployment.at("/spec/replicas").asInt()).isEqualTo(3);
      assertThat(
              deployment
                  .at("/spec/template/spec/affinity/podAntiAffinity")
                  .has("requiredDuringSchedulingIgnoredDuringExecution"))
          .isTrue();
    }
    assertThat(ha.ofKind("PodDisruptionBudget")).hasSize(3);
    assertThat(failurePolicy(ha)).isEqualTo("Fail");
    assertThat(failurePolicy(Rendered.with())).isEqualTo("Ignore");
    assertThat(Rendered.with().ofKind("PodDisruptionBudget")).isEmpty();
  }

  private static String failurePolicy(Rendered rendered) {
    return rendered
        .get("MutatingWebhookConfiguration", "selvage-injector")
        .at("/webhooks/0/failurePolicy")
        .asText();
  }

  @Test
  void theGraceIsLongerThanTheDrain() throws Exception {
    Rendered rendered =
        Rendered.with("gateway.drain.lameDuckSeconds=7", "gateway.drain.timeoutSeconds=90");
    assertThat(rendered.args("selvage-gateway"))
        .contains("--drain-lame-duck=7s", "--drain-timeout=90s");
    assertThat(
            rendered
                .get("Deployment", "selvage-gateway")
                .at("/spec/template/spec/terminationGracePeriodSeconds")
                .asInt())
        .isEqualTo(107);
  }

  /** What is sent to a pod that was told to stop is served on every version of Kubernetes. */
  @Test
  void everyComponentServesOnWhileItLeavesItsService() throws Exception {
    for (String kubernetes : List.of("v1.25.0", "v1.36.2")) {
      Rendered rendered =
          Rendered.on(
              kubernetes,
              List.of(),
              "controlPlane.lameDuckSeconds=7",
              "controlPlane.drainTimeoutSeconds=20",
              "injector.lameDuckSeconds=8");
      assertThat(rendered.args("control-plane")).contains("--lame-duck=7s", "--drain-timeout=20s");
      assertThat(grace(rendered, "control-plane")).isEqualTo(37);
      assertThat(rendered.args("selvage-injector")).contains("--lame-duck=8s");
      assertThat(grace(rendered, "selvage-injector")).isEqualTo(28);
      assertThat(rendered.text()).doesNotContain("preStop:");
    }
  }

  private static int grace(Rendered rendered, String deployment) {
    return rendered
        .get("Deployment", deployment)
        .at("/spec/template/spec/terminationGracePeriodSeconds")
        .asInt();
  }

  /** Where two pods never share a node, one must go before its successor finds a place. */
  @Test
  void aRolloutFindsNodes() throws Exception {
    Rendered apart = Rendered.with("podAntiAffinity=required");
    for (String name : List.of("control-plane", "selvage-injector", "selvage-gateway")) {
      assertThat(rollout(apart, name)).as(name).isEqualTo("1/0");
      assertThat(rollout(Rendered.with(), name)).as(name).isEqualTo("0/1");
    }
    Rendered three = Rendered.with("controlPlane.replicas=3", "injector.replicas=3");
    assertThat(rollout(three, "control-plane")).isEqualTo("1/1");
    assertThat(rollout(three, "selvage-injector")).isEqualTo("1/1");
    for (String ha : List.of("control-plane", "selvage-injector")) {
      assertThat(rollout(Rendered.with(List.of(HA)), ha)).isEqualTo("1/0");
    }
    assertThat(rollout(Rendered.with("gateway.hostPorts.enabled=true"), "selvage-gateway"))
        .isEqualTo("1/0");
    // Who chooses knows his nodes.
    assertThat(
            rollout(
                Rendered.with("podAntiAffinity=required", "gateway.rollingUpdate.maxUnavailable=0"),
                "selvage-gateway"))
        .isEqualTo("0/1");
    assertThat(rollout(Rendered.with("gateway.rollingUpdate.maxSurge=0"), "selvage-gateway"))
        .isEqualTo("1/0");
    assertThat(
            rollout(Rendered.with("gateway.rollingUpdate.maxUnavailable=25%"), "selvage-gateway"))
        .isEqualTo("25%/1");
  }

  private static String rollout(Rendered rendered, String deployment) {
    JsonNode update = rendered.get("Deployment", deployment).at("/spec/strategy/rollingUpdate");
    return update.path("maxUnavailable").asText() + "/" + update.path("maxSurge").asText();
  }

  @Test
  void whatANewerKubernetesKnowsIsUsed() throws Exception {
    String condition = "!has(object.spec.hostNetwork) || !object.spec.hostNetwork";
    for (String kubernetes : List.of("v1.30.0", "v1.36.2")) {
      assertThat(
              Rendered.on(kubernetes, List.of(HA))
                  .get("MutatingWebhookConfiguration", "selvage-injector")
                  .at("/webhooks/0/matchConditions/0/expression")
                  .asText())
          .isEqualTo(condition);
    }
    assertThat(Rendered.on("v1.29.9", List.of(HA)).text()).doesNotContain("matchConditions");
    for (ObjectNode budget : Rendered.on("v1.27.0", List.of(HA)).ofKind("PodDisruptionBudget")) {
      assertThat(budget.at("/spec/unhealthyPodEvictionPolicy").asText()).isEqualTo("AlwaysAllow");
    }
    assertThat(Rendered.on("v1.26.9", List.of(HA)).text()).doesNotContain("unhealthyPodEviction");
  }

  @Test
  void addressesOfBothFamiliesAreText() throws Exception {
    Rendered rendered = Rendered.with("listenAddress=::");
    for (String name : List.of("control-plane", "selvage-injector", "selvage-gateway")) {
      assertThat(rendered.args(name)).contains("--address=::", "--admin-address=::");
    }
  }

  @Test
  void apiServersReachTheWebhookWhereTheyCan() throws Exception {
    Rendered rendered = Rendered.with("injector.port=9443", "createNamespace=true");
    assertThat(rendered.args("selvage-injector")).contains("--port=9443");
    JsonNode pod = rendered.get("Deployment", "selvage-injector").at("/spec/template/spec");
    assertThat(pod.at("/containers/0/ports/0/containerPort").asInt()).isEqualTo(9443);
    assertThat(rendered.get("NetworkPolicy", "selvage-injector").at("/spec/ingress/0/ports/0/port"))
        .hasToString("9443");
    assertThat(pod.has("hostNetwork")).isFalse();
    assertThat(level(rendered)).isEqualTo("restricted");
    Rendered ofNode = Rendered.with("injector.hostNetwork=true", "createNamespace=true");
    JsonNode there = ofNode.get("Deployment", "selvage-injector").at("/spec/template/spec");
    assertThat(there.path("hostNetwork").asBoolean()).isTrue();
    assertThat(there.path("dnsPolicy").asText()).isEqualTo("ClusterFirstWithHostNet");
    // The port of a node cannot be had twice.
    assertThat(rollout(ofNode, "selvage-injector")).isEqualTo("1/0");
    assertThat(level(ofNode)).isEqualTo("privileged");
  }

  @Test
  void aClusterMayChooseWhomPodsRunAs() throws Exception {
    for (ObjectNode deployment : Rendered.with("runAsUser=null").ofKind("Deployment")) {
      JsonNode security = deployment.at("/spec/template/spec/securityContext");
      assertThat(fields(security)).doesNotContain("runAsUser", "runAsGroup", "fsGroup");
      assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
    }
    for (ObjectNode deployment : Rendered.with("runAsUser=1000").ofKind("Deployment")) {
      JsonNode security = deployment.at("/spec/template/spec/securityContext");
      for (String field : List.of("runAsUser", "runAsGroup", "fsGroup")) {
        assertThat(security.path(field).asInt()).isEqualTo(1000);
      }
    }
  }

  @Test
  void whatSomebodyElseScaledStays() throws Exception {
    String there = "cli.replicas.selvage-gateway=0";
    assertThat(replicas(Rendered.with(there, "gateway.replicas=3"))).isEqualTo(3);
    assertThat(replicas(Rendered.with(there, "gateway.replicas=null"))).isZero();
    assertThat(replicas(Rendered.with(there, "gateway.autoscaling.enabled=true"))).isZero();
    assertThat(
            Rendered.with("cli.replicas.control-plane=4", "controlPlane.replicas=null")
                .get("Deployment", "control-plane")
                .at("/spec/replicas")
                .asInt())
        .isEqualTo(4);
  }

  private static int replicas(Rendered rendered) {
    return rendered.get("Deployment", "selvage-gateway").at("/spec/replicas").asInt(-1);
  }

  @Test
  void somebodyElsesIssuerIsOnlyRead() throws Exception {
    Rendered external = Rendered.with("identity.external=true");
    assertThat(external.args("control-plane")).contains("--external-identity");
    assertThat(Rendered.with().args("control-plane")).doesNotContain("--external-identity");
    assertThat(verbs(external.get("Role", "selvage-control-plane")))
        .containsExactlyInAnyOrder("get", "list", "watch");
    assertThat(verbs(Rendered.with().get("Role", "selvage-control-plane")))
        .contains("create", "update");
  }

  private static Set<String> verbs(JsonNode role) {
    Set<String> verbs = new TreeSet<>();
    role.path("rules").forEach(rule -> rule.path("verbs").forEach(v -> verbs.add(v.asText())));
    return verbs;
  }

  @Test
  void ingressesGetTheAddressThatWasChosen() throws Exception {
    String ofService = "--publish-service=selvage/selvage-gateway";
    assertThat(Rendered.with().args("selvage-gateway")).contains(ofService);
    Rendered named = Rendered.with("gateway.publish.addresses={192.0.2.1,gw.example}");
    Rendered none = Rendered.with("gateway.publish.service=false");
    assertThat(named.args("selvage-gateway"))
        .contains("--publish-address=192.0.2.1,gw.example")
        .doesNotContain(ofService);
    assertThat(none.args("selvage-gateway")).noneMatch(a -> a.startsWith("--publish"));
    // Without a Service to look at, nobody needs the right to.
    for (Rendered rendered : List.of(named, none)) {
      assertThat(rendered.get("Role", "selvage-gateway").toString()).doesNotContain("services");
    }
  }

  @Test
  void somebodyElseMayScaleTheGateway() throws Exception {
    assertThat(hasReplicas(Rendered.with())).isTrue();
    assertThat(hasReplicas(Rendered.with("gateway.replicas=null"))).isFalse();
    Rendered scaled =
        Rendered.with(
            "podDisruptionBudgets=true",
            "gateway.autoscaling.enabled=true",
            "gateway.autoscaling.maxReplicas=5");
    assertThat(hasReplicas(scaled)).isFalse();
    JsonNode spec = scaled.get("HorizontalPodAutoscaler", "selvage-gateway").path("spec");
    assertThat(spec.at("/scaleTargetRef/name").asText()).isEqualTo("selvage-gateway");
    assertThat(spec.path("maxReplicas").asInt()).isEqualTo(5);
    assertThat(spec.at("/metrics/0/resource/target/averageUtilization").asInt()).isEqualTo(70);
    assertThat(scaled.ofKind("PodDisruptionBudget")).hasSize(1);
    assertThat(Rendered.with().ofKind("HorizontalPodAutoscaler")).isEmpty();
  }

  private static boolean hasReplicas(Rendered rendered) {
    return rendered.get("Deployment", "selvage-gateway").path("spec").has("replicas");
  }

  @Test
  void whatIsChosenForSidecarsReachesTheInjector() throws Exception {
    assertThat(Rendered.with().args("selvage-injector"))
        .contains(
            "--proxy-default=proxy-cpu-request=50m",
            "--proxy-default=proxy-memory-request=75Mi",
            "--proxy-default=proxy-memory-limit=250Mi")
        .noneMatch(a -> a.contains("log-level") || a.contains("pull-secrets"));
    assertThat(
            Rendered.with(
                    "injector.sidecar.resources.requests.cpu=null",
                    "injector.sidecar.resources.limits.cpu=2",
                    "injector.sidecar.logLevel=warn",
                    "injector.sidecar.skipInboundPorts=25",
                    "injector.sidecar.pullSecrets={one,two}")
                .args("selvage-injector"))
        .contains(
            "--proxy-default=proxy-cpu-request=",
            "--proxy-default=proxy-cpu-limit=2",
            "--proxy-default=proxy-log-level=warn",
            "--proxy-default=skip-inbound-ports=25",
            "--image-pull-secrets=one,two");
  }

  @Test
  void kubeSystemAndWeAreExemptFromTheWebhook() throws Exception {
    JsonNode selector =
        Rendered.with("injector.exemptNamespaces={kube-system,other}")
            .get("MutatingWebhookConfiguration", "selvage-injector")
            .at("/webhooks/0/namespaceSelector/matchExpressions/1/values");
    assertThat(StreamSupport.stream(selector.spliterator(), false).map(JsonNode::asText))
        .containsExactly("kube-system", "other", "selvage");
  }

  @Test
  void theGatewayIsAPlainIngressControllerWithoutAControlPlane() throws Exception {
    Rendered alone = Rendered.with("controlPlane.enabled=false", "injector.enabled=false");
    assertThat(alone.args("selvage-gateway")).noneMatch(a -> a.contains("control-plane"));
    assertThat(alone.get("Deployment", "selvage-gateway").at("/spec/template/spec/volumes"))
        .hasSize(1);
  }

  @Test
  void theServiceTakesEveryType() throws Exception {
    JsonNode nodePort =
        Rendered.with(
                "gateway.service.type=NodePort",
                "gateway.service.nodePorts.http=31080",
                "gateway.service.externalTrafficPolicy=Local")
            .get("Service", "selvage-gateway")
            .path("spec");
    assertThat(nodePort.path("type").asText()).isEqualTo("NodePort");
    assertThat(nodePort.at("/ports/0/nodePort").asInt()).isEqualTo(31080);
    assertThat(nodePort.path("externalTrafficPolicy").asText()).isEqualTo("Local");
    JsonNode balanced =
        Rendered.with(
                "gateway.service.ipFamilies={IPv6,IPv4}",
                "gateway.service.ipFamilyPolicy=RequireDualStack",
                "gateway.service.allocateLoadBalancerNodePorts=false")
            .get("Service", "selvage-gateway")
            .path("spec");
    assertThat(balanced.path("ipFamilies").toString()).isEqualTo("[\"IPv6\",\"IPv4\"]");
    assertThat(balanced.path("ipFamilyPolicy").asText()).isEqualTo("RequireDualStack");
    assertThat(balanced.path("allocateLoadBalancerNodePorts").asBoolean(true)).isFalse();
    assertThat(nodePort.has("allocateLoadBalancerNodePorts")).isFalse();
    JsonNode inner =
        Rendered.with("gateway.service.type=ClusterIP", "gateway.service.nodePorts.http=31080")
            .get("Service", "selvage-gateway")
            .path("spec");
    assertThat(inner.at("/ports/0").has("nodePort")).isFalse();
    assertThat(inner.has("externalTrafficPolicy")).isFalse();
  }

  @Test
  void hostPortsReplacePodsOneByOneAndOpenTheNamespace() throws Exception {
    Rendered rendered = Rendered.with("gateway.hostPorts.enabled=true", "createNamespace=true");
    JsonNode gateway = rendered.get("Deployment", "selvage-gateway");
    assertThat(gateway.at("/spec/template/spec/containers/0/ports/0/hostPort").asInt())
        .isEqualTo(80);
    assertThat(gateway.at("/spec/strategy/rollingUpdate/maxSurge").asInt()).isZero();
    assertThat(level(rendered)).isEqualTo("privileged");
    assertThat(level(Rendered.with("createNamespace=true"))).isEqualTo("restricted");
  }

  private static String level(Rendered rendered) {
    return rendered
        .get("Namespace", "selvage")
        .at("/metadata/labels/pod-security.kubernetes.io~1enforce")
        .asText();
  }

  @Test
  void whatAnOldKubernetesDoesNotKnowIsLeftOut() throws Exception {
    Rendered old = Rendered.on("v1.28.4", List.of());
    assertThat(old.args("selvage-injector")).contains("--classic-sidecar");
    Rendered recent = Rendered.on("v1.30.0", List.of());
    assertThat(recent.args("selvage-injector")).doesNotContain("--classic-sidecar");
    assertThatThrownBy(() -> Rendered.on("v1.24.9", List.of())).hasMessageContaining("1.25");
  }

  @Test
  void trustMaterialIsAllOrNothingAndNeverInTheConfig() throws Exception {
    assertThatThrownBy(() -> Rendered.with("identity.trustAnchorsPEM=x"))
        .hasMessageContaining("all three or none");
    assertThatThrownBy(() ->
            Rendered.with(
                "identity.external=true",
                "identity.trustAnchorsPEM=x",
                "identity.issuer.crtPEM=y",
                "identity.issuer.keyPEM=z"))
        .hasMessageContaining("identity.external");
    Rendered given =
        Rendered.with(
            "identity.trustAnchorsPEM=anchors-pem",
            "identity.issuer.crtPEM=issuer-pem",
            "identity.issuer.keyPEM=secret-key");
    assertThat(given.get("Secret", "selvage-identity-issuer").at("/data/tls.key").asText())
        .isEqualTo(
            java.util.Base64.getEncoder()
                .encodeToString("secret-key".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    assertThat(given.get("ConfigMap", "selvage-trust-roots").at("/data/ca-bundle.crt").asText())
        .isEqualTo("anchors-pem\n");
    // An upgrade that does not give them again deletes nothing.
    for (ObjectNode kept :
        List.of(
            given.get("Secret", "selvage-identity-issuer"),
            given.get("ConfigMap", "selvage-trust-roots"))) {
      assertThat(kept.at("/metadata/annotations/helm.sh~1resource-policy").asText())
          .isEqualTo("keep");
    }
    assertThat(given.get("ConfigMap", "selvage-config").toString())
        .doesNotContain("anchors-pem")
        .doesNotContain("secret-key");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gateway.replicas=0                       | gateway.replicas
          gateway.replicas=101                     | gateway.replicas
          gateway.service.type=Loadbalancer        | gateway.service.type
          gateway.ports.http=65536                 | gateway.ports.http
          gateway.accessLog=/var/log/access        | gateway.accessLog
          injector.failurePolicy=fail              | injector.failurePolicy
          injector.port=443                        | injector.port
          injector.exemptNamespaces={a: b}         | injector.exemptNamespaces.0
          injector.priorityClassName=a b           | injector.priorityClassName
          gateway.service.loadBalancerClass=a: b   | gateway.service.loadBalancerClass
          gateway.service.externalIPs={edge}       | gateway.service.externalIPs.0
          gateway.otlpEndpoint=http://h #          | gateway.otlpEndpoint
          runAsUser=0                              | runAsUser
          injector.timeoutSeconds=31               | injector.timeoutSeconds
          controlPlane.prometheus=prometheus:9090  | controlPlane.prometheus
          controlPlane.grafana=grafana:3000        | controlPlane.grafana
          controlPlane.tapRole.aggregateTo={a b}   | controlPlane.tapRole.aggregateTo.0
          controlPlane.clusterNetworks={10.0.0.0}  | controlPlane.clusterNetworks.0
          defaultInboundPolicy=none                | defaultInboundPolicy
          controlPlane.gatewayIdentities={gateway} | controlPlane.gatewayIdentities.0
          podAntiAffinity=hard                     | podAntiAffinity
          identity.issuanceLifetime=1d             | identity.issuanceLifetime
          images.prefix=Registry/Selvage           | images.prefix
          gatway.enabled=true                      | gatway
          gateway.mesh.controlPlane=far:8443       | controlPlane
          injector.controlPlane=far:8443           | controlPlane
          gateway.rollingUpdate.maxSurge=some      | gateway.rollingUpdate.maxSurge
          gateway.publish.addresses={a b}          | gateway.publish.addresses.0
          images.digests.gateway=sha256:12         | images.digests.gateway
          gateway.service.ipFamilies={IPv5}        | gateway.service.ipFamilies.0
          commonLabels.team=a b                    | commonLabels.team
          injector.sidecar.logLevel=loud           | injector.sidecar.logLevel
          injector.sidecar.skipInboundPorts=http   | injector.sidecar.skipInboundPorts
          networkPolicies.prometheus.ports={0}     | networkPolicies.prometheus.ports.0
          controlPlane.lameDuckSeconds=-1          | controlPlane.lameDuckSeconds
          gateway.enabeld=true                     | enabeld
          logLevel=info                            | logLevel
          monitoring.podMonitors.interval=often    | monitoring.podMonitors.interval
          """)
  void aValueThatMakesNoSenseIsRefusedByName(String set, String name) {
    assertThatThrownBy(() -> Rendered.with(set))
        .isInstanceOf(HelmEngine.RenderException.class)
        .hasMessageContaining(name)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void combinationsThatCannotWorkAreRefused() {
    assertThatThrownBy(() -> Rendered.with("controlPlane.enabled=false"))
        .hasMessageStartingWith("sidecars need a control plane");
  }

  private static final String EXTRA = "gateway.service.extraPorts[0].";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gateway.ports.https=80                    | gateway.ports.https are the same port
          injector.port=9995                        | injector.port: port 9995 is the injector's admin
          gateway.ports.https=9901                  | gateway.ports.https: port 9901 is the gateway's admin
          gateway.hostPorts.enabled=true;gateway.hostPorts.https=80 | gateway.hostPorts.https are the same
          gateway.service.httpsPort=80              | gateway.service.httpsPort are the same port
          gateway.service.nodePorts.http=31000;gateway.service.nodePorts.https=31000 | nodePorts.https are
          +port=9901                                | extraPorts[0].targetPort: 9901 is the gateway's admin
          +port=1;+targetPort=9901                  | extraPorts[0].targetPort: 9901 is the gateway's admin
          +port=1;+targetPort=admin                 | extraPorts[0].targetPort: admin is none of
          +port=443                                 | extraPorts[0].port: another port of the Service is 443
          +port=1;+name=http                        | extraPorts[0].name: another port of the Service is named
          +port=1;-port=1                           | extraPorts[1].port: another port of the Service is 1
          +port=1;-port=2;-name=db                  | extraPorts[1].name: another port of the Service is named
          +port=1;+nodePort=31000;gateway.service.type=ClusterIP | extraPorts[0].nodePort: a Service of type
          +port=1;+nodePort=31000;-port=2;-nodePort=31000 | extraPorts[1].nodePort: another port
          gateway.rollingUpdate.maxSurge=0;gateway.rollingUpdate.maxUnavailable=0% | gateway.rollingUpdate: with
          gateway.autoscaling.enabled=true;gateway.autoscaling.minReplicas=11 | minReplicas is above maxReplicas
          gateway.autoscaling.enabled=true;gateway.resources.requests.cpu=null | gateway.resources.requests.cpu
          commonLabels.selvage\\.io/x=y             | commonLabels: the label selvage.io/x
          gateway.podLabels.app\\.kubernetes\\.io/name=y | gateway.podLabels: the label app.kubernetes.io/name
          """)
  void portsAndRolloutsThatContradictThemselvesAreRefusedByName(String set, String message) {
    String[] values =
        set.replace("+", EXTRA).replace(";-", ";gateway.service.extraPorts[1].").split(";");
    var all = new ArrayList<String>();
    for (int port = 0; port < 2; port++) {
      String at = "gateway.service.extraPorts[" + port + "].";
      if (set.contains(port == 0 ? "+" : ";-")) {
        all.add(at + "name=" + (port == 0 ? "db" : "mq"));
      }
    }
    all.addAll(List.of(values));
    assertThatThrownBy(() -> Rendered.with(all.toArray(new String[0])))
        .isInstanceOf(HelmEngine.RenderException.class)
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void furtherPortsThatDoNotContradictAreTaken() throws Exception {
    JsonNode ports =
        Rendered.with(
                EXTRA + "name=db",
                EXTRA + "port=9901",
                EXTRA + "targetPort=5432",
                "gateway.service.extraPorts[1].name=again",
                "gateway.service.extraPorts[1].port=8080",
                "gateway.service.extraPorts[1].targetPort=http")
            .get("Service", "selvage-gateway")
            .at("/spec/ports");
    assertThat(ports).hasSize(4);
    assertThat(ports.at("/3/targetPort").asText()).isEqualTo("http");
  }

  @Test
  void dashboardsShowMetricsThatAreDocumented() throws Exception {
    String documented = Files.readString(Rendered.ROOT.resolve("docs/operations.md"));
    Rendered rendered = Rendered.with("monitoring.grafanaDashboards.enabled=true");
    ObjectNode map = rendered.get("ConfigMap", "selvage-dashboards");
    Set<String> names = new TreeSet<>();
    for (JsonNode file : map.path("data")) {
      JsonNode dashboard = new ObjectMapper().readTree(file.asText());
      assertThat(dashboard.path("panels").size()).isGreaterThan(10);
      for (JsonNode panel : dashboard.path("panels")) {
        for (JsonNode target : panel.path("targets")) {
          Pattern.compile("\\bselvage_[a-z_]+")
              .matcher(target.path("expr").asText())
              .results()
              .map(found -> found.group().replaceAll("_bucket$", ""))
              .forEach(names::add);
        }
      }
    }
    assertThat(names).hasSizeGreaterThan(30);
    Set<String> unknown =
        names.stream().filter(name -> !isDocumented(documented, name)).collect(Collectors.toSet());
    assertThat(unknown).isEmpty();
  }

  /**
   * The documentation writes {@code selvage_connections_total}, {@code _active} for two of them.
   */
  private static boolean isDocumented(String text, String name) {
    if (text.contains(name)) {
      return true;
    }
    int suffix = name.length();
    while ((suffix = name.lastIndexOf('_', suffix - 1)) > "selvage".length()) {
      String ending = "`" + name.substring(suffix);
      String stem = name.substring(0, suffix);
      if (text.lines().anyMatch(l -> l.contains(stem) && l.contains(ending))) {
        return true;
      }
    }
    return false;
  }

  @Test
  void podMonitorsFindSidecarsAndOurselves() throws Exception {
    Rendered rendered = Rendered.with("monitoring.podMonitors.enabled=true");
    assertThat(rendered.ofKind("PodMonitor")).hasSize(2);
    assertThat(Rendered.with().ofKind("PodMonitor")).isEmpty();
    JsonNode sidecars = rendered.get("PodMonitor", "selvage-sidecars").path("spec");
    assertThat(sidecars.at("/podMetricsEndpoints/0/port").asText()).isEqualTo("selvage-admin");
    assertThat(sidecars.at("/selector/matchLabels/selvage.io~1control-plane-ns").asText())
        .isEqualTo("selvage");
  }

  /** By the API reference of the Prometheus operator, {@code monitoring.coreos.com/v1}. */
  @Test
  void podMonitorsHaveFieldsThatTheOperatorKnows() throws Exception {
    List<ObjectNode> monitors =
        Rendered.with("monitoring.podMonitors.enabled=true").ofKind("PodMonitor");
    assertThat(monitors).hasSize(2);
    for (ObjectNode monitor : monitors) {
      assertThat(monitor.path("apiVersion").asText()).isEqualTo("monitoring.coreos.com/v1");
      assertThat(fields(monitor.path("spec")))
          .isSubsetOf("namespaceSelector", "selector", "podMetricsEndpoints");
      for (JsonNode endpoint : monitor.at("/spec/podMetricsEndpoints")) {
        assertThat(fields(endpoint)).isSubsetOf("port", "path", "interval", "relabelings");
        for (JsonNode relabeling : endpoint.path("relabelings")) {
          assertThat(fields(relabeling)).isSubsetOf("sourceLabels", "targetLabel");
        }
      }
    }
  }

  private static Set<String> fields(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void toolsUnderThePageAreNamedAndMayBeReached() throws Exception {
    Rendered rendered =
        Rendered.with(
            "controlPlane.prometheus=https://prometheus.example/base",
            "controlPlane.grafana=http://grafana.monitoring:3000/grafana/");
    assertThat(rendered.args("control-plane"))
        .contains(
            "--prometheus=https://prometheus.example/base",
            "--grafana=http://grafana.monitoring:3000/grafana/");
    JsonNode egress = rendered.get("NetworkPolicy", "control-plane").at("/spec/egress");
    assertThat(ports(egress)).contains(443, 3000);
    // A policy sees the pod's port, which the URL of a Service does not tell.
    assertThat(anyPortOf(egress)).containsExactly("example", "monitoring");
    assertThat(
            anyPortOf(
                Rendered.with(
                        "controlPlane.prometheus=http://prometheus-server",
                        "controlPlane.grafana=http://10.96.0.7:80/")
                    .get("NetworkPolicy", "control-plane")
                    .at("/spec/egress")))
        .containsExactly("selvage");
    JsonNode chosen =
        Rendered.with(
                "controlPlane.prometheus=http://10.96.0.7",
                "networkPolicies.prometheus.ports={9090}",
                "networkPolicies.prometheus.to[0].podSelector.matchLabels.app=prometheus")
            .get("NetworkPolicy", "control-plane")
            .at("/spec/egress");
    assertThat(ports(chosen)).contains(9090).doesNotContain(80);
    assertThat(chosen.toString())
        .contains("{\"podSelector\":{\"matchLabels\":{\"app\":\"prometheus\"}}}");
    assertThat(anyPortOf(chosen)).isEmpty();
    assertThat(ports(Rendered.with().get("NetworkPolicy", "control-plane").at("/spec/egress")))
        .doesNotContain(3000);
    assertThat(Rendered.with().args("control-plane")).noneMatch(a -> a.contains("grafana"));
  }

  /** Namespaces of which every port may be reached. */
  private static List<String> anyPortOf(JsonNode rules) {
    return StreamSupport.stream(rules.spliterator(), false)
        .filter(rule -> !rule.has("ports"))
        .map(rule ->
            rule.at("/to/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name").asText())
        .toList();
  }

  private static List<Integer> ports(JsonNode rules) {
    return StreamSupport.stream(rules.spliterator(), false)
        .flatMap(rule -> StreamSupport.stream(rule.path("ports").spliterator(), false))
        .map(port -> port.path("port").asInt())
        .toList();
  }

  /** Pods of DNS listen on 53, those of OpenShift on 5353. */
  @Test
  void dnsMayBeAskedWhereItsPodsListen() throws Exception {
    for (String policy : List.of("control-plane", "selvage-injector")) {
      assertThat(ports(Rendered.with().get("NetworkPolicy", policy).at("/spec/egress")))
          .contains(53, 5353);
    }
  }

  @Test
  void replicasOfTheControlPlaneReachEachOther() throws Exception {
    JsonNode egress =
        Rendered.with(List.of(HA)).get("NetworkPolicy", "control-plane").at("/spec/egress");
    assertThat(StreamSupport.stream(egress.spliterator(), false))
        .anySatisfy(rule -> {
          assertThat(rule.at("/ports/0/port").asInt()).isEqualTo(8443);
          assertThat(
                  rule.at("/to/0/podSelector/matchLabels/selvage.io~1control-plane-component")
                      .asText())
              .isEqualTo("control-plane");
        });
  }

  /** Nobody runs as it, and it is good for two things. */
  @Test
  void theOperatorsAccountTapsAndRotatesAndNothingElse() throws Exception {
    Rendered rendered = Rendered.with();
    assertThat(
            rendered
                .get("ServiceAccount", "selvage-operator")
                .path("automountServiceAccountToken")
                .asBoolean(true))
        .isFalse();
    assertThat(rendered.get("ClusterRole", "selvage-operator").at("/rules"))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    [{"apiGroups":["selvage.io"],"resources":["taps"],"verbs":["watch"]},
                     {"apiGroups":["selvage.io"],"resources":["rotations"],"verbs":["create"]}]
                    """));
    JsonNode binding = rendered.get("ClusterRoleBinding", "selvage-operator");
    assertThat(binding.at("/subjects")).hasSize(1);
    assertThat(binding.at("/subjects/0/name").asText())
        .isEqualTo(ControlPlaneOptions.OPERATOR_ACCOUNT);
    Rendered without = Rendered.with("controlPlane.operatorAccount.create=false");
    for (String kind : List.of("ServiceAccount", "ClusterRole", "ClusterRoleBinding")) {
      assertThat(without.find(kind, "selvage-operator")).as(kind).isEmpty();
    }
  }

  @Test
  void theRoleForTapsIsMadeWhereItIsAskedFor() throws Exception {
    assertThat(Rendered.with().find("ClusterRole", "selvage-tap")).isEmpty();
    ObjectNode alone =
        Rendered.with("controlPlane.tapRole.create=true").get("ClusterRole", "selvage-tap");
    assertThat(alone.at("/rules"))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    "[{\"apiGroups\":[\"selvage.io\"],\"resources\":[\"taps\"],\"verbs\":[\"watch\"]}]"));
    assertThat(alone.at("/metadata/labels").toString()).doesNotContain("aggregate");
    ObjectNode aggregated =
        Rendered.with(
                "controlPlane.tapRole.create=true", "controlPlane.tapRole.aggregateTo={admin,edit}")
            .get("ClusterRole", "selvage-tap");
    for (String name : List.of("admin", "edit")) {
      assertThat(
              aggregated
                  .at("/metadata/labels/rbac.authorization.k8s.io~1aggregate-to-" + name)
                  .asText())
          .isEqualTo("true");
    }
  }

  @Test
  void theIssuersKeyIsInNoFile() throws Exception {
    TrustMaterial trust = TrustMaterial.fresh("cluster.local", java.time.Instant.now());
    try (ChartFiles charts = ChartFiles.unpack()) {
      var release =
          new Release(
              "selvage",
              new ChartValues().tree(),
              java.util.Optional.of(trust),
              Surroundings.of(java.util.Optional.empty()));
      var rendered = HelmEngine.objects(release.render(charts));
      assertThat(rendered)
          .filteredOn(o -> o.at("/metadata/name").asText().equals("selvage-identity-issuer"))
          .singleElement()
          .extracting(o -> decoded(o.at("/data/tls.key")))
          .isEqualTo(trust.issuerKeyPem());
      try (var files = Files.walk(charts.file("."))) {
        assertThat(files.filter(Files::isRegularFile))
            .hasSizeGreaterThan(30)
            .noneMatch(file -> contains(file, "PRIVATE KEY"));
      }
    }
  }

  private static String decoded(JsonNode base64) {
    return new String(
        java.util.Base64.getDecoder().decode(base64.asText()),
        java.nio.charset.StandardCharsets.UTF_8);
  }

  private static boolean contains(Path file, String text) {
    try {
      return Files.readString(file).contains(text);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void whatTheCommandRendersIsWhatHelmRenders() throws Exception {
    Rendered byHelm = Rendered.with("gateway.replicas=2", "createNamespace=true");
    ObjectNode chosen = new ChartValues().set(List.of("gateway.replicas=2"), false).tree();
    try (ChartFiles charts = ChartFiles.unpack()) {
      var release =
          new Release(
              "selvage",
              chosen,
              java.util.Optional.empty(),
              Surroundings.of(java.util.Optional.of(HelmEngine.KUBERNETES)));
      List<ObjectNode> byCommand = HelmEngine.objects(release.render(charts));
      // It also writes down what was chosen.
      byCommand.stream()
          .filter(o -> o.at("/metadata/name").asText().equals("selvage-config"))
          .forEach(o -> ((ObjectNode) o.path("data")).put("overrides", ""));
      assertThat(byCommand).isEqualTo(byHelm.objects());
    }
  }
}
