// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import java.util.concurrent.TimeUnit;

/** How often something may be done: some times at once, and so often in the long run. */
final class Allowance {
  private final double perNano;
  private final int most;
  private double left;
  private long at;
  private boolean begun;

  Allowance(int perSecond, int atOnce) {
    this.perNano = perSecond / (double) TimeUnit.SECONDS.toNanos(1);
    this.most = atOnce;
    this.left = atOnce;
  }

  /**
   * Takes one, if there is one.
   *
   * @param nanos as {@link System#nanoTime}
   */
  synchronized boolean take(long nanos) {
    if (begun) {
      left = Math.min(most, left + Math.max(0, nanos - at) * perNano);
    }
    begun = true;
    at = nanos;
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}
