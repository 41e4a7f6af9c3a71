// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import io.selvage.sidecar.options.SidecarOptions;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Decides how far a sidecar that was told to leave has come. It serves everything, new connections
 * included, until the application is gone: no connection has been open, and none has come, for the
 * quiet time. Late in the grace period those that are still open are asked to end, at its end they
 * are cut. Pure but for the clock; one thread.
 */
final class Departure {
  /** How long before the end of the grace period connections are asked to end, at most. */
  private static final Duration LATE = Duration.ofSeconds(5);

  /** What to do now. */
  enum Step {
    /** Go on as before. */
    SERVE,
    /** Ask connections to end; new ones are still served. */
    ASK,
    /** Close everything. */
    CLOSE
  }

  private final LongSupplier nanoClock;
  private final long start;
  private final long quietNanos;
  private final long askNanos;
  private final long endNanos;
  private long quietSince;
  private long accepted;

  Departure(SidecarOptions.Shutdown shutdown, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.start = nanoClock.getAsLong();
    this.quietNanos = shutdown.quiet().toNanos();
    this.endNanos = shutdown.grace().toNanos();
    this.askNanos = endNanos - Math.min(LATE.toNanos(), endNanos / 4);
    this.quietSince = start;
  }

  /**
   * Looks again.
   *
   * @param openConnections now, both ways
   * @param acceptedEver since the sidecar began
   */
  Step look(int openConnections, long acceptedEver) {
    long now = nanoClock.getAsLong();
    if (openConnections > 0 || acceptedEver != accepted) {
      quietSince = now;
      accepted = acceptedEver;
    }
    if (now - start >= endNanos || openConnections == 0 && now - quietSince >= quietNanos) {
      return Step.CLOSE;
    }
    return now - start >= askNanos ? Step.ASK : Step.SERVE;
  }
}
