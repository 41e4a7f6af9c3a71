// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Counts what goes through the proxy. Every method but the constructor's is called on an event loop
 * and costs one hash lookup: each loop counts for itself.
 */
public interface TrafficRecorder {
  /**
   * Counts exchanges when they end.
   *
   * @param edges under what to count; null = not at all
   */
  ExchangeObserver exchanges(Function<ExchangeReport, @Nullable EdgeKey> edges);

  /**
   * A connection was opened: on the inbound side one accepted, on the outbound side one to an
   * endpoint. It stays open until {@link Flow#close}, which is called on the same event loop.
   */
  Flow open(EdgeKey key);

  /** An open connection. Confined to its event loop. */
  interface Flow {
    /** More bytes, since the last call. */
    void transferred(long received, long sent);

    /** The connection has ended; once. */
    void close();
  }
}
