// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** An exchange as three lines of text: the request, the response, the end. */
final class TapLines {
  private static final List<String> GRPC_NAMES =
      List.of(
          "OK",
          "CANCELLED",
          "UNKNOWN",
          "INVALID_ARGUMENT",
          "DEADLINE_EXCEEDED",
          "NOT_FOUND",
          "ALREADY_EXISTS",
          "PERMISSION_DENIED",
          "RESOURCE_EXHAUSTED",
          "FAILED_PRECONDITION",
          "ABORTED",
          "OUT_OF_RANGE",
          "UNIMPLEMENTED",
          "INTERNAL",
          "UNAVAILABLE",
          "DATA_LOSS",
          "UNAUTHENTICATED");

  private TapLines() {}

  /**
   * @param wide whether to say whose the ends are
   */
  static List<String> of(JsonNode row, boolean wide) {
    String common = common(row);
    String labels = wide ? labels(row) : "";
    var lines = new ArrayList<String>();
    lines.add(
        "req "
            + common
            + " :method="
            + text(row, "method")
            + " :authority="
            + text(row, "authority")
            + " :path="
            + text(row, "path")
            + labels);
    if (row.path("status").isNumber()) {
      String latency =
          row.path("latency_us").isNumber()
              ? " latency=" + row.path("latency_us").asLong() + "µs"
              : "";
      lines.add("rsp " + common + " :status=" + row.path("status").asInt() + latency + labels);
    }
    var end = new StringBuilder("end ").append(common);
    if (row.path("grpc_status").isNumber()) {
      end.append(" grpc-status=").append(grpc(row.path("grpc_status").asInt()));
    }
    if (row.path("denied").asBoolean()) {
      end.append(" denied=true");
    }
    if (row.path("broken").asBoolean()) {
      end.append(" reset-error=").append(text(row, "outcome"));
    }
    end.append(" duration=").append(row.path("duration_us").asLong()).append("µs");
    end.append(" response-length=").append(row.path("response_bytes").asLong()).append('B');
    lines.add(end + labels);
    return lines;
  }

  private static String common(JsonNode row) {
    String proxy = text(row, "proxy");
    return "id="
        + text(row, "id")
        + " proxy="
        + (proxy.equals("in") ? "in " : proxy)
        + " src="
        + text(row.path("src"), "address")
        + " dst="
        + text(row.path("dst"), "address")
        + " tls="
        + text(row, "tls").replace(' ', '_');
  }

  private static String labels(JsonNode row) {
    var labels = new StringBuilder();
    labels(labels, "src", row.path("src"));
    labels(labels, "dst", row.path("dst"));
    label(labels, "dst_service", text(row, "service"));
    label(labels, "rt_route", text(row, "route"));
    return labels.toString();
  }

  private static void labels(StringBuilder labels, String side, JsonNode end) {
    label(labels, side + "_ns", text(end, "namespace"));
    label(labels, side + "_pod", text(end, "pod"));
    for (Map.Entry<String, JsonNode> owner : end.path("owners").properties()) {
      label(
          labels,
          side + "_" + TerminalText.line(owner.getKey()),
          TerminalText.line(owner.getValue().asText()));
    }
    label(labels, side + "_id", text(end, "identity"));
  }

  private static void label(StringBuilder labels, String name, String value) {
    if (!value.isEmpty()) {
      labels.append(' ').append(name).append('=').append(value.replace(' ', '_'));
    }
  }

  private static String grpc(int status) {
    return status >= 0 && status < GRPC_NAMES.size()
        ? GRPC_NAMES.get(status)
        : Integer.toString(status);
  }

  private static String text(JsonNode node, String field) {
    return TerminalText.line(node.path(field).asText());
  }
}
