// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The current state of a source and the changes since the last {@link #commit()}. Confined to the
 * source's thread, the only one that writes; the states it hands out are immutable.
 */
public final class ClusterStateStore {
  private static final Set<String> ENDPOINT_KINDS =
      Set.of(Kind.ENDPOINT_SLICE.name(), Kind.ENDPOINTS.name());

  private ClusterState current = ClusterState.empty();
  private ClusterState.Builder next = current.toBuilder();
  private final Set<ObjectRef> touched = new HashSet<>();
  private @Nullable List<Problem> problems;
  private boolean synced;

  /** The last committed state. */
  public ClusterState current() {
    return current;
  }

  /** Adds an object or replaces the one of its name. */
  public void put(KubeObject object, @Nullable SourceLocation location) {
    touched.add(object.ref());
    if (location == null) {
      next.add(object);
    } else {
      next.add(object, location);
    }
  }

  /** Takes an object out. */
  public void remove(ObjectRef ref) {
    touched.add(ref);
    next.remove(ref);
  }

  /** Replaces the source's problems. */
  public void problems(Collection<Problem> all) {
    problems = all.stream().sorted().toList();
  }

  /**
   * Makes the changes the current state.
   *
   * @return what to tell a listener, in this order: nothing if no object or problem differs from
   *     before, {@code Synced} the first time; otherwise endpoint changes first, so that they need
   *     not wait for a compilation, then the rest. Both carry the same, newest state
   */
  public List<ClusterChange> commit() {
    ClusterState before = current;
    boolean problemsDiffer = problems != null && !problems.equals(before.problems());
    if (problemsDiffer && problems != null) {
      next.problems(problems);
    }
    ClusterState after = next.build();
    var objects = new HashSet<ObjectRef>();
    var endpoints = new HashSet<ObjectRef>();
    boolean moved = false;
    for (ObjectRef ref : touched) {
      if (!before.find(ref).equals(after.find(ref))) {
        (ENDPOINT_KINDS.contains(ref.kind()) ? endpoints : objects).add(ref);
      } else {
        moved |= !before.location(ref).equals(after.location(ref));
      }
    }
    touched.clear();
    problems = null;
    boolean first = !synced;
    boolean differs = problemsDiffer || moved || !objects.isEmpty() || !endpoints.isEmpty();
    if (!first && !differs) {
      next = before.toBuilder();
      return List.of();
    }
    synced = true;
    current = after;
    next = after.toBuilder();
    if (first) {
      return List.of(new ClusterChange.Synced(after));
    }
    var changes = new ArrayList<ClusterChange>(2);
    if (!endpoints.isEmpty()) {
      changes.add(new ClusterChange.EndpointsChanged(after, endpoints));
    }
    // A line that moved changes what a later problem says, not what is served: no change of its
    // own.
    if (!objects.isEmpty() || problemsDiffer) {
      changes.add(new ClusterChange.ObjectsChanged(after, objects));
    }
    return changes;
  }
}
