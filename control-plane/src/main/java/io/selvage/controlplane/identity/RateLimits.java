// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A token bucket for each of a bounded number of askers. Thread-safe.
 *
 * @param <K> who asks
 */
final class RateLimits<K> {
  /** Askers remembered: those not seen for the longest time make room, and begin anew. */
  static final int MAX_ASKERS = 20_000;

  private final int burst;
  private final double perNano;
  private final Map<K, Bucket> buckets =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Bucket> eldest) {
          return size() > MAX_ASKERS;
        }
      };

  private static final class Bucket {
    double tokens;
    long last;
  }

  /**
   * @param burst at once after a pause
   * @param perSecond in the long run
   */
  RateLimits(int burst, double perSecond) {
    this.burst = burst;
    this.perNano = perSecond / 1e9;
  }

  /** Takes a token of this asker's if there is one. */
  synchronized boolean tryTake(K asker, long nowNanos) {
    Bucket bucket = buckets.get(asker);
    if (bucket == null) {
      bucket = new Bucket();
      bucket.tokens = burst;
      bucket.last = nowNanos;
      buckets.put(asker, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, nowNanos - bucket.last) * perNano);
    bucket.last = nowNanos;
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens--;
    return true;
  }

  /** Undoes one {@link #tryTake}. */
  synchronized void giveBack(K asker) {
    Bucket bucket = buckets.get(asker);
    if (bucket != null) {
      bucket.tokens = Math.min(burst, bucket.tokens + 1);
    }
  }

  synchronized int size() {
    return buckets.size();
  }
}
