// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.model.mesh.WorkloadIdentity;
import java.util.LinkedHashMap;
import java.util.Map;

/** A token bucket for each identity, for a bounded number of them. Thread-safe. */
final class RateLimits {
  /** Identities remembered: those not seen for the longest time make room, and begin anew. */
  static final int MAX_IDENTITIES = 20_000;

  private final int burst;
  private final double perNano;
  private final Map<WorkloadIdentity, Bucket> buckets =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<WorkloadIdentity, Bucket> eldest) {
          return size() > MAX_IDENTITIES;
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

  /** Takes a token of this identity's if there is one. */
  synchronized boolean tryTake(WorkloadIdentity identity, long nowNanos) {
    Bucket bucket = buckets.get(identity);
    if (bucket == null) {
      bucket = new Bucket();
      bucket.tokens = burst;
      bucket.last = nowNanos;
      buckets.put(identity, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, nowNanos - bucket.last) * perNano);
    bucket.last = nowNanos;
    if (bucket.tokens < 1) {
      return false;
    }
    bucket.tokens--;
    return true;
  }

  synchronized int size() {
    return buckets.size();
  }
}
