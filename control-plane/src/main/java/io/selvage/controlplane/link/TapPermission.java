// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.util.Optional;

/** Says who may look at single exchanges. Blocks; event loops must not ask it. */
@FunctionalInterface
public interface TapPermission {
  /**
   * Judges a call.
   *
   * @param namespace of what is to be tapped; empty for all
   * @return empty if it is permitted
   */
  Optional<Refusal> check(Caller caller, Optional<String> namespace);

  /** Without a cluster, whoever is on this machine may. */
  static TapPermission loopback() {
    return (caller, _) ->
        caller.foreignPage()
            ? Optional.of(new Refusal(403, "taps are not opened for pages of other sites"))
            : caller.loopback()
                ? Optional.empty()
                : Optional.of(new Refusal(403, "taps are opened from loopback only"));
  }
}
