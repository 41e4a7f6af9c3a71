// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.PodRef;
import java.util.Optional;

/** Which pod has which address, as of now. Thread-safe, quick. */
public interface PodDirectory {
  /**
   * The pod of an address; empty for addresses nobody has, and for those of nodes, which pods on
   * the host network share.
   *
   * @param address IP literal in any notation
   */
  Optional<PodRef> podAt(String address);
}
