// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.util.Optional;

/** Says who may act on the rotation of the root. Blocks; event loops must not ask it. */
@FunctionalInterface
public interface RotatePermission {
  /**
   * Judges a call.
   *
   * @return empty if it is permitted
   */
  Optional<Refusal> check(Caller caller);

  /** Without a cluster, whoever is on this machine may. */
  static RotatePermission loopback() {
    return caller ->
        caller.loopback()
            ? Optional.empty()
            : Optional.of(new Refusal(403, "actions are taken from loopback only"));
  }
}
