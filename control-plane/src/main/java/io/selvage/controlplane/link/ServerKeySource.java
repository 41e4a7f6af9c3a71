// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.util.Optional;

/** Where the control plane's own keys come from; whoever holds them renews them. */
@FunctionalInterface
public interface ServerKeySource {
  /**
   * Those of now, looked at in each handshake; quick, from any thread. Empty while there are none,
   * when handshakes fail.
   */
  Optional<ServerKeys> current();
}
