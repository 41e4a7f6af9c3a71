// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.PodRef;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that discovery wants to know of an EndpointSlice.
 *
 * @param ports number by name, those of TCP that have one number
 */
record SliceFacts(Map<String, Integer> ports, List<Backend> backends) {
  /**
   * An endpoint that serves.
   *
   * @param address canonical
   * @param text the address as it is written
   * @param pod the pod it names; {@link PodRef#NONE} = none
   * @param draining on its way out
   * @param zones whom it is meant for; empty = no hint
   */
  record Backend(
      String address,
      String text,
      PodRef pod,
      String node,
      String zone,
      boolean draining,
      Set<String> zones) {
    Backend {
      requireNonNull(address, "address");
      requireNonNull(text, "text");
      requireNonNull(pod, "pod");
      requireNonNull(node, "node");
      requireNonNull(zone, "zone");
      zones = Set.copyOf(zones);
    }
  }

  SliceFacts {
    ports = Map.copyOf(ports);
    backends = List.copyOf(backends);
  }
}
