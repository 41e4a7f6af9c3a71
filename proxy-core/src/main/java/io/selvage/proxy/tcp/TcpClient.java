// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Who is connected, for balancing and the report.
 *
 * @param listener name of the ListenerSpec
 * @param peer TCP peer, or the source a PROXY protocol header gave
 * @param local address the client connected to
 * @param serverName SNI in lower case; null when none was sent or looked at
 * @param peerIdentity SPIFFE id the client has proved within the mesh; empty = none
 */
public record TcpClient(
    String listener,
    InetSocketAddress peer,
    InetSocketAddress local,
    @Nullable String serverName,
    String peerIdentity) {

  /** A client without an identity of the mesh. */
  public TcpClient(
      String listener,
      InetSocketAddress peer,
      InetSocketAddress local,
      @Nullable String serverName) {
    this(listener, peer, local, serverName, "");
  }
}
