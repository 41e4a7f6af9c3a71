// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.Optional;

/**
 * One bound socket address and what is spoken on it.
 *
 * @param name unique, stable across compiles: {@code namespace/name} of the Listener object, or
 *     {@code default/http} and {@code default/https}
 * @param origin the object it came from; absent for the default listeners
 * @param address IP literal to bind; {@code 0.0.0.0} for all
 * @param port 0..65535; 0 lets the system choose (tests)
 * @param proxyProtocol whether a PROXY protocol v1/v2 header must come first
 * @param tls whether TLS is spoken
 * @param http whether HTTP is served (routeTable) or raw TCP (tcpRoutes only)
 * @param securityModel how a request is judged secure
 * @param trustedHops proxies in front whose X-Forwarded-For entries are believed; 0 = the peer's
 *     address is the client's and incoming X-Forwarded-Proto is replaced from the wire
 * @param routeTable key into {@link RoutingModel#routeTables()}; empty when http is false
 * @param tlsBindings certificates by SNI; looked up exact, then longest wildcard, then the default
 * @param tcpRoutes routes taken before HTTP: by SNI, or the whole port when a route names no SNI
 * @param http2MaxConcurrentStreams streams per connection, 1..1000
 * @param statsPrefix metric label value for this listener
 */
public record ListenerSpec(
    String name,
    Optional<ObjectRef> origin,
    String address,
    int port,
    boolean proxyProtocol,
    TlsMode tls,
    boolean http,
    SecurityModel securityModel,
    int trustedHops,
    String routeTable,
    List<TlsBinding> tlsBindings,
    List<TcpRoute> tcpRoutes,
    int http2MaxConcurrentStreams,
    String statsPrefix) {

  /** Whether a listener speaks TLS. */
  public enum TlsMode {
    /** Plaintext only. */
    OFF,
    /** TLS only: anything else is closed. */
    REQUIRED,
    /** The first byte decides: a TLS record (0x16) is TLS, anything else plaintext. */
    DETECT
  }

  /** How a request is judged secure (Emissary Listener {@code securityModel}). */
  public enum SecurityModel {
    /** Secure if the (trusted or wire-derived) X-Forwarded-Proto is https. */
    XFP,
    /** Always secure. */
    SECURE,
    /** Never secure. */
    INSECURE
  }

  public ListenerSpec {
    requireNonNull(name, "name");
    requireNonNull(origin, "origin");
    requireNonNull(address, "address");
    requireNonNull(tls, "tls");
    requireNonNull(securityModel, "securityModel");
    requireNonNull(routeTable, "routeTable");
    tlsBindings = List.copyOf(tlsBindings);
    tcpRoutes = List.copyOf(tcpRoutes);
    requireNonNull(statsPrefix, "statsPrefix");
  }
}
