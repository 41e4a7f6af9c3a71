// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Scanner;
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
    try (BufferedReader range =
        Files.newBufferedReader(Path.of("/proc/sys/net/ipv4/ip_local_port_range"))) {
      assumeTrue(new Scanner(range).nextInt() > 20_000, "this machine hands out nearly every port");
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
