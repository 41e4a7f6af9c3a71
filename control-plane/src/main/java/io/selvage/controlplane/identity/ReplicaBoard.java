// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.controlplane.identity.IssuerStorage.StorageException;
import java.util.Map;
import java.util.Set;

/** Where replicas of the control plane tell each other how far they are. Calls block. */
interface ReplicaBoard {
  /**
   * Puts up what one replica has to say in place of what it said before.
   *
   * @param keep replicas whose notes stay; those of others, which are gone, are taken down
   */
  void post(String replica, String note, Set<String> keep) throws StorageException;

  /** What stands there, by replica. */
  Map<String, String> read() throws StorageException;
}
