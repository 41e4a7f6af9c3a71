// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FreePortsTest {
  private static final String IP = "127.0.0.1";

  @Test
  void whatItNamesIsNeverHandedOutToSomebodyElse() throws Exception {
    Set<Integer> named = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      named.add(FreePorts.on(IP));
    }
    for (int i = 0; i < 500; i++) {
      try (var any = new ServerSocket(0, 1, InetAddress.ofLiteral(IP))) {
        assertThat(named).doesNotContain(any.getLocalPort());
      }
    }
  }

  @Test
  void aPortSomebodyListensOnIsNotFree() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.ofLiteral(IP))) {
      assertThat(FreePorts.isFree(IP, taken.getLocalPort())).isFalse();
    }
  }
}
