// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import java.util.Collection;
import java.util.List;

/**
 * Where the outcome of a compilation is reported. Implementations return at once and write later,
 * so that nothing on the data path waits for an API server.
 */
public interface StatusSink extends AutoCloseable {
  /**
   * Replaces the wanted statuses by those of the newest compilation. An object that was reported
   * before and is missing now is no longer ours: its published address is withdrawn.
   *
   * @param state the state that was compiled
   * @param statuses one for each object Selvage claims
   * @param problems problems that belong to no claimed object, such as those of a file
   */
  void report(ClusterState state, Collection<ObjectStatus> statuses, List<Problem> problems);

  /** Stops writing; gives up the leader's lease where there is one. May be called repeatedly. */
  @Override
  void close();

  /** A sink that forgets everything, for sources that have nowhere to write a status. */
  static StatusSink none() {
    return new StatusSink() {
      @Override
      public void report(
          ClusterState state, Collection<ObjectStatus> statuses, List<Problem> problems) {}

      @Override
      public void close() {}
    };
  }
}
