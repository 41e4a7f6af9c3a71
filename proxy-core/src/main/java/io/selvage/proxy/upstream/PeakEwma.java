// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.function.LongSupplier;

/**
 * Peak-sensitive moving average of an endpoint's latency: a slower answer counts at once, a faster
 * one only bit by bit. Read and written by several event loops without a lock: two racing
 * observations may lose one, which an average survives.
 */
final class PeakEwma {
  /** Time constant of the decay: after 10 s an old peak counts 37 %. */
  private static final double DECAY_NANOS = 10e9;

  /**
   * A failed or throttled attempt counts as at least one second, lest an endpoint that fails fast
   * look like the best one and draw the load (hostile-and-faults section 5, slow endpoint).
   */
  static final long FAILURE_NANOS = 1_000_000_000L;

  private final LongSupplier nanoClock;
  private volatile double cost;
  private volatile long stamp;

  PeakEwma(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.stamp = nanoClock.getAsLong();
  }

  void observe(long latencyNanos, Endpoint.Result result) {
    if (result == Endpoint.Result.CANCELLED) {
      return;
    }
    double sample = Math.max(latencyNanos, 0);
    if (result != Endpoint.Result.SUCCESS) {
      sample = Math.max(sample, FAILURE_NANOS);
    }
    long now = nanoClock.getAsLong();
    double old = cost;
    if (sample > old) {
      cost = sample;
    } else {
      double weight = Math.exp(-elapsed(now) / DECAY_NANOS);
      cost = old * weight + sample * (1 - weight);
    }
    stamp = now;
  }

  /**
   * What one more request would cost here: the decayed latency times the requests it shares the
   * endpoint with. An endpoint never heard of costs nothing while idle, so that it gets its first
   * request, and very much while that request is out.
   */
  double load(int active) {
    double latency = cost;
    if (latency == 0) {
      return active == 0 ? 0 : FAILURE_NANOS * (active + 1.0);
    }
    return latency * Math.exp(-elapsed(nanoClock.getAsLong()) / DECAY_NANOS) * (active + 1.0);
  }

  private double elapsed(long now) {
    return Math.max(now - stamp, 0);
  }
}
