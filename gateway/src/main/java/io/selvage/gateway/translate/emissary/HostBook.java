// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.routing.HostPattern;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The Hosts of one route table by hostname. Confined to the compiling thread. */
final class HostBook {
  private final Map<HostPattern, List<HostPlan>> byPattern = new LinkedHashMap<>();

  /**
   * Enters a Host.
   *
   * @return the Host that was there first and terminates TLS differently, in which case this one is
   *     not entered; empty when entered
   */
  Optional<HostPlan> enter(HostPlan plan) {
    var same = byPattern.computeIfAbsent(plan.pattern(), p -> new ArrayList<>(1));
    if (!same.isEmpty() && !same.getFirst().tlsIdentity().equals(plan.tlsIdentity())) {
      return Optional.of(same.getFirst());
    }
    same.add(plan);
    return Optional.empty();
  }

  /** The oldest Host of a hostname. */
  Optional<HostPlan> first(HostPattern pattern) {
    return byPattern.getOrDefault(pattern, List.of()).stream().findFirst();
  }

  Map<HostPattern, List<HostPlan>> byPattern() {
    return byPattern;
  }
}
