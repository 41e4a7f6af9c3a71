// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static java.util.Objects.requireNonNull;

import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ListenerObserver;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.tls.MeshTls;
import java.util.Optional;

/**
 * How a data plane is set up, once.
 *
 * @param limits bounds of everything
 * @param exchanges hears of every exchange
 * @param listeners hears of connections
 * @param tcp hears of raw connections
 * @param mesh speaks to endpoints that have an identity; absent = they cannot be reached
 */
public record DataPlaneOptions(
    Limits limits,
    ExchangeObserver exchanges,
    ListenerObserver listeners,
    TcpObserver tcp,
    Optional<MeshTls> mesh) {
  public DataPlaneOptions {
    requireNonNull(limits, "limits");
    requireNonNull(exchanges, "exchanges");
    requireNonNull(listeners, "listeners");
    requireNonNull(tcp, "tcp");
    requireNonNull(mesh, "mesh");
  }

  /** Default limits, and nobody listens. */
  public static DataPlaneOptions defaults() {
    return new DataPlaneOptions(
        Limits.DEFAULT, report -> {}, ListenerObserver.NONE, TcpObserver.NONE, Optional.empty());
  }

  public DataPlaneOptions withLimits(Limits newLimits) {
    return new DataPlaneOptions(newLimits, exchanges, listeners, tcp, mesh);
  }

  public DataPlaneOptions withExchanges(ExchangeObserver observer) {
    return new DataPlaneOptions(limits, observer, listeners, tcp, mesh);
  }

  public DataPlaneOptions withListeners(ListenerObserver observer) {
    return new DataPlaneOptions(limits, exchanges, observer, tcp, mesh);
  }

  public DataPlaneOptions withTcp(TcpObserver observer) {
    return new DataPlaneOptions(limits, exchanges, listeners, observer, mesh);
  }

  /** Endpoints with an identity are spoken to with {@code tls}, which stays the caller's. */
  public DataPlaneOptions withMesh(MeshTls tls) {
    return new DataPlaneOptions(limits, exchanges, listeners, tcp, Optional.of(tls));
  }
}
