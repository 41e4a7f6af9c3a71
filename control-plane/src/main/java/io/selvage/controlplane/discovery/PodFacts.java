// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import java.util.List;
import java.util.Set;

/**
 * All that discovery and policy want to know of a pod; whatever else changes in it concerns nobody
 * here. Annotations of its namespace are in it already.
 *
 * @param identity SPIFFE id of its ServiceAccount, whether or not it is meshed
 * @param meshed whether it has a sidecar of this control plane
 * @param hostNetwork whether it shares the node's addresses: then it has none of its own here, and
 *     is never meshed
 * @param addresses IP literals as the pod's status has them; none for one that has ended
 * @param node empty = not scheduled
 * @param terminating on its way out, perhaps still serving
 * @param skipped ports the sidecar does not see
 * @param opaque ports whose bytes are not looked at
 * @param containerPorts as its containers declare them
 * @param inbound how its sidecar treats what arrives
 */
public record PodFacts(
    PodRef pod,
    String identity,
    boolean meshed,
    boolean hostNetwork,
    List<String> addresses,
    String node,
    boolean terminating,
    List<PortRange> skipped,
    List<PortRange> opaque,
    Set<Integer> containerPorts,
    InboundSettings inbound) {
  public PodFacts {
    requireNonNull(pod, "pod");
    requireNonNull(identity, "identity");
    addresses = List.copyOf(addresses);
    requireNonNull(node, "node");
    skipped = List.copyOf(skipped);
    opaque = List.copyOf(opaque);
    containerPorts = Set.copyOf(containerPorts);
    requireNonNull(inbound, "inbound");
  }

  /** Identity the pod proves on a port; empty = none, plaintext. */
  String identityOn(int port) {
    return meshed && !contains(skipped, port) ? identity : "";
  }

  boolean isOpaque(int port) {
    return contains(opaque, port);
  }

  private static boolean contains(List<PortRange> ranges, int port) {
    return ranges.stream().anyMatch(range -> range.contains(port));
  }
}
