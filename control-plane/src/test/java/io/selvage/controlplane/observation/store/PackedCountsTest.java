// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedCountsTest {
  @Test
  void whatIsPackedIsWhatComesOut() {
    var random = new Random(1);
    for (int round = 0; round < 5_000; round++) {
      long[] first = some(random);
      long[] second = some(random);
      byte[] packed = PackedCounts.plus(PackedCounts.pack(first), second);
      var sums = new long[Counts.SIZE];
      PackedCounts.addTo(packed, sums);
      var wanted = new long[Counts.SIZE];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = Counts.plus(first[i], second[i]);
      }
      assertThat(sums).isEqualTo(wanted);
    }
  }

  @Test
  void nothingTakesNoBytesAndABusyBucketFew() {
    assertThat(PackedCounts.pack(new long[Counts.SIZE])).isEmpty();
    var busy = new long[Counts.SIZE];
    busy[Counts.SUCCESSES] = 10_000;
    busy[Counts.TO_SERVER] = 5_000_000;
    busy[Counts.TO_CLIENT] = 50_000_000;
    busy[Counts.LATENCY] = 9_000;
    busy[Counts.LATENCY + 1] = 900;
    busy[Counts.LATENCY + 2] = 100;
    assertThat(PackedCounts.pack(busy)).hasSizeLessThan(24);
  }

  @Test
  void whatDoesNotFitStaysTheLargestNumber() {
    var much = new long[Counts.SIZE];
    much[Counts.TO_SERVER] = Long.MAX_VALUE;
    var sums = new long[Counts.SIZE];
    PackedCounts.addTo(PackedCounts.plus(PackedCounts.pack(much), much), sums);
    assertThat(sums[Counts.TO_SERVER]).isEqualTo(Long.MAX_VALUE);
  }

  private static long[] some(Random random) {
    var counts = new long[Counts.SIZE];
    int places = random.nextInt(Counts.SIZE + 1);
    for (int i = 0; i < places; i++) {
      counts[random.nextInt(Counts.SIZE)] = random.nextLong() >>> (1 + random.nextInt(63));
    }
    return counts;
  }
}
