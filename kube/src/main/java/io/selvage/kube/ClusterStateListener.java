// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

/**
 * Receives the states of a {@link ClusterStateSource}, one after another, on the source's thread.
 */
@FunctionalInterface
public interface ClusterStateListener {
  /** Takes the newest state. An exception is logged and does not stop the source. */
  void onChange(ClusterChange change);
}
