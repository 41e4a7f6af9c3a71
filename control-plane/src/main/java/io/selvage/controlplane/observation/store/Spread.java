// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

/**
 * How an interval lies across buckets. A report tells what happened within its interval, not when:
 * it is taken to have happened evenly, so that a report that comes late, and tells of much, makes
 * no peak. Parts are whole numbers and add up to the whole, unless the interval began before the
 * window: what belongs there is let fall.
 */
final class Spread {
  private final long first;
  private final double[] bounds;

  /**
   * @param from begin of the interval
   * @param to end of the interval, after {@code from}
   */
  Spread(long from, long to) {
    long last = SlidingCounts.bucketOf(to - 1);
    first = Math.max(SlidingCounts.bucketOf(from), last - SlidingCounts.BUCKETS + 1);
    bounds = new double[(int) (last - first) + 2];
    for (int i = 0; i < bounds.length; i++) {
      long at = (first + i) * SlidingCounts.BUCKET_MILLIS;
      bounds[i] = Math.clamp((double) (at - from) / (to - from), 0, 1);
    }
  }

  /** Number of buckets the interval lies in. */
  int parts() {
    return bounds.length - 1;
  }

  /** The bucket of a part. */
  long bucket(int part) {
    return first + part;
  }

  /** What of {@code counts} belongs to a part. */
  long[] part(int part, long[] counts) {
    var share = new long[counts.length];
    for (int i = 0; i < counts.length; i++) {
      share[i] = before(part + 1, counts[i]) - before(part, counts[i]);
    }
    return share;
  }

  private long before(int bound, long count) {
    return bounds[bound] == 1 ? count : (long) (count * bounds[bound]);
  }
}
