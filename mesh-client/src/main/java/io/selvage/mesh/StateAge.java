// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How old what the control plane has said may be: since when the control plane has been away from
 * here, or its own source from it. Written on one thread, read on any.
 */
final class StateAge {
  private static final long FRESH = Long.MIN_VALUE;

  private final LongSupplier nanoTime;

  /** By nanoTime; {@link #FRESH} = up to date. */
  private volatile long since;

  /** Nothing was said yet: as old as the process. */
  StateAge(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.since = nanoTime.getAsLong();
  }

  /** The stream is open: what comes is up to date, unless it is said otherwise. */
  void connected() {
    since = FRESH;
  }

  /**
   * The control plane says how old its own knowledge is.
   *
   * @param millis 0 = up to date
   */
  void told(long millis) {
    since = millis == 0 ? FRESH : nanoTime.getAsLong() - TimeUnit.MILLISECONDS.toNanos(millis);
  }

  /** The stream has ended; what was old already has not become younger by it. */
  void lost() {
    if (since == FRESH) {
      since = nanoTime.getAsLong();
    }
  }

  /** 0 = up to date. */
  long millis() {
    long from = since;
    return from == FRESH ? 0 : TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - from);
  }
}
