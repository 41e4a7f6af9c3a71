// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

/**
 * Where Kubernetes objects come from: a folder of manifests or the API server. A source publishes
 * nothing before it has read everything once, then every change; whatever goes wrong afterwards,
 * the last state stays and the trouble shows in {@link #health()} and {@link
 * io.selvage.model.kube.ClusterState#problems()}.
 */
public interface ClusterStateSource extends AutoCloseable {
  /**
   * Starts reading and returns at once. May be called once.
   *
   * @param listener told of the first state and of every change, always on the same thread of the
   *     source; a slow listener delays later events, which then arrive merged
   * @throws IllegalStateException if called twice or after {@link #close()}
   */
  void start(ClusterStateListener listener);

  /** How well the source is connected; from any thread. */
  SourceHealth health();

  /** Stops reading. No event is delivered after this returns. May be called repeatedly. */
  @Override
  void close();
}
