// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.model.mesh.TrafficReport.Call;
import org.jspecify.annotations.Nullable;

/** Durations of one kind of request by the ten seconds they belong to; the last minute of them. */
final class SlidingCalls {
  /** A minute, and one more because the oldest and the newest are only partly within it. */
  static final int BUCKETS = 7;

  private final @Nullable Bucket[] ring = new Bucket[BUCKETS];
  private long newest = Long.MIN_VALUE;

  /** Sums of one bucket, or of several. */
  static final class Bucket {
    private final long number;
    long count;
    long successes;
    long best = Long.MAX_VALUE;
    long worst;
    long last;

    Bucket(long number) {
      this.number = number;
    }

    private void add(
        long moreCount, long moreSuccesses, long otherBest, long otherWorst, long later) {
      count = Counts.plus(count, moreCount);
      successes = Counts.plus(successes, moreSuccesses);
      best = Math.min(best, otherBest);
      worst = Math.max(worst, otherWorst);
      last = later;
    }
  }

  void add(long number, Call call) {
    newest = Math.max(newest, number);
    int slot = Math.floorMod(number, BUCKETS);
    Bucket bucket = ring[slot];
    if (bucket == null || bucket.number != number) {
      bucket = new Bucket(number);
      ring[slot] = bucket;
    }
    bucket.add(call.count(), call.successes(), call.best(), call.worst(), call.last());
  }

  /** Everything from bucket {@code first} on, which may be nothing. */
  Bucket sum(long first) {
    var sum = new Bucket(newest);
    for (long number = Math.max(first, newest - BUCKETS + 1); number <= newest; number++) {
      Bucket bucket = ring[Math.floorMod(number, BUCKETS)];
      if (bucket != null && bucket.number == number) {
        sum.add(bucket.count, bucket.successes, bucket.best, bucket.worst, bucket.last);
      }
    }
    return sum;
  }

  /** The newest bucket. */
  long newest() {
    return newest;
  }
}
