// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps every change a source publishes. */
final class StateRecorder implements ClusterStateListener {
  final List<ClusterChange> changes = new CopyOnWriteArrayList<>();

  @Override
  public void onChange(ClusterChange change) {
    changes.add(change);
  }

  boolean isSynced() {
    return !changes.isEmpty();
  }

  ClusterState latest() {
    return changes.isEmpty() ? ClusterState.empty() : changes.getLast().state();
  }

  <T extends KubeObject> Optional<T> find(Kind<T> kind, String namespace, String name) {
    return latest().find(kind, namespace, name);
  }

  List<String> reasons() {
    return latest().problems().stream().map(Problem::reason).toList();
  }
}
