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

  PendingStream(EndpointPool pool, CircuitBreakers breakers, ResponseSink sink, long giveUpAt) {
    this.pool = pool;
    this.breakers = breakers;
    this.sink = sink;
    this.giveUpAt = giveUpAt;
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
