// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What an address stands for. The first update of a subscription is a reset; later ones change the
 * endpoints by difference. An update whose {@code reset} is true replaces everything known.
 *
 * @param reset forget all endpoints before applying this
 * @param kind what is behind the address
 * @param service the Service; {@link ServiceRef#NONE} if it is none
 * @param hint protocol of the Service's port, or of the pod's
 * @param upserts endpoints that are new or have changed, keyed by address and port
 * @param removed endpoints that are gone
 * @param more whether the rest of it follows in another update: nothing is to be used until then
 */
public record DestinationUpdate(
    boolean reset,
    Kind kind,
    ServiceRef service,
    ProtocolHint hint,
    List<Endpoint> upserts,
    List<Address> removed,
    boolean more) {

  /** What is behind an address. */
  public enum Kind {
    /** A Service: requests are balanced over its endpoints. */
    SERVICE,
    /**
     * One pod: there is one endpoint, the address itself; none while it is not clear whose the
     * address is, when nothing may be sent there.
     */
    ENDPOINT,
    /** Nothing we know: forwarded as it is, in plaintext. */
    FORWARD,
    /** The address is a Service's, the port is none of its ports: refused. */
    NO_SUCH_PORT
  }

  /**
   * A port of a Service.
   *
   * @param port as clients use it
   */
  public record ServiceRef(String namespace, String name, int port) {
    public static final ServiceRef NONE = new ServiceRef("", "", 0);

    public ServiceRef {
      requireNonNull(namespace, "namespace");
      requireNonNull(name, "name");
    }

    /** {@code namespace/name:port}; empty for none. */
    public String label() {
      return name.isEmpty() ? "" : namespace + "/" + name + ":" + port;
    }
  }

  /**
   * @param address IP literal
   * @param port 1..65535
   */
  public record Address(String address, int port) {
    public Address {
      requireNonNull(address, "address");
    }
  }

  /**
   * @param address IP literal
   * @param port 1..65535
   * @param identity SPIFFE id the endpoint must prove; empty = not meshed, plaintext
   * @param hint what this endpoint speaks; DETECT = as its Service says
   * @param draining still serving, on its way out
   */
  public record Endpoint(
      String address, int port, String identity, ProtocolHint hint, boolean draining) {
    public Endpoint {
      requireNonNull(address, "address");
      requireNonNull(identity, "identity");
      requireNonNull(hint, "hint");
    }
  }

  public DestinationUpdate {
    requireNonNull(kind, "kind");
    requireNonNull(service, "service");
    requireNonNull(hint, "hint");
    upserts = List.copyOf(upserts);
    removed = List.copyOf(removed);
  }

  /** All of it in one message. */
  public DestinationUpdate(
      boolean reset,
      Kind kind,
      ServiceRef service,
      ProtocolHint hint,
      List<Endpoint> upserts,
      List<Address> removed) {
    this(reset, kind, service, hint, upserts, removed, false);
  }

  /** The answer for an address nothing is known of. */
  public static DestinationUpdate forward() {
    return new DestinationUpdate(
        true, Kind.FORWARD, ServiceRef.NONE, ProtocolHint.DETECT, List.of(), List.of());
  }
}
