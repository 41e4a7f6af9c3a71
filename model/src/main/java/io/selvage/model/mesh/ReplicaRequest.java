// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * From a replica of the control plane to one that tells it of its proxies: asks some of these for
 * exchanges, or no longer.
 *
 * @param sessions of {@link ReplicaMessage.Proxy#session}, at most {@value #MAX_SESSIONS}
 * @param tap its number is one of the asking replica's
 */
public record ReplicaRequest(List<Long> sessions, ControlMessage.Tap tap) {
  public static final int MAX_SESSIONS = 20_000;

  public ReplicaRequest {
    sessions = List.copyOf(sessions);
    requireNonNull(tap, "tap");
  }
}
