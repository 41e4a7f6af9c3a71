// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import java.util.List;
import java.util.Optional;

/**
 * Which workload a pod belongs to, as people name it: {@code Deployment web}, not its ReplicaSet.
 */
public final class Workloads {
  /** Label by which a Deployment tells the pods of its ReplicaSets apart. */
  public static final String TEMPLATE_HASH_LABEL = "pod-template-hash";

  private Workloads() {}

  /**
   * A workload.
   *
   * @param kind such as {@code Deployment}, or {@code Pod} for one that nothing controls
   */
  public record Workload(String namespace, String kind, String name) {}

  /**
   * The owner at the end of the chain. A ReplicaSet the state does not hold is taken for that of a
   * Deployment if its name ends with the pod's template hash.
   */
  public static Workload ownerOf(Pod pod, ClusterState state) {
    ObjectMeta metadata = pod.metadata();
    var owner = controllerOf(metadata.ownerReferences());
    if (owner.isEmpty()) {
      return new Workload(metadata.namespace(), "Pod", metadata.name());
    }
    Optional<? extends KubeObject> known =
        switch (owner.get().kind()) {
          case "ReplicaSet" ->
              state.find(Kind.REPLICA_SET, metadata.namespace(), owner.get().name());
          case "Job" -> state.find(Kind.JOB, metadata.namespace(), owner.get().name());
          default -> Optional.empty();
        };
    return ownerOf(metadata, known.map(KubeObject::metadata));
  }

  /**
   * The owner at the end of the chain.
   *
   * @param pod metadata of the pod
   * @param between metadata of the ReplicaSet or Job that controls the pod, where it is known
   */
  public static Workload ownerOf(ObjectMeta pod, Optional<ObjectMeta> between) {
    var owner = controllerOf(pod.ownerReferences());
    if (owner.isEmpty()) {
      return new Workload(pod.namespace(), "Pod", pod.name());
    }
    var above = between.flatMap(meta -> controllerOf(meta.ownerReferences()));
    if (above.isPresent()) {
      return new Workload(pod.namespace(), above.get().kind(), above.get().name());
    }
    String name = owner.get().name();
    String hash = pod.labels().getOrDefault(TEMPLATE_HASH_LABEL, "");
    boolean templated =
        owner.get().kind().equals("ReplicaSet")
            && between.isEmpty()
            && !hash.isEmpty()
            && name.endsWith("-" + hash)
            && name.length() > hash.length() + 1;
    return templated
        ? new Workload(
            pod.namespace(), "Deployment", name.substring(0, name.length() - hash.length() - 1))
        : new Workload(pod.namespace(), owner.get().kind(), name);
  }

  /** The owner that manages the object; empty if none does. */
  public static Optional<OwnerReference> controllerOf(List<OwnerReference> owners) {
    return owners.stream()
        .filter(o -> o.controller() && !o.kind().isEmpty() && !o.name().isEmpty())
        .findFirst();
  }
}
