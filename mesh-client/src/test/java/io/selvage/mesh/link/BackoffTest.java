// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {
  /** What a control plane that comes back has to bear: no more than twice the average at once. */
  @Test
  void proxiesThatLostTheControlPlaneTogetherComeBackOverASecond() {
    var random = new Random(1);
    int[] perTenth = new int[10];
    for (int i = 0; i < 2_000; i++) {
      long pause = new Backoff(random).nextMillis();
      assertThat(pause).isBetween(1L, 1_000L);
      perTenth[(int) ((pause - 1) / 100)]++;
    }
    assertThat(Arrays.stream(perTenth)).allMatch(n -> n > 100 && n < 300);
  }

  @Test
  void pausesGrowToTenSecondsAndBeginAgainAfterAReset() {
    var backoff = new Backoff(new Random(1));
    assertThat(backoff.isFresh()).isTrue();
    long longest = IntStream.range(0, 200).mapToLong(i -> backoff.nextMillis()).max().orElse(0);
    assertThat(longest).isBetween(9_000L, 10_000L);
    assertThat(backoff.isFresh()).isFalse();
    backoff.reset();
    assertThat(backoff.isFresh()).isTrue();
    assertThat(backoff.nextMillis()).isLessThanOrEqualTo(1_000L);
  }
}
