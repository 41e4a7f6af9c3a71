// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What proxies send on {@code Mesh/Connect}, without gRPC's frame. */
public final class ProxyMessageCodec {
  private static final ProxyKind[] KINDS = ProxyKind.values();

  private ProxyMessageCodec() {}

  /**
   * @throws IllegalArgumentException if it is above what a receiver accepts
   */
  public static byte[] encode(ProxyMessage message) {
    var out = new ProtoWriter();
    switch (message) {
      case ProxyMessage.Hello hello ->
          out.message(
              1,
              hello,
              (to, m) ->
                  to.uint(1, m.version())
                      .message(2, m.pod(), Fields::writePod)
                      .uint(3, Fields.number(m.kind()))
                      .string(4, m.software())
                      .string(5, m.bundle()));
      case ProxyMessage.Subscribe subscribe ->
          out.message(
              2, subscribe, (to, m) -> to.uint(1, m.id()).string(2, m.address()).uint(3, m.port()));
      case ProxyMessage.Unsubscribe unsubscribe ->
          out.message(3, unsubscribe, (to, m) -> to.uint(1, m.id()));
      case ProxyMessage.State state ->
          out.message(
              4,
              state,
              (to, m) -> to.string(1, m.fingerprint()).uint(2, m.certificateNotAfterMillis()));
      case ProxyMessage.Report report ->
          out.message(5, report.report(), TrafficReportFields::write);
      case ProxyMessage.Tapped tapped -> out.message(6, tapped, TapFields::write);
    }
    return out.toBytes();
  }

  /**
   * @return empty for a kind of message this version does not know: to be ignored
   */
  public static Optional<ProxyMessage> decode(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("ProxyMessage", message);
    ProxyMessage result = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> result = readHello(in.message("hello"));
        case 2 -> result = readSubscribe(in.message("subscribe"));
        case 3 -> result = readUnsubscribe(in.message("unsubscribe"));
        case 4 -> result = readState(in.message("state"));
        case 5 -> result = new ProxyMessage.Report(TrafficReportFields.read(in.message("report")));
        case 6 -> result = TapFields.readTapped(in.message("tapped"));
        default -> in.skip();
      }
    }
    return Optional.ofNullable(result);
  }

  private static ProxyMessage readHello(ProtoReader in) throws WireException {
    int version = 0;
    PodRef pod = PodRef.NONE;
    @Nullable ProxyKind kind = null;
    String software = "";
    String bundle = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> version = (int) in.number("version", 0, Integer.MAX_VALUE);
        case 2 -> pod = Fields.readPod(in.message("pod"));
        case 3 -> kind = in.oneOf("kind", KINDS);
        case 4 -> software = in.text("software");
        case 5 -> bundle = in.text("bundle");
        default -> in.skip();
      }
    }
    return new ProxyMessage.Hello(version, pod, in.present("kind", kind), software, bundle);
  }

  private static ProxyMessage readSubscribe(ProtoReader in) throws WireException {
    long id = 0;
    String address = "";
    int port = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> id = in.count("id");
        case 2 -> address = in.text("address");
        case 3 -> port = in.port("port");
        default -> in.skip();
      }
    }
    if (address.isEmpty() || port == 0) {
      throw in.error(port == 0 ? "port" : "address", "missing");
    }
    return new ProxyMessage.Subscribe(id, address, port);
  }

  private static ProxyMessage readUnsubscribe(ProtoReader in) throws WireException {
    long id = 0;
    for (int field; (field = in.next()) != 0; ) {
      if (field == 1) {
        id = in.count("id");
      } else {
        in.skip();
      }
    }
    return new ProxyMessage.Unsubscribe(id);
  }

  private static ProxyMessage readState(ProtoReader in) throws WireException {
    String fingerprint = "";
    long notAfter = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> fingerprint = in.text("fingerprint");
        case 2 -> notAfter = in.count("certificate_not_after_millis");
        default -> in.skip();
      }
    }
    return new ProxyMessage.State(fingerprint, notAfter);
  }
}
