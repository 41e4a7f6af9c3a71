// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HoldOffTest {
  private final HoldOff holdOff = new HoldOff(HoldOff.QUIET, HoldOff.AT_MOST);

  @Test
  void waitsForQuiet() {
    holdOff.changed(at(0));

    assertThat(holdOff.remainingNanos(at(0))).isEqualTo(millis(100));
    assertThat(holdOff.remainingNanos(at(99))).isEqualTo(millis(1));
    assertThat(holdOff.remainingNanos(at(100))).isZero();
  }

  @Test
  void startsTheQuietAgainWithEveryChange() {
    holdOff.changed(at(0));
    holdOff.changed(at(90));

    assertThat(holdOff.remainingNanos(at(100))).isEqualTo(millis(90));
  }

  @Test
  void neverWaitsLongerThanItsLimit() {
    for (int t = 0; t < 500; t += 50) {
      holdOff.changed(at(t));
    }

    assertThat(holdOff.remainingNanos(at(499))).isEqualTo(millis(1));
    holdOff.changed(at(500));
    assertThat(holdOff.remainingNanos(at(500))).isZero();
  }

  @Test
  void countsAfreshOnceTaken() {
    holdOff.changed(at(0));
    holdOff.taken();
    assertThat(holdOff.isPending()).isFalse();

    holdOff.changed(at(1000));

    assertThat(holdOff.remainingNanos(at(1000))).isEqualTo(millis(100));
  }

  private static long at(int millis) {
    return millis(millis) - Duration.ofDays(1).toNanos();
  }

  private static long millis(int millis) {
    return Duration.ofMillis(millis).toNanos();
  }
}
