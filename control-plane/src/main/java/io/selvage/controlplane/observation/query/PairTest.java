// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import java.util.Optional;

/** Which traffic belongs to a resource. */
public final class PairTest {
  private final WorkloadDirectory directory;

  public PairTest(WorkloadDirectory directory) {
    this.directory = directory;
  }

  /** Whether the traffic goes to, or comes from, the other end that was asked for. */
  public boolean matches(OtherEnd other, PairTotals pair) {
    return switch (other.way()) {
      case TO -> serves(other.resource(), other.namespace(), pair);
      case FROM -> isPartOf(other.resource(), other.namespace(), pair.client());
    };
  }

  /** Whether a resource is what serves the traffic, or the Service that was asked for. */
  boolean serves(ResourceSelector resource, Optional<String> namespace, PairTotals pair) {
    if (resource.type() == ResourceType.SERVICE) {
      return ServiceName.parse(pair.service())
          .filter(service -> namespace.isEmpty() || namespace.get().equals(service.namespace()))
          .filter(service -> resource.matches(service.name()))
          .isPresent();
    }
    return isPartOf(resource, namespace, pair.server());
  }

  /** Whether a party is part of a resource; a namespace lies in no other. */
  public boolean isPartOf(ResourceSelector resource, Optional<String> namespace, Party party) {
    boolean anywhere = namespace.isEmpty() || resource.type() == ResourceType.NAMESPACE;
    return (anywhere || namespace.get().equals(party.namespace()))
        && directory.nameOf(party, resource.type()).filter(resource::matches).isPresent();
  }
}
