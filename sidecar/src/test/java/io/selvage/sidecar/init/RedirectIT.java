// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.selvage.testkit.netns.NetworkPod;
import io.selvage.testkit.netns.NetworkPods;
import io.selvage.testkit.netns.Ran;
import io.selvage.testkit.netns.Running;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real rules in real network namespaces, and what the kernel says of redirected connections. */
class RedirectIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir Path dir;
  private NetworkPods pods;

  @BeforeEach
  void make() throws Exception {
    Optional<String> why = NetworkPods.unavailable();
    assumeTrue(why.isEmpty(), () -> "skipped: " + why.orElseThrow());
    pods = NetworkPods.create(dir);
  }

  @AfterEach
  void remove() {
    if (pods != null) {
      pods.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nft", "legacy"})
  void redirectsBothWaysAndKnowsWhereEachConnectionWasGoing(String mode) {
    assumeTrue(NetworkPods.isInstalled("iptables-" + mode), "skipped: no iptables-" + mode);
    NetworkPod client = pods.pod("client");
    NetworkPod pod = pods.pod("pod");
    Running probe =
        pod.start(
            "probe",
            2102,
            Map.of(),
            java(
                "io.selvage.sidecar.origdst.RedirectProbe",
                "::",
                "4143",
                "127.0.0.1",
                "4140",
                "::1",
                "4140"));
    probe.awaitLog(LIMIT, text -> text.contains("listening"));

    Ran init = proxyInit(pod, "--mode=" + mode, "--skip-inbound-ports=9000-9010");
    assertThat(init.err()).isEmpty();
    assertThat(init.code()).isZero();

    // Inbound, both families; a wildcard listener sees IPv4 as mapped addresses.
    connect(client, pod.address(), 8080);
    said(probe, "to " + pod.address() + " 8080");
    connect(client, pod.address6(), 8081);
    said(probe, "to " + hostAddress(pod.address6()) + " 8081");
    // Nothing redirected this one: it is the listener's own address.
    connect(client, pod.address(), 4143);
    said(probe, "to " + pod.address() + " 4143");
    // Left alone, and nobody listens there.
    assertThat(tryConnect(client, pod.address(), 9005).code()).isNotZero();
    assertThat(tryConnect(client, pod.address(), 4191).code()).isNotZero();

    // Outbound: to addresses nobody has.
    connect(pod, "10.96.0.1", 443);
    said(probe, "to 10.96.0.1 443");
    connect(pod, "fd96::1", 444);
    said(probe, "to " + hostAddress("fd96::1") + " 444");
    // The sidecar's own user leaves the pod by itself.
    assertThat(tryConnectAs(2102, pod, "10.96.0.1", 443)).isNotZero();
    // Loopback stays loopback.
    assertThat(tryConnect(pod, "127.0.0.1", 7777).code()).isNotZero();
    assertThat(probe.log()).doesNotContain("9005").doesNotContain("4191").doesNotContain("7777");
    assertThat(probe.log()).doesNotContain("not ");
  }

  @Test
  void mayRunAgainAndLeavesOthersAlone() {
    NetworkPod pod = pods.pod("pod");
    pod.must(
        "iptables-nft",
        "-t",
        "nat",
        "-A",
        "PREROUTING",
        "-p",
        "tcp",
        "--dport",
        "1",
        "-j",
        "ACCEPT");
    assertThat(proxyInit(pod).code()).isZero();
    String once = rules(pod);
    assertThat(proxyInit(pod, "--inbound-port=5143", "--skip-outbound-ports=25").code()).isZero();
    assertThat(rules(pod))
        .contains("--to-ports 5143")
        .contains("--dports 25")
        .doesNotContain("4143");
    assertThat(proxyInit(pod).code()).isZero();
    assertThat(rules(pod))
        .isEqualTo(once)
        .contains("-A PREROUTING -p tcp -m tcp --dport 1 -j ACCEPT");
  }

  @Test
  void takesFullLists() {
    NetworkPod pod = pods.pod("pod");
    var ports = new StringBuilder();
    for (int i = 0; i < ProxyInitOptions.MAX_PORT_ENTRIES; i++) {
      ports.append(i == 0 ? "" : ",").append(10_000 + 10 * i).append('-').append(10_005 + 10 * i);
    }
    Ran ran = proxyInit(pod, "--skip-inbound-ports=" + ports, "--skip-outbound-ports=" + ports);
    assertThat(ran.err()).isEmpty();
    assertThat(ran.code()).isZero();
    assertThat(rules(pod)).contains("14990:14995");
  }

  /** A program that stands in for ip6tables and fails: IPv4 must not stay redirected alone. */
  @Test
  void leavesEverythingAsItWasWhenOneFamilyFails() throws Exception {
    NetworkPod pod = pods.pod("pod");
    String before = rules(pod);
    Path bin = Files.createDirectories(dir.resolve("bin"));
    Path broken = bin.resolve("ip6tables-nft-restore");
    Files.writeString(broken, "#!/bin/sh\necho 'no ip6 nat here' >&2\nexit 4\n");
    assertThat(broken.toFile().setExecutable(true, false)).isTrue();
    var command = new ArrayList<>(List.of("env", "PATH=" + bin + ":" + System.getenv("PATH")));
    command.addAll(java("io.selvage.sidecar.init.ProxyInitMain", "--ipv6=on"));
    Ran ran = pod.run(command);
    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.err())
        .isEqualTo(
            "mesh proxy-init: ip6tables-nft-restore --noflush --wait 10 ended with status 4:"
                + " no ip6 nat here\n");
    assertThat(rules(pod)).isEqualTo(before);
  }

  @Test
  void saysWhatIsMissingWithoutPrivileges() {
    NetworkPod pod = pods.pod("pod");
    Running run =
        pod.start(
            "init", 2102, Map.of(), java("io.selvage.sidecar.init.ProxyInitMain", "--ipv6=off"));
    assertThat(run.awaitEnd(LIMIT)).isEqualTo(1);
    assertThat(run.log())
        .startsWith("mesh proxy-init: iptables-nft-")
        .contains("ended with status")
        .containsIgnoringCase("permission denied")
        .hasLineCount(1);
    assertThat(rules(pod)).doesNotContain("SELVAGE");
  }

  private static void said(Running probe, String line) {
    probe.awaitLog(LIMIT, text -> text.contains(line + "\n"));
  }

  private static void connect(NetworkPod from, String to, int port) {
    Ran ran = tryConnect(from, to, port);
    assertThat(ran.code()).as(ran.err()).isZero();
  }

  private static Ran tryConnect(NetworkPod from, String to, int port) {
    return from.run("timeout", "20", "bash", "-c", "exec 3<>/dev/tcp/" + to + "/" + port);
  }

  private static int tryConnectAs(int uid, NetworkPod from, String to, int port) {
    return from.start(
            "connect",
            uid,
            Map.of(),
            List.of("timeout", "20", "bash", "-c", "exec 3<>/dev/tcp/" + to + "/" + port))
        .awaitEnd(LIMIT);
  }

  /** Both families, without the counters. */
  private static String rules(NetworkPod pod) {
    return (pod.must("iptables-nft-save", "-t", "nat")
            + pod.must("ip6tables-nft-save", "-t", "nat"))
        .replaceAll("(?m)^#.*\\n", "")
        .replaceAll("\\[\\d+:\\d+]", "");
  }

  private static Ran proxyInit(NetworkPod pod, String... args) {
    return pod.run(java("io.selvage.sidecar.init.ProxyInitMain", args));
  }

  private static String hostAddress(String literal) {
    return InetAddress.ofLiteral(literal).getHostAddress();
  }

  private static List<String> java(String main, String... args) {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                main));
    command.addAll(List.of(args));
    return command;
  }
}
