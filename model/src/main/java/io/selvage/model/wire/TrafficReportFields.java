// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@link TrafficReport}. */
final class TrafficReportFields {
  private static final Direction[] DIRECTIONS = Direction.values();
  private static final Security[] SECURITIES = Security.values();
  private static final int BUCKETS = MeshProtocol.LATENCY_BUCKETS_MILLIS.size() + 1;

  private TrafficReportFields() {}

  static void write(ProtoWriter out, TrafficReport report) {
    if (report.edges().size() > TrafficReport.MAX_EDGES
        || report.calls().size() > TrafficReport.MAX_CALLS) {
      throw new IllegalArgumentException("a report of too many edges or calls");
    }
    out.uint(1, report.sequence())
        .uint(2, report.millis())
        .messages(3, report.edges(), TrafficReportFields::writeEdge)
        .messages(4, report.calls(), TrafficReportFields::writeCall);
  }

  private static void writeEdge(ProtoWriter out, Edge edge) {
    out.uint(1, Fields.number(edge.direction()))
        .string(2, edge.peer())
        .uint(3, edge.port())
        .string(4, edge.peerIdentity())
        .string(5, edge.service())
        .string(6, edge.route())
        .uint(7, Fields.number(edge.security()))
        .bool(8, edge.denied())
        .uint(9, edge.requests())
        .uint(10, edge.successes())
        .packed(11, edge.latency())
        .uint(12, edge.opened())
        .uint(13, edge.open())
        .uint(14, edge.received())
        .uint(15, edge.sent());
  }

  private static void writeCall(ProtoWriter out, Call call) {
    out.uint(1, Fields.number(call.direction()))
        .string(2, call.peer())
        .uint(3, call.port())
        .string(4, call.service())
        .string(5, call.method())
        .string(6, call.path())
        .uint(7, call.count())
        .uint(8, call.successes())
        .uint(9, call.best())
        .uint(10, call.worst())
        .uint(11, call.last());
  }

  static TrafficReport read(ProtoReader in) throws WireException {
    long sequence = 0;
    long millis = 0;
    List<Edge> edges = new ArrayList<>();
    List<Call> calls = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> sequence = in.count("sequence");
        case 2 -> millis = in.count("millis");
        case 3 -> {
          in.room("edges", edges.size(), TrafficReport.MAX_EDGES);
          edges.add(readEdge(in.message("edges[" + edges.size() + "]")));
        }
        case 4 -> {
          in.room("calls", calls.size(), TrafficReport.MAX_CALLS);
          calls.add(readCall(in.message("calls[" + calls.size() + "]")));
        }
        default -> in.skip();
      }
    }
    return new TrafficReport(sequence, millis, edges, calls);
  }

  private static Edge readEdge(ProtoReader in) throws WireException {
    @Nullable Direction direction = null;
    String peer = "";
    int port = 0;
    String identity = "";
    String service = "";
    String route = "";
    @Nullable Security security = null;
    boolean denied = false;
    long requests = 0;
    long successes = 0;
    List<Long> latency = new ArrayList<>(0);
    long opened = 0;
    long open = 0;
    long received = 0;
    long sent = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> direction = in.oneOf("direction", DIRECTIONS);
        case 2 -> peer = in.text("peer");
        case 3 -> port = (int) in.number("port", 0, 65_535);
        case 4 -> identity = in.text("peer_identity");
        case 5 -> service = in.text("service");
        case 6 -> route = in.text("route");
        case 7 -> security = in.oneOf("security", SECURITIES);
        case 8 -> denied = in.bool("denied");
        case 9 -> requests = in.count("requests");
        case 10 -> successes = in.count("successes");
        case 11 -> in.numbers("latency", 0, Long.MAX_VALUE, BUCKETS, latency);
        case 12 -> opened = in.count("opened");
        case 13 -> open = in.count("open");
        case 14 -> received = in.count("received");
        case 15 -> sent = in.count("sent");
        default -> in.skip();
      }
    }
    if (!latency.isEmpty() && latency.size() != BUCKETS) {
      throw in.error("latency", latency.size() + " counts instead of " + BUCKETS);
    }
    return new Edge(
        in.present("direction", direction),
        peer,
        port,
        identity,
        service,
        route,
        in.present("security", security),
        denied,
        requests,
        successes,
        latency,
        opened,
        open,
        received,
        sent);
  }

  private static Call readCall(ProtoReader in) throws WireException {
    @Nullable Direction direction = null;
    String peer = "";
    int port = 0;
    String service = "";
    String method = "";
    String path = "";
    long count = 0;
    long successes = 0;
    long best = 0;
    long worst = 0;
    long last = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> direction = in.oneOf("direction", DIRECTIONS);
        case 2 -> peer = in.text("peer");
        case 3 -> port = (int) in.number("port", 0, 65_535);
        case 4 -> service = in.text("service");
        case 5 -> method = in.text("method");
        case 6 -> path = in.text("path");
        case 7 -> count = in.count("count");
        case 8 -> successes = in.count("successes");
        case 9 -> best = in.count("best");
        case 10 -> worst = in.count("worst");
        case 11 -> last = in.count("last");
        default -> in.skip();
      }
    }
    return new Call(
        in.present("direction", direction),
        peer,
        port,
        service,
        method,
        path,
        count,
        successes,
        best,
        worst,
        last);
  }
}
