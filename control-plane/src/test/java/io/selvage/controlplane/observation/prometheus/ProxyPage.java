// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The metrics of one proxy, summed up from what it reports, in the names and labels that proxies
 * use (docs/operations.md).
 */
final class ProxyPage {
  private final Map<String, Edge> sums = new LinkedHashMap<>();

  synchronized void add(Edge more) {
    sums.merge(labels(more), more, ProxyPage::plus);
  }

  private static Edge plus(Edge a, Edge b) {
    List<Long> latency = new ArrayList<>();
    if (a.latency().isEmpty()) {
      latency = b.latency();
    } else {
      for (int i = 0; i < a.latency().size(); i++) {
        latency.add(a.latency().get(i) + (b.latency().isEmpty() ? 0 : b.latency().get(i)));
      }
    }
    return new Edge(
        a.direction(),
        a.peer(),
        a.port(),
        a.peerIdentity(),
        a.service(),
        a.route(),
        a.security(),
        a.denied(),
        a.requests() + b.requests(),
        a.successes() + b.successes(),
        latency,
        a.opened() + b.opened(),
        b.open(),
        a.received() + b.received(),
        a.sent() + b.sent());
  }

  synchronized String text() {
    var page = new StringBuilder();
    sums.forEach((labels, edge) -> {
      sample(page, "response_total", labels + ",classification=\"success\"", edge.successes());
      sample(
          page,
          "response_total",
          labels + ",classification=\"failure\"",
          edge.requests() - edge.successes());
      long sum = 0;
      for (int i = 0; i < edge.latency().size(); i++) {
        sum += edge.latency().get(i);
        String bound =
            i < MeshProtocol.LATENCY_BUCKETS_MILLIS.size()
                ? MeshProtocol.LATENCY_BUCKETS_MILLIS.get(i).toString()
                : "+Inf";
        sample(page, "response_latency_ms_bucket", labels + ",le=\"" + bound + "\"", sum);
      }
      String peer = edge.direction() == Direction.INBOUND ? "src" : "dst";
      String tcp = labels + ",peer=\"" + peer + "\"";
      sample(page, "tcp_open_total", tcp, edge.opened());
      sample(page, "tcp_open_connections", tcp, edge.open());
      sample(page, "tcp_read_bytes_total", tcp, edge.received());
      sample(page, "tcp_write_bytes_total", tcp, edge.sent());
    });
    return page.toString();
  }

  private static void sample(StringBuilder page, String name, String labels, long value) {
    page.append("selvage_").append(name).append('{').append(labels).append("} ");
    page.append(value).append('\n');
  }

  private static String labels(Edge edge) {
    boolean inbound = edge.direction() == Direction.INBOUND;
    String service = edge.service();
    int slash = service.indexOf('/');
    int colon = service.lastIndexOf(':');
    var labels = new StringJoiner(",");
    label(labels, "direction", inbound ? "inbound" : "outbound");
    label(labels, inbound ? "client_ip" : "target_ip", edge.peer());
    label(labels, "target_port", Integer.toString(edge.port()));
    label(labels, "no_tls_reason", reason(edge.security()));
    label(labels, inbound ? "client_id" : "server_id", edge.peerIdentity());
    label(labels, "dst_namespace", slash < 0 ? "" : service.substring(0, slash));
    label(labels, "dst_service", slash < 0 ? "" : service.substring(slash + 1, colon));
    label(labels, "dst_port", slash < 0 ? "" : service.substring(colon + 1));
    label(labels, "route", edge.route());
    label(labels, "denied", edge.denied() ? "true" : "");
    return labels.toString();
  }

  private static void label(StringJoiner labels, String name, String value) {
    String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"");
    labels.add(name + "=\"" + escaped + "\"");
  }

  private static String reason(Security security) {
    return switch (security) {
      case SECURED -> "";
      case NOT_MESHED -> "not_provided_by_service_discovery";
      default -> security.name().toLowerCase(Locale.ROOT);
    };
  }
}
