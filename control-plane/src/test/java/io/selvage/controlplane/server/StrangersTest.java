// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StrangersTest {
  private static final int MOST = ServerLimits.DEFAULT.strangers();
  private static final int PER_ADDRESS = ServerLimits.DEFAULT.strangersPerAddress();

  private final Strangers strangers = new Strangers(ServerLimits.DEFAULT);

  @Test
  void oneAddressHasItsShare() {
    for (int i = 0; i < PER_ADDRESS; i++) {
      assertThat(strangers.admit("10.0.0.1")).isTrue();
    }
    assertThat(strangers.admit("10.0.0.1")).isFalse();
    assertThat(strangers.admit("10.0.0.2")).isTrue();

    strangers.left("10.0.0.1");

    assertThat(strangers.admit("10.0.0.1")).isTrue();
    assertThat(strangers.admit("10.0.0.1")).isFalse();
  }

  @Test
  void allTogetherHaveTheirs() {
    for (int i = 0; i < MOST; i++) {
      assertThat(strangers.admit("10.0." + i / 200 + "." + i % 200)).isTrue();
    }
    assertThat(strangers.admit("10.1.0.1")).isFalse();

    strangers.left("10.0.0.0");

    assertThat(strangers.admit("10.1.0.1")).isTrue();
  }

  @Test
  void loopbackCountsInAllOnly() {
    for (int i = 0; i < MOST; i++) {
      assertThat(strangers.admit(i % 2 == 0 ? "127.0.0.1" : "0:0:0:0:0:0:0:1")).isTrue();
    }
    assertThat(strangers.admit("127.0.0.1")).isFalse();
  }
}
