// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The queries, over the metrics every proxy serves. */
final class PromQl {
  /** What a pair is told by; namespace and pod are those the scrape job attaches to a proxy. */
  private static final List<String> PAIR =
      List.of(
          "namespace",
          "pod",
          "direction",
          "client_ip",
          "client_id",
          "target_ip",
          "server_id",
          "no_tls_reason",
          "dst_namespace",
          "dst_service",
          "dst_port",
          "route",
          "denied");

  private final String matcher;
  private final String range;

  /**
   * @param namespace of the proxies; empty for all
   */
  PromQl(Optional<String> namespace, Duration window) {
    matcher = namespace.map(name -> "{namespace=" + quoted(name) + "}").orElse("");
    range = "[" + window.toSeconds() + "s]";
  }

  /** Requests by {@code classification}. */
  String responses() {
    return increase("selvage_response_total", ",classification");
  }

  /** Latencies by {@code le}, cumulative. */
  String latencies() {
    return increase("selvage_response_latency_ms_bucket", ",le");
  }

  String opened() {
    return increase("selvage_tcp_open_total", "");
  }

  /** Bytes read from the peer. */
  String read() {
    return increase("selvage_tcp_read_bytes_total", "");
  }

  /** Bytes written to the peer. */
  String written() {
    return increase("selvage_tcp_write_bytes_total", "");
  }

  /** Connections open now. */
  String open() {
    return "sum by (" + by("") + ") (selvage_tcp_open_connections" + matcher + ")";
  }

  private String increase(String metric, String more) {
    return "sum by (" + by(more) + ") (increase(" + metric + matcher + range + "))";
  }

  private static String by(String more) {
    return String.join(",", PAIR) + more;
  }

  /**
   * A string literal of PromQL (its documentation, "String literals", follows Go's escaping rules).
   */
  static String quoted(String value) {
    var out = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7f) {
            out.append(String.format("\\x%02x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
