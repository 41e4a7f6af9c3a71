// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TapEvent.Header;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and writes Taps and what they yield. */
final class TapFields {
  private static final Direction[] DIRECTIONS = Direction.values();
  private static final Security[] SECURITIES = Security.values();

  private TapFields() {}

  static void write(ProtoWriter out, ControlMessage.Tap tap) {
    out.uint(1, tap.id())
        .uint(2, tap.maxPerSecond())
        .string(3, tap.method())
        .string(4, tap.scheme())
        .string(5, tap.authority())
        .string(6, tap.pathPrefix())
        .bool(7, tap.headers());
  }

  static ControlMessage.Tap read(ProtoReader in) throws WireException {
    long id = 0;
    int maxPerSecond = 0;
    String method = "";
    String scheme = "";
    String authority = "";
    String pathPrefix = "";
    boolean headers = false;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> id = in.count("id");
        case 2 ->
            maxPerSecond = (int) in.number("max_per_second", 0, ControlMessage.Tap.MAX_PER_SECOND);
        case 3 -> method = in.text("method");
        case 4 -> scheme = in.text("scheme");
        case 5 -> authority = in.text("authority");
        case 6 -> pathPrefix = in.text("path_prefix");
        case 7 -> headers = in.bool("headers");
        default -> in.skip();
      }
    }
    return new ControlMessage.Tap(id, maxPerSecond, method, scheme, authority, pathPrefix, headers);
  }

  static void write(ProtoWriter out, ProxyMessage.Tapped tapped) {
    out.uint(1, tapped.id()).uint(2, tapped.dropped()).message(3, tapped.event(), TapFields::write);
  }

  static ProxyMessage.Tapped readTapped(ProtoReader in) throws WireException {
    long id = 0;
    long dropped = 0;
    @Nullable TapEvent event = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> id = in.count("id");
        case 2 -> dropped = in.count("dropped");
        case 3 -> event = readEvent(in.message("event"));
        default -> in.skip();
      }
    }
    return new ProxyMessage.Tapped(id, dropped, in.present("event", event));
  }

  /** Numbers that may be absent are one more than what they say; 0 is absent. */
  private static void write(ProtoWriter out, TapEvent event) {
    if (event.headers().size() > TapEvent.MAX_HEADERS) {
      throw new IllegalArgumentException("a tapped exchange with too many fields");
    }
    out.uint(1, event.sequence())
        .uint(2, Fields.number(event.direction()))
        .string(3, event.source())
        .string(4, event.destination())
        .string(5, event.peer())
        .string(6, event.peerIdentity())
        .string(7, event.service())
        .string(8, event.route())
        .uint(9, Fields.number(event.security()))
        .bool(10, event.denied())
        .string(11, event.method())
        .string(12, event.scheme())
        .string(13, event.authority())
        .string(14, event.path())
        .uint(15, event.status())
        .uint(16, event.grpcStatus() + 1L)
        .uint(17, event.latencyMicros() + 1)
        .uint(18, event.durationMicros())
        .uint(19, event.requestBytes())
        .uint(20, event.responseBytes())
        .string(21, event.outcome())
        .bool(22, event.broken())
        .messages(
            23,
            event.headers(),
            (to, header) -> to.string(1, header.name()).string(2, header.value()));
  }

  private static TapEvent readEvent(ProtoReader in) throws WireException {
    long sequence = 0;
    @Nullable Direction direction = null;
    String source = "";
    String destination = "";
    String peer = "";
    String peerIdentity = "";
    String service = "";
    String route = "";
    @Nullable Security security = null;
    boolean denied = false;
    String method = "";
    String scheme = "";
    String authority = "";
    String path = "";
    int status = 0;
    int grpcStatus = -1;
    long latency = -1;
    long duration = 0;
    long requestBytes = 0;
    long responseBytes = 0;
    String outcome = "";
    boolean broken = false;
    List<Header> headers = new ArrayList<>(0);
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> sequence = in.count("sequence");
        case 2 -> direction = in.oneOf("direction", DIRECTIONS);
        case 3 -> source = in.text("source");
        case 4 -> destination = in.text("destination");
        case 5 -> peer = in.text("peer");
        case 6 -> peerIdentity = in.text("peer_identity");
        case 7 -> service = in.text("service");
        case 8 -> route = in.text("route");
        case 9 -> security = in.oneOf("security", SECURITIES);
        case 10 -> denied = in.bool("denied");
        case 11 -> method = in.text("method");
        case 12 -> scheme = in.text("scheme");
        case 13 -> authority = in.text("authority");
        case 14 -> path = in.text("path");
        case 15 -> status = (int) in.number("status", 0, 999);
        case 16 -> grpcStatus = (int) in.number("grpc_status", 0, Integer.MAX_VALUE) - 1;
        case 17 -> latency = in.count("latency_micros") - 1;
        case 18 -> duration = in.count("duration_micros");
        case 19 -> requestBytes = in.count("request_bytes");
        case 20 -> responseBytes = in.count("response_bytes");
        case 21 -> outcome = in.text("outcome");
        case 22 -> broken = in.bool("broken");
        case 23 -> {
          in.room("headers", headers.size(), TapEvent.MAX_HEADERS);
          headers.add(readHeader(in.message("headers")));
        }
        default -> in.skip();
      }
    }
    return new TapEvent(
        sequence,
        in.present("direction", direction),
        source,
        destination,
        peer,
        peerIdentity,
        service,
        route,
        in.present("security", security),
        denied,
        method,
        scheme,
        authority,
        path,
        status,
        grpcStatus,
        latency,
        duration,
        requestBytes,
        responseBytes,
        outcome,
        broken,
        headers);
  }

  private static Header readHeader(ProtoReader in) throws WireException {
    String name = "";
    String value = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> name = in.text("name");
        case 2 -> value = in.text("value");
        default -> in.skip();
      }
    }
    return new Header(name, value);
  }
}
