// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/** The recorded traffic as metrics. */
public final class TrafficMetrics {
  private final TrafficLedger ledger;

  public TrafficMetrics(TrafficLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * An edge ready to be written.
   *
   * @param labels common to all its samples
   */
  private record Row(TrafficLedger.Totals totals, String labels) {
    String and(String more) {
      return labels + "," + more;
    }

    boolean isInbound() {
      return totals.key().direction() == Direction.INBOUND;
    }

    boolean isDenied() {
      return totals.key().denied();
    }

    long requests() {
      return totals.counts().requests;
    }

    long opened() {
      return totals.counts().opened;
    }
  }

  /** Appends all families. */
  public void write(MetricsText text) {
    List<Row> rows = new ArrayList<>();
    for (TrafficLedger.Totals totals : ledger.totals()) {
      rows.add(new Row(totals, labels(totals.key())));
    }
    requests(text, rows);
    connections(text, rows);
    decisions(text, rows);
  }

  private static void requests(MetricsText text, List<Row> rows) {
    text.family("selvage_request_total", "counter", "HTTP requests that have ended.");
    for (Row row : rows) {
      if (row.requests() > 0) {
        text.sample(row.labels, row.requests());
      }
    }
    text.family("selvage_response_total", "counter", "HTTP requests by how they were answered.");
    for (Row row : rows) {
      Counts counts = row.totals.counts();
      for (int i = 0; i < counts.statusCount; i++) {
        text.sample(row.and(statusLabels(counts.statuses[i])), counts.statusCounts[i]);
      }
    }
    text.family(
        "selvage_response_latency_ms",
        "histogram",
        "Milliseconds from the head of the request to the head of the response.");
    for (Row row : rows) {
      latency(text, row);
    }
  }

  private static String statusLabels(int key) {
    int status = Counts.httpStatus(key);
    int grpc = Counts.grpcStatus(key);
    return MetricsText.labels(
        "status_code",
        Integer.toString(status),
        "classification",
        Counts.isSuccess(key) ? "success" : "failure",
        "grpc_status",
        switch (grpc) {
          case Classification.NOT_GRPC -> "";
          case Classification.GRPC_MISSING -> "missing";
          default -> Integer.toString(grpc);
        });
  }

  private static void latency(MetricsText text, Row row) {
    Counts counts = row.totals.counts();
    long[] buckets = counts.latency;
    if (buckets == null) {
      return;
    }
    long sum = 0;
    for (int i = 0; i < buckets.length; i++) {
      sum += buckets[i];
      String bound =
          i < MeshProtocol.LATENCY_BUCKETS_MILLIS.size()
              ? Integer.toString(MeshProtocol.LATENCY_BUCKETS_MILLIS.get(i))
              : "+Inf";
      text.sample("_bucket", row.and("le=\"" + bound + "\""), Long.toString(sum));
    }
    text.sample(
        "_sum", row.labels, String.format(Locale.ROOT, "%.3f", counts.latencySum / 1_000.0));
    text.sample("_count", row.labels, Long.toString(counts.latencyCount));
  }

  private static void connections(MetricsText text, List<Row> rows) {
    tcp(text, rows, "selvage_tcp_open_total", "counter", "Connections opened.", Row::opened);
    tcp(
        text,
        rows,
        "selvage_tcp_close_total",
        "counter",
        "Connections closed.",
        row -> row.totals.counts().closed);
    tcp(
        text,
        rows,
        "selvage_tcp_open_connections",
        "gauge",
        "Connections open now.",
        row -> row.totals.open());
    tcp(
        text,
        rows,
        "selvage_tcp_read_bytes_total",
        "counter",
        "Bytes read from the peer.",
        row -> row.totals.counts().received);
    tcp(
        text,
        rows,
        "selvage_tcp_write_bytes_total",
        "counter",
        "Bytes written to the peer.",
        row -> row.totals.counts().sent);
  }

  private static void tcp(
      MetricsText text,
      List<Row> rows,
      String name,
      String type,
      String help,
      ToLongFunction<Row> value) {
    text.family(name, type, help);
    for (Row row : rows) {
      if (row.opened() > 0) {
        String peer = row.isInbound() ? "peer=\"src\"" : "peer=\"dst\"";
        text.sample(row.and(peer), value.applyAsLong(row));
      }
    }
  }

  private static void decisions(MetricsText text, List<Row> rows) {
    decision(text, rows, "selvage_inbound_http_authz_allow_total", "requests allowed", false, true);
    decision(text, rows, "selvage_inbound_http_authz_deny_total", "requests denied", true, true);
    decision(
        text, rows, "selvage_inbound_tcp_authz_allow_total", "connections allowed", false, false);
    decision(text, rows, "selvage_inbound_tcp_authz_deny_total", "connections denied", true, false);
  }

  private static void decision(
      MetricsText text, List<Row> rows, String name, String what, boolean denied, boolean http) {
    text.family(name, "counter", "Inbound " + what + " by policy.");
    for (Row row : rows) {
      long count = http ? row.requests() : row.opened();
      if (row.isInbound() && row.isDenied() == denied && count > 0) {
        text.sample(row.labels, count);
      }
    }
  }

  private static String labels(EdgeKey key) {
    boolean inbound = key.direction() == Direction.INBOUND;
    String service = key.service();
    int slash = service.indexOf('/');
    int colon = service.lastIndexOf(':');
    boolean named = slash > 0 && colon > slash;
    String peer = key.peer().equals(EdgeKey.OTHER) ? "other" : key.peerText();
    return MetricsText.labels(
        "direction",
        inbound ? "inbound" : "outbound",
        inbound ? "client_ip" : "target_ip",
        peer,
        "target_port",
        Integer.toString(key.port()),
        "tls",
        switch (key.security()) {
          case SECURED -> "true";
          case PASSED_THROUGH -> "opaque";
          default -> "no_identity";
        },
        "no_tls_reason",
        reason(key.security()),
        inbound ? "client_id" : "server_id",
        key.peerIdentity(),
        "dst_namespace",
        named ? service.substring(0, slash) : "",
        "dst_service",
        named ? service.substring(slash + 1, colon) : "",
        "dst_port",
        named ? service.substring(colon + 1) : "",
        "route",
        key.route(),
        "denied",
        key.denied() ? "true" : "");
  }

  private static String reason(Security security) {
    return switch (security) {
      case SECURED -> "";
      case NOT_MESHED -> "not_provided_by_service_discovery";
      case NO_TLS_FROM_REMOTE -> "no_tls_from_remote";
      default -> security.name().toLowerCase(Locale.ROOT);
    };
  }
}
