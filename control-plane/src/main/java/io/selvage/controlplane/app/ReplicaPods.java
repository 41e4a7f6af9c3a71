// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Pod;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The pods of the control plane, our own among them: each has proxies of its own. They are asked
 * for every second, and looked for only when a pod of their namespace has changed. One writer;
 * readers on any thread.
 */
final class ReplicaPods implements ClusterStateListener {
  private final String namespace;
  private volatile @Nullable Found found;

  /**
   * The replicas of one moment.
   *
   * @param addresses one of each, an IP literal, by name of the pod
   * @param serving names of those that are ready and stay
   */
  record Found(Map<String, String> addresses, Set<String> serving) {
    Found {
      addresses = Map.copyOf(addresses);
      serving = Set.copyOf(serving);
    }
  }

  /**
   * @param namespace of the control plane
   */
  ReplicaPods(String namespace) {
    this.namespace = namespace;
  }

  @Override
  public void onChange(ClusterChange change) {
    boolean mayDiffer =
        switch (change) {
          case ClusterChange.Synced _ -> true;
          case ClusterChange.ObjectsChanged objects ->
              objects.changed().stream().anyMatch(this::isNear);
          case ClusterChange.EndpointsChanged _ -> false;
        };
    if (mayDiffer) {
      found = find(change.state());
    }
  }

  private boolean isNear(ObjectRef ref) {
    return ref.kind().equals(Kind.POD.name()) && ref.namespace().equals(namespace);
  }

  private Found find(ClusterState state) {
    var replicas = state.all(Kind.POD).stream().filter(this::isReplica).toList();
    return new Found(
        replicas.stream()
            .collect(
                Collectors.toMap(one -> one.metadata().name(), one -> one.addresses().getFirst())),
        replicas.stream()
            .filter(one -> one.isReady() && !one.isTerminating())
            .map(one -> one.metadata().name())
            .collect(Collectors.toSet()));
  }

  private boolean isReplica(Pod pod) {
    return pod.metadata().namespace().equals(namespace)
        && pod.spec().serviceAccountName().equals(ControlPlaneOptions.SERVICE_ACCOUNT)
        && !pod.isFinished()
        && !pod.addresses().isEmpty();
  }

  /** Those there are now; empty until the objects were read once. */
  Optional<Found> found() {
    return Optional.ofNullable(found);
  }

  /** Their names; empty until the objects were read once. */
  Optional<Set<String>> names() {
    return found().map(now -> now.addresses().keySet());
  }
}
