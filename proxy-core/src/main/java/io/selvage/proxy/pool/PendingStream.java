// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.upstream.CircuitBreakers;

/** A request that waits for a connection. Confined to its pool's event loop. */
public final class PendingStream extends Deadline {
  private final EndpointPool pool;
  private final CircuitBreakers breakers;
  private final ResponseSink sink;

  /** End of the wait by {@code DeadlineWheel.nanoTime}; only while no connect runs for it. */
  final long giveUpAt;

  /** How long the endpoint has to answer a connect, in milliseconds; 0 = no bound of its own. */
  final long connectMillis;

  /** Whether it waits for the cluster's connection limit, and not for a connect. */
  boolean atLimit;

  PendingStream(
      EndpointPool pool,
      CircuitBreakers breakers,
      ResponseSink sink,
      long giveUpAt,
      long connectMillis) {
    this.pool = pool;
    this.breakers = breakers;
    this.sink = sink;
    this.giveUpAt = giveUpAt;
    this.connectMillis = connectMillis;
  }

  /** The request is given up; nothing is reported to its sink any more. */
  public void cancel() {
    pool.cancel(this);
  }

  ResponseSink sink() {
    return sink;
  }

  CircuitBreakers breakers() {
    return breakers;
  }

  @Override
  protected void onDeadline() {
    pool.onWaitDeadline(this);
  }
}
