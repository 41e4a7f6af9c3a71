// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.mesh.MeshOptions.ControlAddress;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PodRef;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionParserTest {
  private static final String[] NEEDED = {"--control-plane", "cp:8443", "--pod-ips", "10.0.0.7"};

  @Test
  void hasDefaultsForAPodWithRedirection() throws OptionException {
    SidecarOptions options = parse();
    assertThat(options.controlPlane()).containsExactly(new ControlAddress("cp", 8443));
    assertThat(options.controlPlaneIdentity().uri())
        .isEqualTo("spiffe://cluster.local/ns/selvage/sa/control-plane");
    assertThat(options.inboundPort()).isEqualTo(4143);
    assertThat(options.outboundPort()).isEqualTo(4140);
    assertThat(options.adminPort()).isEqualTo(4191);
    assertThat(options.podIps()).containsExactly(InetAddress.ofLiteral("10.0.0.7"));
    assertThat(options.inboundPolicy()).isEqualTo(InboundPolicy.ALL_UNAUTHENTICATED);
    assertThat(options.detectGrace()).isEqualTo(Duration.ofMillis(20));
    assertThat(options.inboundConnectTimeout()).isEqualTo(Duration.ofMillis(300));
    assertThat(options.eventLoops()).isEqualTo(1);
    assertThat(options.shutdown())
        .isEqualTo(
            new SidecarOptions.Shutdown(Duration.ofSeconds(120), Duration.ofSeconds(2), false));
  }

  @Test
  void theFlagWinsOverTheVariable() throws OptionException {
    SidecarOptions options =
        OptionParser.parse(
            List.of("--control-plane=[::1]:1", "--pod-name", "web-1"),
            Map.of(
                "SELVAGE_CONTROL_PLANE", "other:2",
                "SELVAGE_POD_NAME", "web-2",
                "SELVAGE_POD_NAMESPACE", "shop",
                "SELVAGE_POD_IPS", "10.0.0.7, fd00::7",
                "SELVAGE_TOKEN_FILE", " "));
    assertThat(options.controlPlane()).containsExactly(new ControlAddress("::1", 1));
    assertThat(options.pod()).isEqualTo(new PodRef("shop", "web-1"));
    assertThat(options.podIps()).hasSize(2);
    assertThat(options.tokenFile()).hasToString("/var/run/secrets/selvage.io/token");
  }

  @Test
  void pairsReplaceRedirection() throws OptionException {
    SidecarOptions options =
        OptionParser.parse(
            List.of(
                "--control-plane",
                "cp:1",
                "--inbound",
                "127.0.0.1:8081=127.0.0.1:81",
                "--inbound",
                "[::1]:0=[::1]:82",
                "--outbound=127.0.0.1:8083=10.96.0.1:83"),
            Map.of());
    assertThat(options.inboundPort()).isZero();
    assertThat(options.outboundPort()).isZero();
    assertThat(options.inbound())
        .extracting(AddressPair::toString)
        .containsExactly("127.0.0.1:8081=127.0.0.1:81", "[0:0:0:0:0:0:0:1]:0=[0:0:0:0:0:0:0:1]:82");
    assertThat(options.outbound())
        .extracting(AddressPair::toString)
        .containsExactly("127.0.0.1:8083=10.96.0.1:83");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--nonsense 1|no such flag: --nonsense",
        "web|no such flag: web",
        "--pod-name|--pod-name wants a value",
        "--pod-name a --pod-name b|--pod-name is given twice",
        "--control-plane cp:0|--control-plane (SELVAGE_CONTROL_PLANE): \"cp:0\" is not HOST:PORT",
        "--control-plane :1|\":1\" is not HOST:PORT",
        "--control-plane-identity me|SELVAGE_CONTROL_PLANE_IDENTITY): \"me\" is no SPIFFE id",
        "--trust-domain a/b|\"a/b\" is no trust domain",
        "--pod-ips ten|--pod-ips (SELVAGE_POD_IPS): \"ten\" is no IP address",
        "--inbound 127.0.0.1:1|is no pair",
        "--inbound 127.0.0.1:1=web:2|\"web:2\" is no address",
        "--outbound 127.0.0.1:1=127.0.0.1:0|names no port to go to",
        "--outbound 127.0.0.1:65536=127.0.0.1:1|\"127.0.0.1:65536\" is no address",
        "--admin-port 65536|\"65536\" is no number of 0..65535",
        "--event-loops 0|\"0\" is no number of 1..256",
        "--default-inbound-policy open|\"open\" is none of all-unauthenticated, all-authenticated",
        "--detect-grace 5|\"5\" is no time such as",
        "--detect-grace 11s|of 0ms..10s",
        "--inbound-connect-timeout 0ms|of 1ms..300s",
        "--log-level loud|\"loud\" is none of",
        "--admin-shutdown yes|\"yes\" is neither true nor false",
      })
  void namesWhatMakesNoSense(String args, String message) {
    assertThatThrownBy(() -> parse(args.split(" ")))
        .isInstanceOf(OptionException.class)
        .hasMessageContaining(message);
  }

  @Test
  void needsTheControlPlaneAndThePodsAddresses() {
    assertThatThrownBy(() -> OptionParser.parse(List.of(), Map.of()))
        .hasMessageContaining("--pod-ips (SELVAGE_POD_IPS): is needed");
    assertThatThrownBy(() -> OptionParser.parse(List.of("--pod-ips", "10.0.0.1"), Map.of()))
        .hasMessageContaining("--control-plane (SELVAGE_CONTROL_PLANE): is needed");
  }

  @Test
  void helpNamesEveryFlag() {
    assertThat(OptionParser.help())
        .contains(Arrays.stream(Flag.values()).map(Flag::flag).toList())
        .contains("SELVAGE_POD_NAME")
        .contains("(default: 300ms).");
  }

  private static SidecarOptions parse(String... more) throws OptionException {
    var args = new ArrayList<>(List.of(NEEDED));
    if (more.length > 0 && more[0].equals("--control-plane")) {
      args.subList(0, 2).clear();
    }
    if (more.length > 0 && more[0].equals("--pod-ips")) {
      args.subList(2, 4).clear();
    }
    args.addAll(List.of(more));
    return OptionParser.parse(args, Map.of());
  }
}
