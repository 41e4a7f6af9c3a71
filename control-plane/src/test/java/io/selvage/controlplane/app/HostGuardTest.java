// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(HostGuard.isOurs(host)).isTrue();
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
    assertThat(HostGuard.isOurs(host)).isFalse();
  }
}
