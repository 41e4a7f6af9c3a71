// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

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

  /** The exchange has ended; called exactly once for each, rejected requests included. */
  void onEnd(ExchangeReport report);
}
