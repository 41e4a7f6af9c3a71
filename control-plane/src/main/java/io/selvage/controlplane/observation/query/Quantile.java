// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.Counts;
import io.selvage.model.mesh.MeshProtocol;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Quantiles of a latency histogram, estimated as Prometheus' {@code histogram_quantile} does:
 * within a bucket values are taken to lie evenly, the first bucket begins at 0, and what lies above
 * the highest bound is taken for that bound. The estimate is off by the width of a bucket at most,
 * or by any amount above the highest bound.
 */
final class Quantile {
  private static final List<Integer> BOUNDS = MeshProtocol.LATENCY_BUCKETS_MILLIS;

  private Quantile() {}

  /**
   * @param q 0..1
   * @param counts as {@link Counts} says
   * @return milliseconds; empty if nothing was counted
   */
  static OptionalDouble of(double q, double[] counts) {
    double total = 0;
    for (int i = 0; i < Counts.LATENCY_BUCKETS; i++) {
      total += counts[Counts.LATENCY + i];
    }
    if (total <= 0) {
      return OptionalDouble.empty();
    }
    double rank = q * total;
    double below = 0;
    for (int i = 0; i < BOUNDS.size(); i++) {
      double inBucket = counts[Counts.LATENCY + i];
      if (inBucket > 0 && below + inBucket >= rank) {
        double start = i == 0 ? 0 : BOUNDS.get(i - 1);
        double width = BOUNDS.get(i) - start;
        return OptionalDouble.of(start + width * Math.max(0, rank - below) / inBucket);
      }
      below += inBucket;
    }
    return OptionalDouble.of(BOUNDS.getLast());
  }
}
