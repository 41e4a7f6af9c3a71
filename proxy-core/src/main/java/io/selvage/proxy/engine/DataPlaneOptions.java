// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static java.util.Objects.requireNonNull;

import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ListenerObserver;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.telemetry.ExchangeObserver;

/**
 * How a data plane is set up, once.
 *
 * @param limits bounds of everything
 * @param exchanges hears of every exchange
 * @param listeners hears of connections
 * @param tcp hears of raw connections
 */
public record DataPlaneOptions(
    Limits limits, ExchangeObserver exchanges, ListenerObserver listeners, TcpObserver tcp) {
  public DataPlaneOptions {
    requireNonNull(limits, "limits");
    requireNonNull(exchanges, "exchanges");
    requireNonNull(listeners, "listeners");
    requireNonNull(tcp, "tcp");
  }

  /** Default limits, and nobody listens. */
  public static DataPlaneOptions defaults() {
    return new DataPlaneOptions(
        Limits.DEFAULT, report -> {}, ListenerObserver.NONE, TcpObserver.NONE);
  }

  public DataPlaneOptions withLimits(Limits newLimits) {
    return new DataPlaneOptions(newLimits, exchanges, listeners, tcp);
  }

  public DataPlaneOptions withExchanges(ExchangeObserver observer) {
    return new DataPlaneOptions(limits, observer, listeners, tcp);
  }

  public DataPlaneOptions withListeners(ListenerObserver observer) {
    return new DataPlaneOptions(limits, exchanges, observer, tcp);
  }

  public DataPlaneOptions withTcp(TcpObserver observer) {
    return new DataPlaneOptions(limits, exchanges, listeners, observer);
  }
}
