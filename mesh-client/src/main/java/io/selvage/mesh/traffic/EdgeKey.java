// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.net.InetAddress;

/**
 * Under what a request or a connection is counted; the fields are those of {@link
 * io.selvage.model.mesh.TrafficReport.Edge}. May be built for each request: nothing in it is costly
 * to compare.
 *
 * @param peer the other side: the client's pod inbound, the endpoint's outbound
 * @param port the server's port: the original destination's inbound, the endpoint's outbound
 * @param peerIdentity SPIFFE id the peer has proved; empty = none
 * @param service label of the Service the client asked for; empty = none
 * @param route name of the route; empty = the default route
 * @param denied refused by policy
 */
public record EdgeKey(
    Direction direction,
    InetAddress peer,
    int port,
    String peerIdentity,
    String service,
    String route,
    Security security,
    boolean denied) {
  public EdgeKey {
    requireNonNull(direction, "direction");
    requireNonNull(peer, "peer");
    requireNonNull(peerIdentity, "peerIdentity");
    requireNonNull(service, "service");
    requireNonNull(route, "route");
    requireNonNull(security, "security");
  }
}
