// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.model.mesh.PodRef;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a view is made of; addresses are canonical. */
interface Backends {
  /** Services with this ClusterIP, the oldest first. */
  List<ServiceFacts> servicesAt(String address);

  /** Services with this address of a load balancer or {@code externalIPs}, the oldest first. */
  List<ServiceFacts> externalServicesAt(String address);

  /** Pods with this address; several only where an address is shared, as on one machine. */
  List<PodFacts> podsAt(String address);

  @Nullable PodFacts pod(PodRef ref);

  /** Pods that EndpointSlices name for an address, known or not. */
  Set<PodRef> podsNamedAt(String address);

  /** Whether any EndpointSlice has an endpoint at this address. */
  boolean isEndpoint(String address);

  Collection<SliceFacts> slicesOf(ServiceKey service);

  /** Services with an endpoint at this address that are known, the oldest first. */
  List<ServiceFacts> servicesWithEndpointAt(String address);

  /** Zone of a node; empty = unknown. */
  String zoneOf(String node);
}
