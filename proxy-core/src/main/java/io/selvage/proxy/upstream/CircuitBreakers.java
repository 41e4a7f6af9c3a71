// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.ClusterSpec;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The circuit breaker of one cluster and priority: four counters with a limit each. Exact over all
 * event loops: of N + 1 concurrent acquisitions at limit N exactly one is refused.
 */
public final class CircuitBreakers {
  /** What is limited. */
  public enum Limit {
    /** Open upstream connections, idle ones included. */
    CONNECTIONS,
    /** Requests that wait for a connection. */
    PENDING,
    /** Requests in flight. */
    REQUESTS,
    /** Attempts beyond the first in flight. */
    RETRIES
  }

  // One counter per 64-byte line, so that loops counting requests do not slow those counting
  // connections.
  private static final int STRIDE = 16;
  private static final int KINDS = Limit.values().length;

  private final AtomicIntegerArray inUse = new AtomicIntegerArray((KINDS + 1) * STRIDE);
  private final AtomicIntegerArray refused = new AtomicIntegerArray(KINDS);
  private final int[] limits;

  CircuitBreakers(ClusterSpec.Breakers spec) {
    requireNonNull(spec, "spec");
    limits =
        new int[] {
          spec.maxConnections(), spec.maxPendingRequests(), spec.maxRequests(), spec.maxRetries()
        };
  }

  /** Takes one unit; false (and nothing taken) when the limit is reached. */
  public boolean tryAcquire(Limit limit) {
    int kind = limit.ordinal();
    int slot = slot(kind);
    while (true) {
      int used = inUse.get(slot);
      if (used >= limits[kind]) {
        refused.incrementAndGet(kind);
        return false;
      }
      // Not add-then-undo: a refused loop would for a moment make another one's legal unit refused.
      if (inUse.compareAndSet(slot, used, used + 1)) {
        return true;
      }
    }
  }

  /** Gives back one unit that {@link #tryAcquire} granted. */
  public void release(Limit limit) {
    if (inUse.decrementAndGet(slot(limit.ordinal())) < 0) {
      inUse.incrementAndGet(slot(limit.ordinal()));
      throw new IllegalStateException(limit + " released more often than acquired");
    }
  }

  /** Units taken at the moment. */
  public int inUse(Limit limit) {
    return inUse.get(slot(limit.ordinal()));
  }

  /** The configured limit. */
  public int limit(Limit limit) {
    return limits[limit.ordinal()];
  }

  /** Acquisitions refused since the cluster was made; wraps after 2^31. */
  public int refused(Limit limit) {
    return refused.get(limit.ordinal());
  }

  private static int slot(int kind) {
    return (kind + 1) * STRIDE - 1;
  }
}
