// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.policy.AnnotationReader;
import io.selvage.controlplane.policy.Annotations;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.model.Problem;
import io.selvage.model.kube.Pod;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.wire.WireLimits;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Reduces pods to facts. */
final class PodReader {
  private final String trustDomain;
  private final String controlPlaneNamespace;
  private final InboundPolicies policies;

  PodReader(String trustDomain, String controlPlaneNamespace, InboundPolicies policies) {
    this.trustDomain = trustDomain;
    this.controlPlaneNamespace = controlPlaneNamespace;
    this.policies = policies;
  }

  /**
   * @param kubelets CIDRs the kubelet of its node comes from; none = not known
   */
  PodFacts read(
      Pod pod, NamespaceFacts namespace, List<String> kubelets, Consumer<Problem> problems) {
    var annotations = new AnnotationReader(pod.ref(), pod.metadata().annotations(), problems);
    List<PortRange> opaque = annotations.ports(Annotations.OPAQUE_PORTS).orElse(namespace.opaque());
    String identity = identity(pod, problems);
    boolean hostNetwork = pod.spec().hostNetwork();
    return new PodFacts(
        new PodRef(pod.metadata().namespace(), pod.metadata().name()),
        identity,
        !identity.isEmpty()
            && !hostNetwork
            && controlPlaneNamespace.equals(
                pod.metadata().labels().get(Annotations.CONTROL_PLANE_NAMESPACE)),
        hostNetwork,
        hostNetwork || pod.isFinished() ? List.of() : pod.addresses(),
        pod.spec().nodeName(),
        pod.isTerminating(),
        skipped(pod, annotations, problems),
        opaque,
        containerPorts(pod),
        policies.of(
            pod, annotations.inboundPolicy().or(namespace::policy), opaque, kubelets, problems));
  }

  /**
   * The pod's own annotation alone: rules are written when a pod starts, and the injector copies
   * the namespace's then. A namespace annotated later must not make plaintext of what its pods
   * still redirect.
   */
  private static List<PortRange> skipped(
      Pod pod, AnnotationReader annotations, Consumer<Problem> problems) {
    List<PortRange> skipped = annotations.ports(Annotations.SKIP_INBOUND_PORTS).orElse(List.of());
    if (skipped.size() <= WireLimits.PORT_RANGES) {
      return skipped;
    }
    problems.accept(
        Problem.warning(
            pod.ref(),
            "metadata.annotations[" + Annotations.SKIP_INBOUND_PORTS + "]",
            "TooManyPorts",
            "only the first " + WireLimits.PORT_RANGES + " ranges count"));
    return skipped.subList(0, WireLimits.PORT_RANGES);
  }

  private String identity(Pod pod, Consumer<Problem> problems) {
    try {
      return new WorkloadIdentity(
              trustDomain, pod.metadata().namespace(), pod.spec().serviceAccountName())
          .uri();
    } catch (IllegalArgumentException e) {
      problems.accept(
          Problem.error(
              pod.ref(),
              "spec.serviceAccountName",
              "InvalidIdentity",
              e.getMessage() + "; the pod counts as without a sidecar"));
      return "";
    }
  }

  private static Set<Integer> containerPorts(Pod pod) {
    return pod.allContainers()
        .flatMap(container -> container.ports().stream())
        .filter(port -> port.protocol().equals("TCP"))
        .map(Pod.Port::containerPort)
        .collect(Collectors.toUnmodifiableSet());
  }
}
