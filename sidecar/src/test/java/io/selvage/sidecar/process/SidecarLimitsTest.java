// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.http.Limits;
import org.junit.jupiter.api.Test;

class SidecarLimitsTest {
  private static final long MIB = 1024 * 1024;

  @Test
  void aSmallHeapHoldsFewConnectionsAndNoListenerTakesAll() {
    Limits.Connection limits = SidecarLimits.limits(32 * MIB).connection();
    assertThat(limits.global()).isEqualTo(2_048);
    assertThat(limits.perListener()).isEqualTo(1_536);
  }

  @Test
  void aLargeHeapHoldsNoMoreThanAListenerTakesAnywhere() {
    Limits.Connection limits = SidecarLimits.limits(4_096 * MIB).connection();
    assertThat(limits.global()).isGreaterThan(300_000);
    assertThat(limits.perListener()).isEqualTo(Limits.DEFAULT.connection().perListener());
  }

  @Test
  void thereIsAlwaysRoomForSome() {
    for (long heap : new long[] {0, MIB, 8 * MIB}) {
      Limits.Connection limits = SidecarLimits.limits(heap).connection();
      assertThat(limits.global()).isEqualTo(4);
      assertThat(limits.perListener()).isEqualTo(3);
    }
  }
}
