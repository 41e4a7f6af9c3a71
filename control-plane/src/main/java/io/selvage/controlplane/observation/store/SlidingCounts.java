// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import java.util.Arrays;

/** Numbers by the ten seconds they belong to; the last ten minutes of them. Not thread-safe. */
final class SlidingCounts {
  /** Length of a bucket. */
  static final long BUCKET_MILLIS = 10_000;

  /** Ten minutes, and one more because the oldest and the newest are only partly within them. */
  static final int BUCKETS = 61;

  private final byte[][] ring = new byte[BUCKETS][];
  private long newest = Long.MIN_VALUE;

  SlidingCounts() {
    Arrays.fill(ring, PackedCounts.NONE);
  }

  /** The bucket a time belongs to. */
  static long bucketOf(long millis) {
    return Math.floorDiv(millis, BUCKET_MILLIS);
  }

  /** Adds numbers to a bucket; those of a bucket older than ten minutes are left out. */
  void add(long bucket, long[] counts) {
    if (newest == Long.MIN_VALUE) {
      newest = bucket;
    }
    if (bucket <= newest - BUCKETS) {
      return;
    }
    if (bucket - newest >= BUCKETS) {
      Arrays.fill(ring, PackedCounts.NONE);
      newest = bucket;
    }
    while (newest < bucket) {
      newest++;
      ring[slot(newest)] = PackedCounts.NONE;
    }
    ring[slot(bucket)] = PackedCounts.plus(ring[slot(bucket)], counts);
  }

  /** Adds the numbers of all buckets from {@code first} on to {@code sums}. */
  void sum(long first, long[] sums) {
    if (newest == Long.MIN_VALUE) {
      return;
    }
    for (long bucket = Math.max(first, newest - BUCKETS + 1); bucket <= newest; bucket++) {
      PackedCounts.addTo(ring[slot(bucket)], sums);
    }
  }

  /** The newest bucket anything was added to; {@link Long#MIN_VALUE} if there is none. */
  long newest() {
    return newest;
  }

  private static int slot(long bucket) {
    return Math.floorMod(bucket, BUCKETS);
  }
}
