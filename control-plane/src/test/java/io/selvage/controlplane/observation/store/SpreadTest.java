// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void anIntervalWithinABucketIsOnePart() {
    var spread = new Spread(10_000, 20_000);
    assertThat(spread.parts()).isEqualTo(1);
    assertThat(spread.bucket(0)).isEqualTo(1);
    assertThat(spread.part(0, new long[] {7})).containsExactly(7);
  }

  @Test
  void anIntervalOnAnEdgeIsSplitByTime() {
    var spread = new Spread(18_000, 23_000);
    assertThat(spread.parts()).isEqualTo(2);
    assertThat(spread.bucket(0)).isEqualTo(1);
    assertThat(spread.part(0, new long[] {100, 1})).containsExactly(40, 0);
    assertThat(spread.part(1, new long[] {100, 1})).containsExactly(60, 1);
  }

  @Test
  void partsAddUpToTheWholeHoweverTheIntervalLies() {
    var random = new Random(2);
    for (int round = 0; round < 5_000; round++) {
      long to = random.nextLong(1_000_000_000L);
      long from = to - 1 - random.nextLong(600_000);
      var spread = new Spread(from, to);
      long count = random.nextLong() >>> (13 + random.nextInt(50));
      long sum = 0;
      for (int part = 0; part < spread.parts(); part++) {
        long share = spread.part(part, new long[] {count})[0];
        assertThat(share).isNotNegative();
        sum += share;
      }
      assertThat(sum).isEqualTo(count);
      assertThat(spread.bucket(spread.parts() - 1)).isEqualTo(SlidingCounts.bucketOf(to - 1));
    }
  }

  @Test
  void whatIsOlderThanTheWindowIsLetFallWithItsShare() {
    // Twenty minutes; the window reaches back to half of it, and a bucket more.
    var spread = new Spread(0, 1_200_000);
    assertThat(spread.parts()).isEqualTo(SlidingCounts.BUCKETS);
    long sum = 0;
    for (int part = 0; part < spread.parts(); part++) {
      sum += spread.part(part, new long[] {120_000})[0];
    }
    assertThat(sum).isEqualTo(61_000);
  }
}
