// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Renders the chart and compares word by word with charts/golden, which other tests apply. */
class ChartGoldenTest {
  private static final boolean UPDATE = Boolean.getBoolean("golden.update");
  private static final Path GOLDEN = Rendered.ROOT.resolve("charts/golden");

  static Stream<Arguments> renderings() {
    List<Path> plain = List.of();
    return Stream.of(
        Arguments.of("default", plain, new String[] {"podAntiAffinity=preferred"}),
        Arguments.of(
            "ha",
            List.of(Rendered.CHART.resolve("values-ha.yaml")),
            new String[] {"podDisruptionBudgets=true"}),
        Arguments.of("without-gateway", plain, new String[] {"gateway.enabled=false"}),
        Arguments.of("without-injector", plain, new String[] {"injector.enabled=false"}),
        Arguments.of(
            "gateway-alone",
            plain,
            new String[] {"controlPlane.enabled=false", "injector.enabled=false"}),
        Arguments.of(
            "host-ports",
            plain,
            new String[] {
              "createNamespace=true",
              "gateway.hostPorts.enabled=true",
              "gateway.service.type=ClusterIP",
              "gateway.publish.addresses={192.0.2.1,192.0.2.2}",
              "networkPolicies.enabled=false"
            }),
        Arguments.of(
            "services",
            plain,
            new String[] {
              "gateway.service.type=NodePort",
              "gateway.service.nodePorts.http=31080",
              "gateway.service.nodePorts.https=31443",
              "gateway.service.extraPorts[0].name=db",
              "gateway.service.extraPorts[0].port=5432",
              "gateway.service.extraPorts[0].nodePort=31432",
              "gateway.service.externalTrafficPolicy=Local",
              "gateway.service.internalTrafficPolicy=Local",
              "gateway.service.ipFamilyPolicy=PreferDualStack",
              "gateway.service.ipFamilies={IPv4}",
              "gateway.service.labels.tier=edge",
              "gateway.autoscaling.enabled=true",
              "controlPlane.enabled=false",
              "injector.enabled=false"
            }),
        Arguments.of(
            "constrained",
            plain,
            new String[] {
              "createNamespace=true",
              "listenAddress=::",
              "runAsUser=null",
              "injector.hostNetwork=true",
              "injector.port=9443",
              "gateway.enabled=false"
            }),
        Arguments.of(
            "identity-given",
            plain,
            new String[] {
              "identity.issuer.crtPEM=the issuer",
              "identity.issuer.keyPEM=its key",
              "identity.trustAnchorsPEM=the anchors",
              "gateway.enabled=false",
              "networkPolicies.enabled=false"
            }),
        Arguments.of(
            "identity-external",
            plain,
            new String[] {
              "identity.external=true",
              "gateway.enabled=false",
              "injector.enabled=false",
              "controlPlane.prometheus=http://prometheus-server.monitoring",
              "controlPlane.grafana=http://grafana:3000/grafana/",
              "networkPolicies.grafana.ports={3000}",
              "networkPolicies.grafana.to[0].podSelector.matchLabels.app=grafana",
              "controlPlane.tapRole.create=true"
            }),
        Arguments.of(
            "monitoring",
            plain,
            new String[] {
              "monitoring.podMonitors.enabled=true",
              "monitoring.grafanaDashboards.enabled=true",
              "networkPolicies.enabled=false"
            }),
        Arguments.of(
            "pods",
            plain,
            new String[] {
              "podAntiAffinity=required",
              "commonLabels.team=net",
              "images.digests.gateway=sha256:" + "0".repeat(64),
              "images.pullSecrets[0].name=registry",
              "injector.sidecar.pullSecrets={registry}",
              "injector.sidecar.resources.limits.cpu=2",
              "injector.sidecar.logLevel=warn",
              "injector.sidecar.skipOutboundPorts=3306\\,9000-9010",
              "gateway.podLabels.tier=edge",
              "gateway.replicas=null",
              "gateway.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1",
              "gateway.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
                  + ".preference.matchExpressions[0].key=edge",
              "gateway.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
                  + ".preference.matchExpressions[0].operator=Exists",
              "gateway.topologySpreadConstraints[0].maxSkew=1",
              "gateway.topologySpreadConstraints[0].topologyKey=rack",
              "gateway.topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
              "gateway.extraVolumes[0].name=clients",
              "gateway.extraVolumes[0].configMap.name=clients",
              "gateway.extraVolumeMounts[0].name=clients",
              "gateway.extraVolumeMounts[0].mountPath=/clients",
              "gateway.extraVolumeMounts[0].readOnly=true"
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("renderings")
  void isAsWrittenDown(String name, List<Path> files, String[] set) throws Exception {
    String text = Rendered.with(files, set).text();
    Path golden = GOLDEN.resolve(name + ".yaml");
    if (UPDATE) {
      Files.writeString(golden, text);
    }
    assertThat(text)
        .as("%s (regenerate with -Dgolden.update=true and read the difference)", golden)
        .isEqualTo(Files.readString(golden));
  }
}
