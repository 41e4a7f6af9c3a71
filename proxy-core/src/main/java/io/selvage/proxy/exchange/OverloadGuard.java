// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the exchanges in flight and refuses those beyond a cap, before they cost anything. Shared
 * by all event loops; exact.
 */
public final class OverloadGuard {
  private final int cap;
  private final AtomicInteger inFlight = new AtomicInteger();

  /**
   * @param cap exchanges at a time, above 0
   */
  public OverloadGuard(int cap) {
    if (cap < 1) {
      throw new IllegalArgumentException("no exchange would be allowed");
    }
    this.cap = cap;
  }

  /** Counts one exchange in; false if it is beyond the cap. It is counted either way. */
  boolean enter() {
    return inFlight.incrementAndGet() <= cap;
  }

  void leave() {
    inFlight.decrementAndGet();
  }

  /** Exchanges that have begun and not ended. */
  public int inFlight() {
    return inFlight.get();
  }

  public int cap() {
    return cap;
  }
}
