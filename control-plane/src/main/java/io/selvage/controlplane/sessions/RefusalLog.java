// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Says that something was refused, and how often: at most once a second for each reason, because
 * what peers send decides how often it happens. Thread-safe.
 */
final class RefusalLog {
  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier nanoClock;
  private final Line line;
  private final Map<String, Since> byReason = new ConcurrentHashMap<>();

  /** Writes a line. */
  @FunctionalInterface
  interface Line {
    /**
     * @param count refusals since the last line of this reason
     */
    void write(String reason, long count);
  }

  /** What happened since the last line of a reason. */
  private static final class Since {
    private long count;
    private long written;
    private boolean any;

    /** How many are to be told now; 0 = not yet. */
    synchronized long one(long now) {
      count++;
      if (any && now - written < EVERY_NANOS) {
        return 0;
      }
      any = true;
      written = now;
      long told = count;
      count = 0;
      return told;
    }
  }

  /**
   * @param nanoClock as {@link System#nanoTime}
   */
  RefusalLog(LongSupplier nanoClock, Line line) {
    this.nanoClock = nanoClock;
    this.line = line;
  }

  /**
   * @param reason one of ours, never a peer's text
   */
  void refused(String reason) {
    long told = byReason.computeIfAbsent(reason, r -> new Since()).one(nanoClock.getAsLong());
    if (told > 0) {
      line.write(reason, told);
    }
  }
}
