// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.telemetry.LineSink;
import io.selvage.proxy.telemetry.Outcome;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TcpTelemetryTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  @Test
  void countsConnectionsAndBytesByRouteAndCluster() {
    var telemetry = new TcpTelemetry(registry, null);

    telemetry.onEnd(report("db", Outcome.OK));
    telemetry.onEnd(report("db", Outcome.OK));
    telemetry.onEnd(report(null, Outcome.NO_ENDPOINTS));

    assertThat(registry.scrape())
        .contains(
            "selvage_tcp_connections_total{cluster=\"db\",outcome=\"ok\",route=\"tcp/db\"} 2.0")
        .contains(
            "selvage_tcp_connections_total{cluster=\"none\",outcome=\"no_endpoints\","
                + "route=\"tcp/db\"} 1.0")
        .contains("selvage_tcp_bytes_total{cluster=\"db\",direction=\"in\",route=\"tcp/db\"} 20.0")
        .contains(
            "selvage_tcp_bytes_total{cluster=\"db\",direction=\"out\",route=\"tcp/db\"} 400.0")
        .contains(
            "selvage_tcp_connection_duration_seconds_sum{cluster=\"db\",route=\"tcp/db\"} 3.0");
  }

  @Test
  void writesOneJsonLineForAConnection() {
    var out = new ByteArrayOutputStream();
    try (var sink = new LineSink(out)) {
      new TcpTelemetry(registry, sink).onEnd(report("db", Outcome.OK));
    }

    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo(
            """
            {"time":"2023-11-14T22:13:20Z","protocol":"TCP","listener":"default/tcp",\
            "peer":"192.0.2.1:40000","serverName":"db.example","route":"tcp/db","cluster":"db",\
            "endpoint":"127.0.0.1:5432","outcome":"ok","attempts":1,"requestBytes":10,\
            "responseBytes":200,"durationMillis":1500.000}
            """);
  }

  private static TcpReport report(@Nullable String cluster, Outcome outcome) {
    InetAddress address = InetAddress.ofLiteral("192.0.2.1");
    var client =
        new TcpClient(
            "default/tcp",
            new InetSocketAddress(address, 40000),
            new InetSocketAddress(address, 5432),
            "db.example");
    var route =
        new TcpRoute(
            "tcp/db",
            new ObjectRef("TCPMapping", "default", "db"),
            List.of(),
            TcpRoute.Tls.PASSTHROUGH,
            List.of(new TcpRoute.Backend("db", 100)),
            0);
    return new TcpReport(
        client,
        route,
        cluster,
        cluster == null ? null : "127.0.0.1:5432",
        outcome,
        1,
        10,
        200,
        1_700_000_000_000L,
        TimeUnit.MILLISECONDS.toNanos(1500));
  }
}
