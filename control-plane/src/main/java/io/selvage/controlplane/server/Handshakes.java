// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.Peers;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Connections of the gRPC port from accept to the end of their TLS handshake, by address: who opens
 * them is not known before, and one address must not take all the room by never ending one.
 * Thread-safe.
 */
public final class Handshakes {
  private final int mostPerAddress;
  private final boolean loopbackCounts;

  /** Those that have not ended their handshake, by IP literal and port. */
  private final Map<String, Map<Integer, Object>> open = new HashMap<>();

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
   * @param channel tells it from another one of the same port, whose end is not yet known here
   * @return whether it was counted; then {@link #closed} must follow once
   */
  public synchronized boolean begin(InetSocketAddress peer, Object channel) {
    String address = address(peer);
    Map<Integer, Object> here = open.get(address);
    if (here != null
        && here.size() >= mostPerAddress
        && (loopbackCounts || !Peers.isLoopback(address))) {
      return false;
    }
    open.computeIfAbsent(address, a -> new HashMap<>()).put(peer.getPort(), channel);
    return true;
  }

  /** A connection is closed, with its handshake or without. */
  public synchronized void closed(InetSocketAddress peer, Object channel) {
    String address = address(peer);
    Map<Integer, Object> here = open.get(address);
    // Its port may have another connection by now, which is counted on.
    if (here != null && channel.equals(here.get(peer.getPort()))) {
      remove(address, peer.getPort());
    }
  }

  /** The handshake of a connection has ended well. */
  public void ended(@Nullable SocketAddress peer) {
    if (peer != null) {
      remove(Peers.address(peer), peer.port());
    }
  }

  private synchronized void remove(String address, int port) {
    Map<Integer, Object> here = open.get(address);
    if (here != null && here.remove(port) != null && here.isEmpty()) {
      open.remove(address);
    }
  }

  private static String address(InetSocketAddress peer) {
    return peer.getAddress() == null ? "" : peer.getAddress().getHostAddress();
  }

  /** Handshakes under way. */
  public synchronized int size() {
    return open.values().stream().mapToInt(Map::size).sum();
  }
}
