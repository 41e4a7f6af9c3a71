// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

/** A token bucket: a steady rate, and twice a second's worth at once after a pause. One thread. */
final class RateLimit {
  private final double perNano;
  private final double most;
  private double tokens;
  private long last;

  RateLimit(int perSecond, long nowNanos) {
    this.perNano = perSecond / 1e9;
    this.most = 2.0 * perSecond;
    this.tokens = most;
    this.last = nowNanos;
  }

  /** Takes a token if there is one. */
  boolean tryTake(long nowNanos) {
    tokens = Math.min(most, tokens + (nowNanos - last) * perNano);
    last = nowNanos;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }
}
