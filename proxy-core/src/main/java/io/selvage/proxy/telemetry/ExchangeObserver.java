// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.selvage.proxy.upstream.Endpoint;

/**
 * Hears of every exchange. Called on event loops: must not block, must not keep the report after
 * the call (it is reused).
 */
public interface ExchangeObserver {
  /**
   * The route is known and the request is about to go upstream. Here a tracer decides on sampling
   * and adds its context fields to the request head; the default does nothing.
   */
  default void onRouted(ExchangeReport report) {}

  /**
   * A connection to an endpoint is there, its handshake included: gauges count it in. Whoever
   * carries exchanges on it is reported by {@link #onEnd}.
   *
   * @param bytes what goes over it; stands for the connection
   */
  default void onUpstreamOpened(Endpoint endpoint, ByteCount bytes) {}

  /** Pairs with {@link #onUpstreamOpened}, with the same objects, on the same event loop. */
  default void onUpstreamClosed(Endpoint endpoint, ByteCount bytes) {}

  /** The exchange has ended; called exactly once for each, rejected requests included. */
  void onEnd(ExchangeReport report);
}
