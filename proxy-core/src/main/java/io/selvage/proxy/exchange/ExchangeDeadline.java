// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.model.routing.Timeouts;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.time.DeadlineWheel;

/**
 * The timers of a forwarded exchange behind one deadline: the whole request (from its last byte),
 * the current try, and the longest pause. Activity is a field write; the deadline finds out when it
 * is due.
 */
final class ExchangeDeadline extends Deadline {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Forwarding forwarding;
  private final DeadlineWheel wheel;
  private final long requestNanos;
  private final long idleNanos;

  // Moments of the wheel's clock; only meaningful while their flag says so.
  private long requestAt;
  private boolean requestRuns;
  private long tryAt;
  private boolean tryRuns;
  private long active;

  ExchangeDeadline(Forwarding forwarding, DeadlineWheel wheel, Timeouts timeouts) {
    this.forwarding = forwarding;
    this.wheel = wheel;
    this.requestNanos = timeouts.requestMillis() * NANOS_PER_MILLI;
    this.idleNanos = timeouts.idleMillis() * NANOS_PER_MILLI;
  }

  /** The exchange begins to wait for others. */
  void start(boolean requestEnded) {
    active = wheel.nanoTime();
    if (requestEnded) {
      startRequest(active);
    }
    rearm();
  }

  /** The request has been received entirely. */
  void onRequestEnded() {
    startRequest(wheel.nanoTime());
    rearm();
  }

  /**
   * How long the whole request has from now on.
   *
   * @return {@link Long#MAX_VALUE} if there is no bound
   */
  long requestMillisLeft(long now) {
    if (requestNanos <= 0) {
      return Long.MAX_VALUE;
    }
    return (requestRuns ? Math.max(0, requestAt - now) : requestNanos) / NANOS_PER_MILLI;
  }

  void startTry(long millis, long now) {
    tryRuns = millis > 0;
    if (tryRuns) {
      tryAt = now + millis * NANOS_PER_MILLI;
      rearm();
    }
  }

  void endTry() {
    tryRuns = false;
  }

  /** A tunnel has no end that a timer could know; only pauses are judged. */
  void tunnel() {
    requestRuns = false;
    tryRuns = false;
    active = wheel.nanoTime();
    rearm();
  }

  /** Something has moved. */
  void onActivity() {
    active = wheel.nanoTime();
  }

  void stop() {
    wheel.remove(this);
  }

  private void startRequest(long now) {
    if (requestNanos > 0 && !requestRuns) {
      requestRuns = true;
      requestAt = now + requestNanos;
    }
  }

  private void rearm() {
    boolean any = false;
    long next = 0;
    if (idleNanos > 0) {
      next = active + idleNanos;
      any = true;
    }
    if (requestRuns) {
      next = any && next - requestAt < 0 ? next : requestAt;
      any = true;
    }
    if (tryRuns) {
      next = any && next - tryAt < 0 ? next : tryAt;
      any = true;
    }
    if (any) {
      wheel.armAt(this, next);
    }
  }

  @Override
  protected void onDeadline() {
    long now = wheel.nanoTime();
    if (requestRuns && now - requestAt >= 0) {
      forwarding.onRequestTimeout();
    } else if (tryRuns && now - tryAt >= 0) {
      tryRuns = false;
      rearm();
      forwarding.onTryTimeout();
    } else if (idleNanos > 0 && now - active - idleNanos >= 0) {
      forwarding.onIdleTimeout();
    } else {
      rearm();
    }
  }
}
