// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The sidecar's own sockets: a connection taken to one of them would go round for ever. */
public final class OwnListeners {
  private final Set<InetSocketAddress> sockets = ConcurrentHashMap.newKeySet();
  private final Set<InetAddress> podIps;

  /**
   * @param podIps what a socket on the wildcard address listens to, beside loopback
   */
  public OwnListeners(Set<InetAddress> podIps) {
    this.podIps = Set.copyOf(podIps);
  }

  /** A socket is open. */
  public void add(InetSocketAddress socket) {
    sockets.add(socket);
  }

  /** Whether a connection to {@code destination} would arrive at one of the sockets. */
  public boolean contains(InetSocketAddress destination) {
    if (sockets.contains(destination)) {
      return true;
    }
    InetAddress address = destination.getAddress();
    boolean local =
        address.isLoopbackAddress() || address.isAnyLocalAddress() || podIps.contains(address);
    if (!local) {
      return false;
    }
    for (InetSocketAddress socket : sockets) {
      if (socket.getPort() == destination.getPort()
          && (socket.getAddress().isAnyLocalAddress() || address.isAnyLocalAddress())) {
        return true;
      }
    }
    return false;
  }
}
