// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.proxy.telemetry.JsonLine;
import io.selvage.proxy.telemetry.LineSink;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Metrics and an access log line for each raw connection. Connections are rarer than requests, so
 * meters are looked up in the registry each time.
 *
 * <ul>
 *   <li>{@code selvage_tcp_connections_total{route,cluster,outcome}}
 *   <li>{@code selvage_tcp_bytes_total{route,cluster,direction}}; direction is {@code in} from the
 *       client or {@code out} to it
 *   <li>{@code selvage_tcp_connection_duration_seconds{route,cluster}}, count and sum
 * </ul>
 */
public final class TcpTelemetry implements TcpObserver {
  private static final String NONE = "none";

  private final MeterRegistry registry;
  private final @Nullable LineSink log;
  private final FastThreadLocal<JsonLine> lines =
      new FastThreadLocal<>() {
        @Override
        protected JsonLine initialValue() {
          return new JsonLine();
        }
      };

  /**
   * @param log null writes no lines
   */
  public TcpTelemetry(MeterRegistry registry, @Nullable LineSink log) {
    this.registry = registry;
    this.log = log;
  }

  @Override
  public void onEnd(TcpReport report) {
    String route = report.route().name();
    String cluster = report.clusterStatsName() == null ? NONE : report.clusterStatsName();
    registry
        .counter(
            "selvage.tcp.connections",
            "route",
            route,
            "cluster",
            cluster,
            "outcome",
            report.outcome().label())
        .increment();
    bytes(route, cluster, "in", report.bytesFromClient());
    bytes(route, cluster, "out", report.bytesToClient());
    registry
        .timer("selvage.tcp.connection.duration", "route", route, "cluster", cluster)
        .record(report.nanos(), TimeUnit.NANOSECONDS);
    if (log != null) {
      log.write(line(report));
    }
  }

  private void bytes(String route, String cluster, String direction, long count) {
    registry
        .counter("selvage.tcp.bytes", "route", route, "cluster", cluster, "direction", direction)
        .increment((double) count);
  }

  private byte[] line(TcpReport report) {
    InetSocketAddress peer = report.client().peer();
    JsonLine line =
        lines
            .get()
            .begin()
            .time("time", report.startMillis())
            .text("protocol", "TCP")
            .text("listener", report.client().listener())
            .text("peer", NetUtil.toSocketAddressString(peer.getHostString(), peer.getPort()))
            .text("serverName", report.client().serverName())
            .text("route", report.route().name())
            .text("cluster", report.clusterStatsName())
            .text("endpoint", report.endpoint())
            .text("outcome", report.outcome().label())
            .number("attempts", report.attempts())
            .number("requestBytes", report.bytesFromClient())
            .number("responseBytes", report.bytesToClient())
            .millis("durationMillis", report.nanos());
    return line.end();
  }
}
