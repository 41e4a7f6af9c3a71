// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.Peers;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Connections of the gRPC port from accept to the end of their TLS handshake, by address: who opens
 * them is not known before, and one address must not take all the room by never ending one.
 * Thread-safe.
 */
public final class Handshakes {
  private final int mostPerAddress;
  private final boolean loopbackCounts;

  /** Ports of those that have not ended their handshake, by IP literal. */
  private final Map<String, Set<Integer>> open = new HashMap<>();

  /** With the bound of {@link ServerLimits#handshakesPerAddress}; loopback has none. */
  public Handshakes(ServerLimits limits) {
    this(limits.handshakesPerAddress(), false);
  }

  /**
   * @param loopbackCounts whether this machine is an address as others are
   */
  public Handshakes(int mostPerAddress, boolean loopbackCounts) {
    this.mostPerAddress = mostPerAddress;
    this.loopbackCounts = loopbackCounts;
  }

  /**
   * Counts a connection that was accepted, if there is room.
   *
   * @return whether it was counted; then {@link #closed} must follow once
   */
  public synchronized boolean begin(InetSocketAddress peer) {
    String address = address(peer);
    Set<Integer> here = open.get(address);
    if (here != null
        && here.size() >= mostPerAddress
        && (loopbackCounts || !Peers.isLoopback(address))) {
      return false;
    }
    open.computeIfAbsent(address, a -> new HashSet<>()).add(peer.getPort());
    return true;
  }

  /** A connection is closed, with its handshake or without. */
  public void closed(InetSocketAddress peer) {
    remove(address(peer), peer.getPort());
  }

  /** The handshake of a connection has ended well. */
  void ended(@Nullable SocketAddress peer) {
    if (peer != null) {
      remove(Peers.address(peer), peer.port());
    }
  }

  private synchronized void remove(String address, int port) {
    Set<Integer> here = open.get(address);
    if (here != null && here.remove(port) && here.isEmpty()) {
      open.remove(address);
    }
  }

  private static String address(InetSocketAddress peer) {
    return peer.getAddress() == null ? "" : peer.getAddress().getHostAddress();
  }

  /** Handshakes under way. */
  public synchronized int size() {
    return open.values().stream().mapToInt(Set::size).sum();
  }
}
