// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Where peers of connections are. */
public final class Peers {
  private Peers() {}

  /** The IP literal of a peer; empty if it has none. */
  public static String address(@Nullable SocketAddress peer) {
    String address = peer == null ? null : peer.hostAddress();
    return address == null ? "" : address;
  }

  /** Whether an {@link #address} is of this machine; nothing is ever resolved. */
  public static boolean isLoopback(String address) {
    try {
      return InetAddress.ofLiteral(address).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
