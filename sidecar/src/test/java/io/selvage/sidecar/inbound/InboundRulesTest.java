// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InboundRulesTest {
  private static final InetAddress INSIDE = InetAddress.ofLiteral("10.1.2.3");
  private static final InetAddress OUTSIDE = InetAddress.ofLiteral("203.0.113.9");

  @ParameterizedTest
  @CsvSource({
    "all-unauthenticated, ALLOWED, ALLOWED, ALLOWED, ALLOWED",
    "all-authenticated, ALLOWED, UNAUTHENTICATED, ALLOWED, UNAUTHENTICATED",
    "cluster-authenticated, ALLOWED, UNAUTHENTICATED, OUTSIDE_CLUSTER, UNAUTHENTICATED",
    "cluster-unauthenticated, ALLOWED, ALLOWED, OUTSIDE_CLUSTER, OUTSIDE_CLUSTER",
    "deny, DENIED, DENIED, DENIED, DENIED",
    "audit, AUDITED, AUDITED, AUDITED, AUDITED",
  })
  void eachPolicyHasItsVerdicts(
      String policy, Verdict meshed, Verdict plain, Verdict meshedOutside, Verdict plainOutside) {
    var rules = new InboundRules(InboundSettings.of(InboundPolicy.parse(policy).orElseThrow()));
    assertThat(rules.judge(INSIDE, true)).isEqualTo(meshed);
    assertThat(rules.judge(INSIDE, false)).isEqualTo(plain);
    assertThat(rules.judge(OUTSIDE, true)).isEqualTo(meshedOutside);
    assertThat(rules.judge(OUTSIDE, false)).isEqualTo(plainOutside);
  }

  @Test
  void exactProbesOfKubeletsAlwaysPass() {
    var rules =
        new InboundRules(
            new InboundSettings(
                InboundPolicy.DENY,
                List.of("10.0.0.0/8"),
                Set.of(),
                List.of(new Probe(8080, "/ready?full=1"), new Probe(9090, "")),
                List.of("10.1.0.0/16", "fd00::/8")));
    assertThat(rules.judge(INSIDE, false, 8080, "GET", "/ready?full=1")).isEqualTo(Verdict.PROBE);
    assertThat(rules.judge(INSIDE, false, 8080, "POST", "/ready?full=1")).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 8080, "GET", "/ready")).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 8080, "GET", "/ready/")).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 8081, "GET", "/ready?full=1")).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 9090, "GET", "")).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(InetAddress.ofLiteral("10.2.0.1"), false, 8080, "GET", "/ready?full=1"))
        .isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(InetAddress.ofLiteral("fd00::1"), false, 8080, "GET", "/ready?full=1"))
        .isEqualTo(Verdict.PROBE);
  }

  @Test
  void probesByGrpcArePostedAndOthersAreNot() {
    InboundRules rules = denying(Set.of(), new Probe(50_051, Probe.GRPC_HEALTH));
    assertThat(rules.judge(INSIDE, false, 50_051, "POST", Probe.GRPC_HEALTH))
        .isEqualTo(Verdict.PROBE);
    assertThat(rules.judge(INSIDE, false, 50_051, "GET", Probe.GRPC_HEALTH))
        .isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(OUTSIDE, false, 50_051, "POST", Probe.GRPC_HEALTH))
        .isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 50_051, "POST", "/shop.Cart/Add"))
        .isEqualTo(Verdict.DENIED);
  }

  @Test
  void probesOfWhichOnlyTlsIsSeenPass() {
    InboundRules rules =
        denying(
            Set.of(), new Probe(8443, Probe.HTTPS), new Probe(8444, ""), new Probe(8080, "/ready"));
    assertThat(rules.judgeRaw(INSIDE, false, 8443, true)).isEqualTo(Verdict.PROBE);
    assertThat(rules.judgeRaw(INSIDE, false, 8443, false)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(OUTSIDE, false, 8443, true)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(INSIDE, false, 8080, true)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(INSIDE, false, 8444, true))
        .as("it only connects")
        .isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 8443, "GET", Probe.HTTPS)).isEqualTo(Verdict.DENIED);
  }

  @Test
  void whereTheKubeletIsNotKnownOnlyPathsAreBelieved() {
    var rules =
        new InboundRules(
            new InboundSettings(
                InboundPolicy.DENY,
                List.of("10.0.0.0/8"),
                Set.of(25),
                List.of(
                    new Probe(8443, Probe.HTTPS), new Probe(25, "/x"), new Probe(8080, "/ready")),
                List.of()));
    assertThat(rules.judgeRaw(INSIDE, false, 8443, true)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(INSIDE, false, 25, false)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judge(INSIDE, false, 8080, "GET", "/ready")).isEqualTo(Verdict.PROBE);
  }

  @Test
  void probesOfOpaquePortsPass() {
    InboundRules rules =
        denying(Set.of(8080, 8082), new Probe(8080, "/ready"), new Probe(8082, ""));
    assertThat(rules.judgeRaw(INSIDE, false, 8080, false)).isEqualTo(Verdict.PROBE);
    assertThat(rules.judgeRaw(OUTSIDE, false, 8080, false)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(INSIDE, false, 8081, false)).isEqualTo(Verdict.DENIED);
    assertThat(rules.judgeRaw(INSIDE, false, 8082, false)).isEqualTo(Verdict.DENIED);
  }

  private static InboundRules denying(Set<Integer> opaque, Probe... probes) {
    return new InboundRules(
        new InboundSettings(
            InboundPolicy.DENY,
            List.of("10.0.0.0/8"),
            opaque,
            List.of(probes),
            List.of("10.1.0.0/16")));
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.0.1, true",
    "10.0.0.0/8, 11.0.0.1, false",
    "100.64.0.0/10, 100.127.255.255, true",
    "100.64.0.0/10, 100.128.0.0, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, fd00::1, false",
    "fd00::/8, fdff::1, true",
    "192.168.1.7, 192.168.1.7, true",
    "192.168.1.7, 192.168.1.8, false",
  })
  void matchesNetworks(String cidr, String address, boolean inside) {
    assertThat(Networks.of(List.of(cidr), bad -> {}).contains(InetAddress.ofLiteral(address)))
        .isEqualTo(inside);
  }

  @Test
  void namesWhatIsNoNetwork() {
    var settings =
        new InboundSettings(
            InboundPolicy.CLUSTER_UNAUTHENTICATED,
            List.of("10.0.0.0/33", "nonsense", "10.0.0.0/x", "10.1.0.0/16"),
            Set.of(25),
            List.of(),
            List.of());
    var rules = new InboundRules(settings);
    assertThat(rules.problems())
        .containsExactly(
            "\"10.0.0.0/33\" is no network; it matches nobody",
            "\"nonsense\" is no network; it matches nobody",
            "\"10.0.0.0/x\" is no network; it matches nobody");
    assertThat(rules.judge(INSIDE, false)).isEqualTo(Verdict.ALLOWED);
    assertThat(rules.isOpaque(25)).isTrue();
    assertThat(rules.isOpaque(26)).isFalse();
  }
}
