// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.netty.util.NetUtil;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One JSON line for each exchange, refused requests included. Members that are not known are left
 * out. Written by a {@link LineSink}, so an event loop only builds the line.
 */
public final class AccessLog implements ExchangeObserver, AutoCloseable {
  private final LineSink sink;
  private final FastThreadLocal<JsonLine> lines =
      new FastThreadLocal<>() {
        @Override
        protected JsonLine initialValue() {
          return new JsonLine();
        }
      };

  public AccessLog(LineSink sink) {
    this.sink = sink;
  }

  @Override
  public void onEnd(ExchangeReport report) {
    JsonLine line = lines.get().begin();
    line.time("time", report.startMillis);
    connection(line, report.connection, report.clientAddress);
    request(line, report);
    if (report.status != 0) {
      line.number("status", report.status);
    }
    line.text("outcome", report.outcome.label());
    if (report.rejection != null) {
      line.text("reason", report.rejection.reason());
    }
    upstream(line, report);
    line.number("requestBytes", report.requestBytes);
    line.number("responseBytes", report.responseBytes);
    line.millis("durationMillis", report.endNanos - report.startNanos);
    sink.write(line.end());
  }

  private static void connection(
      JsonLine line, @Nullable ConnectionInfo connection, @Nullable String client) {
    if (connection == null) {
      return;
    }
    line.text("listener", connection.listener());
    InetSocketAddress peer = connection.peer();
    line.text("peer", NetUtil.toSocketAddressString(peer.getHostString(), peer.getPort()));
    line.text("client", client == null ? peer.getHostString() : client);
    line.text("tls", connection.tlsVersion());
    line.text("serverName", connection.serverName());
  }

  private static void request(JsonLine line, ExchangeReport report) {
    RequestHead request = report.request;
    if (request == null) {
      line.text("requestLine", report.rawRequestLine);
      return;
    }
    line.text("protocol", request.version().toString());
    line.text("method", request.method());
    line.text("authority", request.authority());
    line.text("path", request.target().toString());
    line.text("userAgent", request.headers().valueOf(HeaderName.USER_AGENT));
    line.text("requestId", report.requestId);
    line.text("upgrade", report.tunnel);
  }

  private static void upstream(JsonLine line, ExchangeReport report) {
    if (report.route != null) {
      line.text("route", report.route.name());
    }
    line.text("cluster", report.clusterStatsName);
    if (report.attempts == 0) {
      return;
    }
    line.text("endpoint", report.endpoint);
    line.text("upstreamPath", report.upstreamPath);
    line.number("attempts", report.attempts);
    if (report.upstreamStatus != 0) {
      line.number("upstreamStatus", report.upstreamStatus);
    }
    if (report.grpcStatus >= 0) {
      line.number("grpcStatus", report.grpcStatus);
    }
    if (report.upstreamHeadNanos != 0) {
      line.millis("upstreamMillis", report.upstreamHeadNanos - report.upstreamStartNanos);
    }
  }

  @Override
  public void close() {
    sink.close();
  }
}
