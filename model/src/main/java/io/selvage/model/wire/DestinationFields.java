// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Address;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.ProtocolHint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@link DestinationUpdate}. */
final class DestinationFields {
  private static final Kind[] KINDS = Kind.values();
  private static final ProtocolHint[] HINTS = ProtocolHint.values();

  private DestinationFields() {}

  static void write(ProtoWriter out, DestinationUpdate update) {
    out.bool(1, update.reset())
        .uint(2, Fields.number(update.kind()))
        .message(
            3,
            update.service(),
            (to, service) ->
                to.string(1, service.namespace()).string(2, service.name()).uint(3, service.port()))
        .uint(4, Fields.number(update.hint()))
        .messages(5, update.upserts(), DestinationFields::writeEndpoint)
        .messages(
            6,
            update.removed(),
            (to, address) -> to.string(1, address.address()).uint(2, address.port()))
        .bool(7, update.more());
  }

  private static void writeEndpoint(ProtoWriter out, Endpoint endpoint) {
    out.string(1, endpoint.address())
        .uint(2, endpoint.port())
        .string(3, endpoint.identity())
        .uint(6, Fields.number(endpoint.hint()))
        .bool(7, endpoint.draining());
  }

  static DestinationUpdate read(ProtoReader in) throws WireException {
    boolean reset = false;
    boolean more = false;
    @Nullable Kind kind = null;
    ServiceRef service = ServiceRef.NONE;
    @Nullable ProtocolHint hint = null;
    List<Endpoint> upserts = new ArrayList<>();
    List<Address> removed = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> reset = in.bool("reset");
        case 2 -> kind = in.oneOf("kind", KINDS);
        case 3 -> service = readService(in.message("service"));
        case 4 -> hint = in.oneOf("hint", HINTS);
        case 5 -> {
          in.room("upserts", upserts.size(), WireLimits.ENDPOINTS);
          upserts.add(readEndpoint(in.message("upserts[" + upserts.size() + "]")));
        }
        case 6 -> {
          in.room("removed", removed.size(), WireLimits.ENDPOINTS);
          removed.add(readAddress(in.message("removed[" + removed.size() + "]")));
        }
        case 7 -> more = in.bool("more");
        default -> in.skip();
      }
    }
    return new DestinationUpdate(
        reset, in.present("kind", kind), service, in.present("hint", hint), upserts, removed, more);
  }

  private static ServiceRef readService(ProtoReader in) throws WireException {
    String namespace = "";
    String name = "";
    int port = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> namespace = in.text("namespace");
        case 2 -> name = in.text("name");
        case 3 -> port = in.port("port");
        default -> in.skip();
      }
    }
    return new ServiceRef(namespace, name, port);
  }

  private static Address readAddress(ProtoReader in) throws WireException {
    String address = "";
    int port = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> address = in.text("address");
        case 2 -> port = in.port("port");
        default -> in.skip();
      }
    }
    requireAddress(in, address, port);
    return new Address(address, port);
  }

  private static Endpoint readEndpoint(ProtoReader in) throws WireException {
    String address = "";
    int port = 0;
    String identity = "";
    @Nullable ProtocolHint hint = null;
    boolean draining = false;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> address = in.text("address");
        case 2 -> port = in.port("port");
        case 3 -> identity = in.text("identity");
        case 6 -> hint = in.oneOf("hint", HINTS);
        case 7 -> draining = in.bool("draining");
        default -> in.skip();
      }
    }
    requireAddress(in, address, port);
    return new Endpoint(address, port, identity, in.present("hint", hint), draining);
  }

  private static void requireAddress(ProtoReader in, String address, int port)
      throws WireException {
    if (address.isEmpty() || port == 0) {
      throw in.error(port == 0 ? "port" : "address", "missing");
    }
  }
}
