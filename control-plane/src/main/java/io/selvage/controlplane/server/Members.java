// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.Peers;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.HashMap;
import java.util.Map;

/**
 * The open connections of peers that have proved an identity, by identity and by address: a member
 * needs one or two, and must not take the room of all others. Thread-safe.
 */
final class Members {
  private final int mostPerIdentity;
  private final int mostPerAddress;
  private final Map<WorkloadIdentity, Integer> byIdentity = new HashMap<>();
  private final Map<String, Integer> byAddress = new HashMap<>();

  Members(ServerLimits limits) {
    this.mostPerIdentity = limits.membersPerIdentity();
    this.mostPerAddress = limits.membersPerAddress();
  }

  /**
   * Counts one more, if there is room.
   *
   * @param address IP literal of the peer; loopback has no bound of its own
   * @return whether it was counted; then {@link #left} must follow once
   */
  synchronized boolean admit(WorkloadIdentity identity, String address) {
    int same = byIdentity.getOrDefault(identity, 0);
    int here = byAddress.getOrDefault(address, 0);
    if (same >= mostPerIdentity || here >= mostPerAddress && !Peers.isLoopback(address)) {
      return false;
    }
    byIdentity.put(identity, same + 1);
    byAddress.put(address, here + 1);
    return true;
  }

  /** One that was admitted is closed. */
  synchronized void left(WorkloadIdentity identity, String address) {
    byIdentity.computeIfPresent(identity, (i, n) -> n == 1 ? null : n - 1);
    byAddress.computeIfPresent(address, (a, n) -> n == 1 ? null : n - 1);
  }
}
