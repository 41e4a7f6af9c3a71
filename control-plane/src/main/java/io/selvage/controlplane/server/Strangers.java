// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.Peers;
import java.util.HashMap;
import java.util.Map;

/**
 * The open connections of peers that showed no certificate of ours, counted in all and by address.
 * Anybody can open one: they must not take the room of proxies that are known. Thread-safe.
 */
final class Strangers {
  private final int most;
  private final int mostPerAddress;
  private final Map<String, Integer> byAddress = new HashMap<>();
  private int open;

  Strangers(ServerLimits limits) {
    this.most = limits.strangers();
    this.mostPerAddress = limits.strangersPerAddress();
  }

  /**
   * Counts one more, if there is room.
   *
   * @param address IP literal of the peer
   * @return whether it was counted; then {@link #left} must follow once
   */
  synchronized boolean admit(String address) {
    // Behind loopback there can be any number of peers: a proxy of the node, or a test.
    int here = byAddress.getOrDefault(address, 0);
    if (open >= most || (here >= mostPerAddress && !Peers.isLoopback(address))) {
      return false;
    }
    open++;
    byAddress.put(address, here + 1);
    return true;
  }

  /** One that was admitted is closed. */
  synchronized void left(String address) {
    open--;
    byAddress.computeIfPresent(address, (a, n) -> n == 1 ? null : n - 1);
  }
}
