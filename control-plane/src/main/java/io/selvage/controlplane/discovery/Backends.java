// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.model.mesh.PodRef;
import java.util.Collection;
import java.util.List;
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

  Collection<SliceFacts> slicesOf(ServiceKey service);

  /** Services with an endpoint at this address, the oldest first. */
  List<ServiceFacts> servicesWithEndpointAt(String address);

  /** Zone of a node; empty = unknown. */
  String zoneOf(String node);
}
