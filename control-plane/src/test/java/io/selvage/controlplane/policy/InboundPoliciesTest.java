// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.policy;

import static io.selvage.controlplane.fixture.Cluster.container;
import static io.selvage.controlplane.fixture.Cluster.httpProbe;
import static io.selvage.controlplane.fixture.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.Problem;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Pod;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.wire.WireLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InboundPoliciesTest {
  private final List<Problem> problems = new ArrayList<>();
  private final InboundPolicies policies =
      new InboundPolicies(InboundPolicy.ALL_AUTHENTICATED, List.of("10.0.0.0/8"));

  private InboundSettings of(Pod.Container... containers) {
    return policies.of(
        pod("shop", "web").containers(containers).make(),
        Optional.empty(),
        List.of(),
        List.of("192.168.0.9/32"),
        problems::add);
  }

  @Test
  void aPodThatSaysNothingHasTheProcessesDefault() {
    assertThat(of())
        .isSameAs(policies.unknownPod())
        .isEqualTo(
            new InboundSettings(
                InboundPolicy.ALL_AUTHENTICATED,
                List.of("10.0.0.0/8"),
                java.util.Set.of(),
                List.of(),
                List.of()));
  }

  @Test
  void whatThePodStatesHolds() {
    InboundSettings settings =
        policies.of(
            pod("shop", "web").make(),
            Optional.of(InboundPolicy.DENY),
            PortRange.parseList("25,4000-4002"),
            List.of(),
            problems::add);
    assertThat(settings.policy()).isEqualTo(InboundPolicy.DENY);
    assertThat(settings.opaquePorts()).containsExactly(25, 4000, 4001, 4002);
    assertThat(settings.clusterNetworks()).containsExactly("10.0.0.0/8");
  }

  @Test
  void kubeletsComeFromThePodsNodeUnlessNetworksAreGiven() {
    Pod.Container probed = container("a", 8080, httpProbe("/ok", IntOrString.of(8080)));
    assertThat(of(probed).probeNetworks()).containsExactly("192.168.0.9/32");
    var given =
        new InboundPolicies(InboundPolicy.DENY, List.of("10.0.0.0/8"), List.of("172.16.0.0/12"));
    assertThat(
            given
                .of(
                    pod("shop", "web").containers(probed).make(),
                    Optional.empty(),
                    List.of(),
                    List.of("192.168.0.9/32"),
                    problems::add)
                .probeNetworks())
        .containsExactly("172.16.0.0/12");
  }

  @Test
  void probesOfEveryKindAreKnown() {
    assertThat(
            of(
                    container("a", 8080, httpProbe("/healthz?full=1", IntOrString.of("main"))),
                    container("b", 9090, httpProbe("live", IntOrString.of(9091))),
                    container(
                        "c", 1, new Pod.Probe(null, new Pod.TcpSocket(IntOrString.of(3306)), null)),
                    container("d", 1, new Pod.Probe(null, null, new Pod.Grpc(50051))),
                    container(
                        "e",
                        1,
                        new Pod.Probe(
                            new Pod.HttpGet("/tls", IntOrString.of(8443), "HTTPS"), null, null)),
                    container("f", 1, new Pod.Probe(null, null, null)))
                .probes())
        .containsExactly(
            new Probe(8080, "/healthz?full=1"),
            new Probe(9091, "/live"),
            new Probe(3306, ""),
            new Probe(50051, Probe.GRPC_HEALTH),
            new Probe(8443, Probe.HTTPS));
    assertThat(problems).isEmpty();
  }

  @Test
  void aProbeOfAPortThatIsNoneIsAProblemAndTheOthersStay() {
    assertThat(
            of(
                    container("a", 8080, httpProbe("/x", IntOrString.of("unknown"))),
                    container("b", 8081, httpProbe("/x", IntOrString.of(70_000))),
                    container("c", 8082, httpProbe("/ok", IntOrString.of(8082))))
                .probes())
        .containsExactly(new Probe(8082, "/ok"));
    assertThat(problems).hasSize(2).allMatch(p -> p.reason().equals("InvalidProbe"));
  }

  @Test
  void aPathIsNoLongerThanAProxyTakes() {
    String most = "/" + "p".repeat(WireLimits.TEXT_BYTES - 1);
    assertThat(of(container("a", 80, httpProbe(most, IntOrString.of(80)))).probes()).hasSize(1);
    assertThat(of(container("a", 80, httpProbe(most + "p", IntOrString.of(80)))).probes())
        .isEmpty();
    assertThat(problems).hasSize(1);
  }

  @Test
  void thereAreNoMoreProbesThanAProxyTakes() {
    assertThat(of(probes(WireLimits.PROBES)).probes()).hasSize(WireLimits.PROBES);
    assertThat(problems).isEmpty();
    assertThat(of(probes(WireLimits.PROBES + 1)).probes()).hasSize(WireLimits.PROBES);
    assertThat(problems).hasSize(1);
  }

  private static Pod.Container[] probes(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> container("c" + i, i, httpProbe("/x", IntOrString.of(i))))
        .toArray(Pod.Container[]::new);
  }
}
