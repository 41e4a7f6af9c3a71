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
    CONNECTIONS(0),
    /** Requests that wait for a connection. */
    PENDING(1),
    /** Requests in flight. */
    REQUESTS(2),
    /** Attempts beyond the first in flight. */
    RETRIES(3);

    private final int index;

    Limit(int index) {
      this.index = index;
    }
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
    int kind = limit.index;
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
    if (inUse.decrementAndGet(slot(limit.index)) < 0) {
      inUse.incrementAndGet(slot(limit.index));
      throw new IllegalStateException(limit + " released more often than acquired");
    }
  }

  /** Units taken at the moment. */
  public int inUse(Limit limit) {
    return inUse.get(slot(limit.index));
  }

  /** The configured limit. */
  public int limit(Limit limit) {
    return limits[limit.index];
  }

  /** Acquisitions refused since the cluster was made; wraps after 2^31. */
  public int refused(Limit limit) {
    return refused.get(limit.index);
  }

  private static int slot(int kind) {
    return (kind + 1) * STRIDE - 1;
  }
}
