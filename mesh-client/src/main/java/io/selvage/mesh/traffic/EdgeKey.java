// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static java.util.Objects.requireNonNull;

import io.netty.util.NetUtil;
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
  /** Stands for every peer beyond the bound. */
  static final InetAddress OTHER =
      requireNonNull(NetUtil.createInetAddressFromIpAddressString("0.0.0.0"));

  public EdgeKey {
    requireNonNull(direction, "direction");
    requireNonNull(peer, "peer");
    requireNonNull(peerIdentity, "peerIdentity");
    requireNonNull(service, "service");
    requireNonNull(route, "route");
    requireNonNull(security, "security");
  }

  /** Under what is counted what comes after {@code max} different keys. */
  static EdgeKey other(Direction direction) {
    return new EdgeKey(direction, OTHER, 0, "", "", "", Security.OUTSIDE, false);
  }

  /** The peer as an IP literal. */
  public String peerText() {
    return NetUtil.toAddressString(peer);
  }
}
