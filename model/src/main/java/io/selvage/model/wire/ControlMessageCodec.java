// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.KnownAddress;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the control plane sends on {@code Mesh/Connect}, without gRPC's frame. */
public final class ControlMessageCodec {
  private ControlMessageCodec() {}

  /**
   * @throws IllegalArgumentException if it is above what a receiver accepts, see {@link WireLimits}
   */
  public static byte[] encode(ControlMessage message) {
    var out = new ProtoWriter();
    switch (message) {
      case ControlMessage.Welcome welcome ->
          out.message(
              1,
              welcome,
              (to, m) -> to.uint(1, m.version()).string(2, m.instance()).uint(3, m.reportMillis()));
      case ControlMessage.Bundle bundle ->
          out.message(
              2,
              bundle,
              (to, m) ->
                  to.string(1, m.pem())
                      .string(2, m.fingerprint())
                      .bool(3, m.renew())
                      .uint(4, m.revision()));
      case ControlMessage.Inbound inbound ->
          out.message(3, inbound.settings(), InboundSettingsFields::write);
      case ControlMessage.Destination destination ->
          out.message(
              4,
              destination,
              (to, m) -> to.uint(1, m.id()).message(2, m.update(), DestinationFields::write));
      case ControlMessage.Workloads workloads ->
          out.message(5, workloads, ControlMessageCodec::writeWorkloads);
      case ControlMessage.Tap tap -> out.message(6, tap, TapFields::write);
      case ControlMessage.Age age -> out.message(7, age, (to, m) -> to.uint(1, m.millis()));
    }
    return out.toBytes();
  }

  /**
   * @return empty for a kind of message this version does not know: to be ignored
   */
  public static Optional<ControlMessage> decode(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("ControlMessage", message);
    ControlMessage result = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> result = readWelcome(in.message("welcome"));
        case 2 -> result = readBundle(in.message("bundle"));
        case 3 ->
            result = new ControlMessage.Inbound(InboundSettingsFields.read(in.message("inbound")));
        case 4 -> result = readDestination(in.message("destination"));
        case 5 -> result = readWorkloads(in.message("workloads"));
        case 6 -> result = TapFields.read(in.message("tap"));
        case 7 -> result = readAge(in.message("age"));
        default -> in.skip();
      }
    }
    return Optional.ofNullable(result);
  }

  private static ControlMessage readWelcome(ProtoReader in) throws WireException {
    int version = 0;
    String instance = "";
    long reportMillis = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> version = (int) in.number("version", 0, Integer.MAX_VALUE);
        case 2 -> instance = in.text("instance");
        case 3 -> reportMillis = in.number("report_millis", 0, Integer.MAX_VALUE);
        default -> in.skip();
      }
    }
    return new ControlMessage.Welcome(version, instance, reportMillis);
  }

  private static ControlMessage readAge(ProtoReader in) throws WireException {
    long millis = 0;
    for (int field; (field = in.next()) != 0; ) {
      if (field == 1) {
        millis = in.count("millis");
      } else {
        in.skip();
      }
    }
    return new ControlMessage.Age(millis);
  }

  private static ControlMessage readBundle(ProtoReader in) throws WireException {
    String pem = "";
    String fingerprint = "";
    boolean renew = false;
    long revision = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> pem = in.string("pem", WireLimits.PEM_BYTES);
        case 2 -> fingerprint = in.text("fingerprint");
        case 3 -> renew = in.bool("renew");
        case 4 -> revision = in.count("revision");
        default -> in.skip();
      }
    }
    return new ControlMessage.Bundle(pem, fingerprint, renew, revision);
  }

  private static ControlMessage readDestination(ProtoReader in) throws WireException {
    long id = 0;
    @Nullable DestinationUpdate update = null;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> id = in.count("id");
        case 2 -> update = DestinationFields.read(in.message("update"));
        default -> in.skip();
      }
    }
    return new ControlMessage.Destination(id, in.present("update", update));
  }

  private static void writeWorkloads(ProtoWriter out, ControlMessage.Workloads workloads) {
    out.bool(1, workloads.reset())
        .messages(2, workloads.upserts(), ControlMessageCodec::writeAddress)
        .strings(3, workloads.removed())
        .bool(4, workloads.more());
  }

  private static void writeAddress(ProtoWriter out, KnownAddress known) {
    out.string(1, known.address())
        .string(2, known.identity())
        .messages(
            3, known.plainPorts(), (to, range) -> to.uint(1, range.first()).uint(2, range.last()));
    if (!known.pod().equals(PodRef.NONE)) {
      out.message(4, known.pod(), Fields::writePod);
    }
  }

  private static ControlMessage readWorkloads(ProtoReader in) throws WireException {
    boolean reset = false;
    List<KnownAddress> upserts = new ArrayList<>();
    List<String> removed = new ArrayList<>();
    boolean more = false;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> reset = in.bool("reset");
        case 2 -> {
          in.room("upserts", upserts.size(), WireLimits.PODS);
          upserts.add(readAddress(in.message("upserts[" + upserts.size() + "]")));
        }
        case 3 -> {
          in.room("removed", removed.size(), WireLimits.PODS);
          removed.add(in.text("removed"));
        }
        case 4 -> more = in.bool("more");
        default -> in.skip();
      }
    }
    return new ControlMessage.Workloads(reset, upserts, removed, more);
  }

  private static KnownAddress readAddress(ProtoReader in) throws WireException {
    String address = "";
    String identity = "";
    List<PortRange> plain = new ArrayList<>(0);
    PodRef pod = PodRef.NONE;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> address = in.text("address");
        case 2 -> identity = in.text("identity");
        case 3 -> {
          in.room("plain_ports", plain.size(), WireLimits.PORT_RANGES);
          plain.add(readRange(in.message("plain_ports")));
        }
        case 4 -> pod = Fields.readPod(in.message("pod"));
        default -> in.skip();
      }
    }
    return new KnownAddress(address, identity, plain, pod);
  }

  private static PortRange readRange(ProtoReader in) throws WireException {
    int first = 0;
    int last = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> first = in.port("first");
        case 2 -> last = in.port("last");
        default -> in.skip();
      }
    }
    if (first == 0 || last < first) {
      throw in.error("first", first + "-" + last + " is no range of ports");
    }
    return new PortRange(first, last);
  }
}
