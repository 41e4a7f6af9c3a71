// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.tcp.TcpProxy;
import io.selvage.proxy.tls.ServerContexts;
import io.selvage.proxy.transport.EventLoops;
import java.util.function.Supplier;

/**
 * What all listeners of a process share.
 *
 * @param loops where connections run
 * @param http1 codec of connections that do not speak HTTP/2
 * @param http2 codec of connections that chose h2 by ALPN or began with its preface
 * @param exchanges where requests go
 * @param tcp where raw connections go
 * @param limits bounds
 * @param settings current process-wide settings
 * @param drain set when the process is leaving
 * @param tls server certificates
 * @param guard process-wide connection cap
 * @param observer metrics and log
 * @param opening what a connection begins with
 */
public record ListenerEnvironment(
    EventLoops loops,
    ServerCodec http1,
    ServerCodec http2,
    ExchangeFactory exchanges,
    TcpProxy tcp,
    Limits limits,
    Supplier<Settings> settings,
    DrainSignal drain,
    ServerContexts tls,
    ConnectionGuard guard,
    ListenerObserver observer,
    ConnectionOpening opening) {
  public ListenerEnvironment {
    requireNonNull(loops, "loops");
    requireNonNull(http1, "http1");
    requireNonNull(http2, "http2");
    requireNonNull(exchanges, "exchanges");
    requireNonNull(tcp, "tcp");
    requireNonNull(limits, "limits");
    requireNonNull(settings, "settings");
    requireNonNull(drain, "drain");
    requireNonNull(tls, "tls");
    requireNonNull(guard, "guard");
    requireNonNull(observer, "observer");
    requireNonNull(opening, "opening");
  }
}
