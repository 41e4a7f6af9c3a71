// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.selvage.controlplane.observation.store.Counts;
import io.selvage.model.mesh.MeshProtocol;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QuantileTest {
  @Test
  void nothingCountedHasNone() {
    assertThat(Quantile.of(0.5, new double[Counts.SIZE])).isEmpty();
  }

  @Test
  void withinABucketValuesLieEvenly() {
    double[] counts = counts(9, 100);
    assertThat(MeshProtocol.LATENCY_BUCKETS_MILLIS.get(9)).isEqualTo(50);
    assertThat(Quantile.of(0.5, counts)).hasValue(45);
    assertThat(Quantile.of(1, counts)).hasValue(50);
    assertThat(Quantile.of(0, counts)).hasValue(40);
  }

  @Test
  void theFirstBucketBeginsAtZero() {
    assertThat(Quantile.of(0.5, counts(0, 8))).hasValue(0.5);
  }

  @Test
  void aboveTheHighestBoundItIsThatBound() {
    double[] counts = counts(Counts.LATENCY_BUCKETS - 1, 5);
    assertThat(Quantile.of(0.5, counts)).hasValue(50_000);
    counts[Counts.LATENCY] = 95;
    assertThat(Quantile.of(0.95, counts)).hasValue(1);
    assertThat(Quantile.of(0.951, counts)).hasValue(50_000);
  }

  /** Prometheus' documentation of histogram_quantile, followed to the letter and slowly. */
  @Test
  void isWhatPrometheusSays() {
    var random = new Random(4);
    for (int round = 0; round < 2_000; round++) {
      var counts = new double[Counts.SIZE];
      for (int i = 0; i < Counts.LATENCY_BUCKETS; i++) {
        counts[Counts.LATENCY + i] = random.nextInt(3) == 0 ? random.nextInt(1_000) : 0;
      }
      counts[Counts.LATENCY + random.nextInt(20)] += 1;
      double q = random.nextInt(1, 1_000) / 1_000.0;
      assertThat(Quantile.of(q, counts).orElseThrow())
          .isCloseTo(reference(q, counts), within(1e-6));
    }
  }

  private static double reference(double q, double[] counts) {
    int n = Counts.LATENCY_BUCKETS;
    var cumulative = new double[n];
    for (int i = 0; i < n; i++) {
      cumulative[i] = counts[Counts.LATENCY + i] + (i == 0 ? 0 : cumulative[i - 1]);
    }
    double rank = q * cumulative[n - 1];
    int b = 0;
    while (b < n - 1 && cumulative[b] < rank) {
      b++;
    }
    if (b == n - 1) {
      return MeshProtocol.LATENCY_BUCKETS_MILLIS.get(n - 2);
    }
    double start = b == 0 ? 0 : MeshProtocol.LATENCY_BUCKETS_MILLIS.get(b - 1);
    double end = MeshProtocol.LATENCY_BUCKETS_MILLIS.get(b);
    double below = b == 0 ? 0 : cumulative[b - 1];
    return start + (end - start) * (rank - below) / (cumulative[b] - below);
  }

  private static double[] counts(int bucket, double count) {
    var counts = new double[Counts.SIZE];
    counts[Counts.LATENCY + bucket] = count;
    return counts;
  }
}
