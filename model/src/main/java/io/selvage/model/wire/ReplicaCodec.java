// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What replicas of the control plane say to each other, without gRPC's frame. */
public final class ReplicaCodec {
  private static final ProxyKind[] KINDS = ProxyKind.values();

  private ReplicaCodec() {}

  /**
   * @throws IllegalArgumentException if it is above what a receiver accepts
   */
  public static byte[] encode(ReplicaMessage message) {
    var out = new ProtoWriter();
    switch (message) {
      case ReplicaMessage.Hello hello ->
          out.message(
              1,
              hello,
              (to, m) -> to.uint(1, m.version()).string(2, m.instance()).string(3, m.pod()));
      case ReplicaMessage.Proxy proxy -> out.message(2, proxy, ReplicaCodec::writeProxy);
      case ReplicaMessage.Gone gone -> out.message(3, gone, (to, m) -> to.uint(1, m.session()));
      case ReplicaMessage.Report report ->
          out.message(
              4,
              report,
              (to, m) ->
                  to.uint(1, m.session()).message(2, m.report(), TrafficReportFields::write));
      case ReplicaMessage.Dropped dropped ->
          out.message(6, dropped, (to, m) -> to.uint(1, m.reports()));
      case ReplicaMessage.Tapped tapped ->
          out.message(
              5,
              tapped,
              (to, m) -> to.uint(1, m.session()).message(2, m.tapped(), TapFields::write));
    }
    return out.toBytes();
  }

  private static void writeProxy(ProtoWriter out, ReplicaMessage.Proxy proxy) {
    out.uint(1, proxy.session())
        .string(2, proxy.identity().uri())
        .message(3, proxy.pod(), Fields::writePod)
        .bool(4, proxy.podKnown())
        .uint(5, Fields.number(proxy.kind()))
        .string(6, proxy.peer())
        .string(7, proxy.software())
        .string(8, proxy.bundle())
        .uint(9, proxy.certificateNotAfterMillis())
        .uint(10, proxy.sinceMillis());
  }

  /**
   * @return empty for a kind of message this version does not know: to be ignored
   */
  public static Optional<ReplicaMessage> decode(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("ReplicaMessage", message);
    ReplicaMessage result = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> result = readHello(in.message("hello"));
        case 2 -> result = readProxy(in.message("proxy"));
        case 3 -> result = readGone(in.message("gone"));
        case 4 -> result = readReport(in.message("report"));
        case 5 -> result = readTapped(in.message("tapped"));
        case 6 -> result = readDropped(in.message("dropped"));
        default -> in.skip();
      }
    }
    return Optional.ofNullable(result);
  }

  private static ReplicaMessage readHello(ProtoReader in) throws WireException {
    int version = 0;
    String instance = "";
    String pod = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> version = (int) in.number("version", 0, Integer.MAX_VALUE);
        case 2 -> instance = in.text("instance");
        case 3 -> pod = in.text("pod");
        default -> in.skip();
      }
    }
    return new ReplicaMessage.Hello(version, instance, pod);
  }

  private static ReplicaMessage readProxy(ProtoReader in) throws WireException {
    long session = 0;
    @Nullable WorkloadIdentity identity = null;
    PodRef pod = PodRef.NONE;
    boolean podKnown = false;
    @Nullable ProxyKind kind = null;
    String peer = "";
    String software = "";
    String bundle = "";
    long notAfter = 0;
    long since = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> session = in.count("session");
        case 2 -> {
          String uri = in.text("identity");
          identity = WorkloadIdentity.parse(uri).orElseThrow(() -> in.error("identity", "not one"));
        }
        case 3 -> pod = Fields.readPod(in.message("pod"));
        case 4 -> podKnown = in.bool("pod_known");
        case 5 -> kind = in.oneOf("kind", KINDS);
        case 6 -> peer = in.text("peer");
        case 7 -> software = in.text("software");
        case 8 -> bundle = in.text("bundle");
        case 9 -> notAfter = in.count("certificate_not_after_millis");
        case 10 -> since = in.count("since_millis");
        default -> in.skip();
      }
    }
    return new ReplicaMessage.Proxy(
        session,
        in.present("identity", identity),
        pod,
        podKnown,
        in.present("kind", kind),
        peer,
        software,
        bundle,
        notAfter,
        since);
  }

  private static ReplicaMessage readGone(ProtoReader in) throws WireException {
    long session = 0;
    for (int field; (field = in.next()) != 0; ) {
      if (field == 1) {
        session = in.count("session");
      } else {
        in.skip();
      }
    }
    return new ReplicaMessage.Gone(session);
  }

  private static ReplicaMessage readDropped(ProtoReader in) throws WireException {
    long reports = 0;
    for (int field; (field = in.next()) != 0; ) {
      if (field == 1) {
        reports = in.count("reports");
      } else {
        in.skip();
      }
    }
    return new ReplicaMessage.Dropped(reports);
  }

  private static ReplicaMessage readReport(ProtoReader in) throws WireException {
    long session = 0;
    @Nullable TrafficReport report = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> session = in.count("session");
        case 2 -> report = TrafficReportFields.read(in.message("report"));
        default -> in.skip();
      }
    }
    return new ReplicaMessage.Report(session, in.present("report", report));
  }

  private static ReplicaMessage readTapped(ProtoReader in) throws WireException {
    long session = 0;
    ProxyMessage.@Nullable Tapped tapped = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> session = in.count("session");
        case 2 -> tapped = TapFields.readTapped(in.message("tapped"));
        default -> in.skip();
      }
    }
    return new ReplicaMessage.Tapped(session, in.present("tapped", tapped));
  }

  /** What the other side sends. */
  public static byte[] encode(ReplicaRequest request) {
    return new ProtoWriter()
        .packed(1, request.sessions())
        .message(2, request.tap(), TapFields::write)
        .toBytes();
  }

  public static ReplicaRequest decodeRequest(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("ReplicaRequest", message);
    List<Long> sessions = new ArrayList<>();
    ControlMessage.@Nullable Tap tap = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> in.numbers("sessions", 0, Long.MAX_VALUE, ReplicaRequest.MAX_SESSIONS, sessions);
        case 2 -> tap = TapFields.read(in.message("tap"));
        default -> in.skip();
      }
    }
    return new ReplicaRequest(sessions, in.present("tap", tap));
  }
}
