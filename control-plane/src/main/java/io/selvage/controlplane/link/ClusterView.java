// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.kube.ClusterStateListener;
import io.selvage.model.kube.ClusterState;

/** The objects of the cluster, shared by all parts. Thread-safe. */
public interface ClusterView {
  /** The newest state; empty until the source has read everything once. */
  ClusterState current();

  /**
   * Told of every change from now on, on the source's thread; first, when there is a state already,
   * of that one as {@code Synced}.
   */
  void listen(ClusterStateListener listener);
}
