// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostGuardTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "::1",
        "[::1]",
        "10.1.2.3",
        "localhost",
        "LOCALHOST",
        "selvage.localhost",
        "control-plane",
        "control-plane.selvage.svc",
        "control-plane.selvage.svc.cluster.local"
      })
  void oursAreAddressesAndNamesNobodyElseCanHave(String host) {
    assertThat(new HostGuard("").isOurs(host)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "example.com",
        "127.0.0.1.example.com",
        "svc.example.com",
        "a.svc.cluster.local.example.com",
        "localhost.example.com",
        "1.2.3.4.5",
        "[::1].example.com"
      })
  void anyOtherNameIsSomebodyElses(String host) {
    assertThat(new HostGuard("").isOurs(host)).isFalse();
    assertThat(new HostGuard("corp.example").isOurs(host)).isFalse();
  }

  @Test
  void theClustersDomainIsTheResolvers(@TempDir Path dir) throws Exception {
    Path file =
        Files.writeString(
            dir.resolve("resolv.conf"),
            """
            nameserver 10.96.0.10
            search selvage.svc.corp.example svc.corp.example corp.example
            options ndots:5
            """);
    String domain = HostGuard.clusterDomain(file);
    assertThat(domain).isEqualTo("corp.example");
    var guard = new HostGuard(domain);
    assertThat(guard.isOurs("control-plane.selvage.svc.corp.example")).isTrue();
    assertThat(guard.isOurs("control-plane.selvage.svc.Corp.Example")).isTrue();
    assertThat(guard.isOurs("corp.example")).isFalse();
    assertThat(guard.isOurs("www.corp.example")).isFalse();
    assertThat(new HostGuard("").isOurs("control-plane.selvage.svc.corp.example")).isFalse();

    assertThat(HostGuard.clusterDomain(dir.resolve("none"))).isEmpty();
    Files.writeString(file, "search example.com\nsearch svc.\n");
    assertThat(HostGuard.clusterDomain(file)).isEmpty();
  }
}
