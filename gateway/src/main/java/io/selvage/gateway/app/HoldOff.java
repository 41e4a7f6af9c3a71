// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import java.time.Duration;

/**
 * When to compile after a change: once nothing has changed for a while, but not later than a limit
 * after the first change. A roll-out of fifty objects costs one compilation, a single edit waits a
 * tenth of a second. Times are {@link System#nanoTime()}; not thread-safe.
 */
final class HoldOff {
  /** Pause after the last change: an editor's or kubectl's several writes fit into it. */
  static final Duration QUIET = Duration.ofMillis(100);

  /** Longest wait of a change, however many follow: half of the second an edit may take. */
  static final Duration AT_MOST = Duration.ofMillis(500);

  private final long quietNanos;
  private final long atMostNanos;
  private boolean pending;
  private long firstNanos;
  private long lastNanos;

  HoldOff(Duration quiet, Duration atMost) {
    this.quietNanos = quiet.toNanos();
    this.atMostNanos = atMost.toNanos();
  }

  /** Notes a change. */
  void changed(long nowNanos) {
    if (!pending) {
      pending = true;
      firstNanos = nowNanos;
    }
    lastNanos = nowNanos;
  }

  boolean isPending() {
    return pending;
  }

  /** How long to wait from now on; 0 or less means the time has come. */
  long remainingNanos(long nowNanos) {
    long quietEnds = lastNanos + quietNanos - nowNanos;
    long limitEnds = firstNanos + atMostNanos - nowNanos;
    return Math.min(quietEnds, limitEnds);
  }

  /** The changes so far are being compiled. */
  void taken() {
    pending = false;
  }
}
