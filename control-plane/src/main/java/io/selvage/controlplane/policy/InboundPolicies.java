// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.policy;

import io.selvage.model.Problem;
import io.selvage.model.kube.Pod;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.wire.WireLimits;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * How a pod's sidecar is to treat what arrives. Whatever says more than a default, such as Server
 * and AuthorizationPolicy, will be read here too: {@link #of} is the one place where a pod's
 * settings are put together.
 */
public final class InboundPolicies {
  private final InboundSettings base;

  /**
   * @param policy of pods nothing more specific is said of
   * @param clusterNetworks CIDRs that count as the cluster
   * @param probeNetworks CIDRs kubelets come from, of whatever node; none = each pod's node says
   */
  public InboundPolicies(
      InboundPolicy policy, List<String> clusterNetworks, List<String> probeNetworks) {
    this.base = new InboundSettings(policy, clusterNetworks, Set.of(), List.of(), probeNetworks);
  }

  /** The same with what each pod's node says of its kubelet. */
  public InboundPolicies(InboundPolicy policy, List<String> clusterNetworks) {
    this(policy, clusterNetworks, List.of());
  }

  /** For a proxy whose pod is not known. */
  public InboundSettings unknownPod() {
    return base;
  }

  /**
   * For a pod.
   *
   * @param stated policy of the pod, or of its namespace
   * @param opaque ports of the pod, or of its namespace
   * @param kubelets CIDRs the kubelet of its node comes from; none = not known
   */
  public InboundSettings of(
      Pod pod,
      Optional<InboundPolicy> stated,
      List<PortRange> opaque,
      List<String> kubelets,
      Consumer<Problem> problems) {
    List<Probe> probes = Probes.of(pod, problems);
    if (stated.isEmpty() && opaque.isEmpty() && probes.isEmpty()) {
      // One record for thousands of pods that say nothing.
      return base;
    }
    return new InboundSettings(
        stated.orElse(base.policy()),
        base.clusterNetworks(),
        numbers(opaque),
        probes,
        base.probeNetworks().isEmpty() ? kubelets : base.probeNetworks());
  }

  private static Set<Integer> numbers(List<PortRange> ranges) {
    var numbers = new TreeSet<Integer>();
    for (PortRange range : ranges) {
      IntStream.rangeClosed(range.first(), range.last())
          .limit(WireLimits.OPAQUE_PORTS)
          .forEach(numbers::add);
    }
    return numbers;
  }
}
