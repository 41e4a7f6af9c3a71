// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.http.Limits;
import java.util.function.Supplier;

/**
 * What a codec needs beside the connection. One per listener and version of its settings; a
 * connection keeps the one it began with.
 *
 * @param exchanges where requests go
 * @param limits bounds the codec enforces
 * @param drain whether to announce the end of the connection
 * @param http2MaxConcurrentStreams streams per HTTP/2 connection, 1..1000
 * @param settings the current process-wide settings; read once per request
 * @param transparent messages pass unchanged: targets are not normalised, HTTP/1.0 and requests
 *     without Host are served. Framing is judged all the same
 */
public record ServerCodecContext(
    ExchangeFactory exchanges,
    Limits limits,
    DrainSignal drain,
    int http2MaxConcurrentStreams,
    Supplier<Settings> settings,
    boolean transparent) {
  public ServerCodecContext {
    requireNonNull(exchanges, "exchanges");
    requireNonNull(limits, "limits");
    requireNonNull(drain, "drain");
    requireNonNull(settings, "settings");
    if (http2MaxConcurrentStreams < 1) {
      throw new IllegalArgumentException("no stream would be allowed");
    }
  }

  /** As a gateway does. */
  public ServerCodecContext(
      ExchangeFactory exchanges,
      Limits limits,
      DrainSignal drain,
      int http2MaxConcurrentStreams,
      Supplier<Settings> settings) {
    this(exchanges, limits, drain, http2MaxConcurrentStreams, settings, false);
  }
}
