// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Pod;
import io.selvage.model.kube.Workloads;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What tables say of a pod.
 *
 * @param serviceAccount its name
 * @param labels of the pod
 * @param phase as Kubernetes has it; empty where nothing is known
 * @param injected whether it carries the label of an injected pod
 * @param finished whether it has run to its end
 * @param addresses canonical IP literals that are the pod's alone: none on the host network
 * @param owners names by type, both of the next owner and of the last
 */
public record PodInfo(
    PodKey key,
    String serviceAccount,
    Map<String, String> labels,
    String phase,
    boolean injected,
    boolean finished,
    List<String> addresses,
    Map<ResourceType, String> owners) {
  /** Label the injector puts on pods, beside the sidecar. */
  static final String INJECTED_LABEL = "selvage.io/control-plane-ns";

  public PodInfo {
    labels = Map.copyOf(labels);
    addresses = List.copyOf(addresses);
    owners = Map.copyOf(owners);
  }

  /**
   * @param state for the owners of owners
   */
  static PodInfo of(Pod pod, ClusterState state) {
    var meta = pod.metadata();
    var owners = new EnumMap<ResourceType, String>(ResourceType.class);
    Workloads.controllerOf(meta.ownerReferences())
        .ifPresent(owner -> put(owners, owner.kind(), owner.name()));
    var last = Workloads.ownerOf(pod, state);
    put(owners, last.kind(), last.name());
    owners.remove(ResourceType.POD);
    List<String> addresses =
        pod.spec().hostNetwork() || pod.isFinished()
            ? List.of()
            : pod.addresses().stream()
                .flatMap(address -> IpLiteral.canonical(address).stream())
                .distinct()
                .toList();
    return new PodInfo(
        new PodKey(meta.namespace(), meta.name(), meta.uid()),
        pod.spec().serviceAccountName(),
        meta.labels(),
        pod.status().phase(),
        meta.labels().containsKey(INJECTED_LABEL),
        pod.isFinished(),
        addresses,
        owners);
  }

  private static void put(Map<ResourceType, String> owners, String kind, String name) {
    ResourceType.ofKind(kind).ifPresent(type -> owners.put(type, name));
  }

  public String namespace() {
    return key.namespace();
  }

  /** Name of what the pod is part of; empty if it is part of nothing of that type. */
  public Optional<String> nameAs(ResourceType type) {
    return switch (type) {
      case POD -> Optional.of(key.name());
      case NAMESPACE -> Optional.of(key.namespace());
      case SERVICEACCOUNT -> Optional.of(serviceAccount);
      // Services are known by what a client asked for, not by their pods.
      case SERVICE -> Optional.empty();
      default -> Optional.ofNullable(owners.get(type));
    };
  }
}
