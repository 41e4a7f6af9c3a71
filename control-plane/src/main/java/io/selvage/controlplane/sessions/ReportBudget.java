// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

/** How many reports a session may send: so many a second on average, ten seconds' worth at once. */
final class ReportBudget {
  private static final long SECOND = 1_000_000_000;
  private static final int BURST_SECONDS = 10;

  private final int perSecond;
  private double left;
  private long at;

  ReportBudget(int perSecond, long nowNanos) {
    this.perSecond = perSecond;
    this.left = (double) perSecond * BURST_SECONDS;
    this.at = nowNanos;
  }

  /** Takes one; false if there is none left. */
  boolean take(long nowNanos) {
    double earned = (double) (nowNanos - at) / SECOND * perSecond;
    at = nowNanos;
    left = Math.min((double) perSecond * BURST_SECONDS, left + earned);
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}
