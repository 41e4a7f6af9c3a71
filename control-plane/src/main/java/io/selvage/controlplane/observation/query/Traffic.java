// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.Counts;
import io.selvage.controlplane.observation.store.PairTotals;
import org.jspecify.annotations.Nullable;

/** The sum of several pairs: what one row of a table is worked out of. */
final class Traffic {
  private final double[] counts = new double[Counts.SIZE];
  private double requestRate;
  private double readRate;
  private double writeRate;
  private double open;
  private boolean any;

  void add(PairTotals pair) {
    any = true;
    for (int i = 0; i < counts.length; i++) {
      counts[i] += pair.counts()[i];
    }
    requestRate += pair.requests() / pair.seconds();
    readRate += pair.counts()[Counts.TO_SERVER] / pair.seconds();
    writeRate += pair.counts()[Counts.TO_CLIENT] / pair.seconds();
    open += pair.open();
  }

  /** Whether anything was added. */
  boolean isAny() {
    return any;
  }

  /** Share of successes, 0..1; null without requests. */
  @Nullable Double success() {
    double requests = counts[Counts.SUCCESSES] + counts[Counts.FAILURES];
    return requests > 0 ? Double.valueOf(counts[Counts.SUCCESSES] / requests) : null;
  }

  /** Requests a second; null without requests. */
  @Nullable Double rps() {
    return success() == null ? null : Double.valueOf(requestRate);
  }

  /** Whole milliseconds; null without latencies. */
  @Nullable Long latency(double quantile) {
    var estimate = Quantile.of(quantile, counts);
    return estimate.isEmpty() ? null : Long.valueOf(Math.round(estimate.getAsDouble()));
  }

  /** Open connections; null without traffic. */
  @Nullable Long openConnections() {
    return any ? Long.valueOf(Math.round(open)) : null;
  }

  /** Bytes a second from clients; null without traffic. */
  @Nullable Double readRate() {
    return any ? Double.valueOf(readRate) : null;
  }

  /** Bytes a second to clients; null without traffic. */
  @Nullable Double writeRate() {
    return any ? Double.valueOf(writeRate) : null;
  }
}
