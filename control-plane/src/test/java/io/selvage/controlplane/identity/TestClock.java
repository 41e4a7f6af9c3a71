// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that goes when told to, as a time of day and as a count that nobody sets. */
final class TestClock implements InstantSource {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private volatile Instant now = START;

  @Override
  public Instant instant() {
    return now;
  }

  /** As {@link System#nanoTime}. */
  long nanos() {
    return Duration.between(START, now).toNanos();
  }

  void advance(Duration by) {
    now = now.plus(by);
  }
}
