// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import java.util.Set;

/** A newer state and what differs from the one before it. */
public sealed interface ClusterChange {
  /** Everything, as of now. */
  ClusterState state();

  /** The first complete state. */
  record Synced(ClusterState state) implements ClusterChange {
    public Synced {
      requireNonNull(state, "state");
    }
  }

  /**
   * Objects or problems changed: compile again.
   *
   * @param changed added, altered and removed objects; empty when only the source's problems
   *     changed
   */
  record ObjectsChanged(ClusterState state, Set<ObjectRef> changed) implements ClusterChange {
    public ObjectsChanged {
      requireNonNull(state, "state");
      changed = Set.copyOf(changed);
    }
  }

  /**
   * Only EndpointSlices or Endpoints changed: the endpoint sets of their Services are to be
   * replaced, no route is touched. The set is never empty.
   */
  record EndpointsChanged(ClusterState state, Set<ObjectRef> changed) implements ClusterChange {
    public EndpointsChanged {
      requireNonNull(state, "state");
      changed = Set.copyOf(changed);
    }
  }
}
