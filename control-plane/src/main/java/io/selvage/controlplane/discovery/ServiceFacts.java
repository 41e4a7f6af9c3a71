// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.ProtocolHint;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * All that discovery wants to know of a Service. Annotations of its namespace are in it already.
 *
 * @param created RFC 3339; empty = unknown, counts as the youngest
 * @param clusterAddresses canonical; none for a headless Service
 * @param externalAddresses canonical: load balancers' and {@code externalIPs}
 * @param ports those of TCP
 * @param localOnly {@code internalTrafficPolicy: Local}
 */
record ServiceFacts(
    ServiceKey key,
    String created,
    List<String> clusterAddresses,
    List<String> externalAddresses,
    List<Port> ports,
    boolean localOnly) {
  /** Who was there first wins; the name decides between twins. */
  static final Comparator<ServiceFacts> OLDEST_FIRST =
      Comparator.<ServiceFacts, String>comparing(s -> s.created.isEmpty() ? "~" : s.created)
          .thenComparing(s -> s.key.namespace())
          .thenComparing(s -> s.key.name());

  /**
   * A port.
   *
   * @param name pairs it with the ports of EndpointSlices; empty if it is the only one
   * @param port as clients use it
   * @param fromAppProtocol whether the hint was stated by {@code appProtocol}
   */
  record Port(String name, int port, ProtocolHint hint, boolean fromAppProtocol) {}

  ServiceFacts {
    requireNonNull(key, "key");
    requireNonNull(created, "created");
    clusterAddresses = List.copyOf(clusterAddresses);
    externalAddresses = List.copyOf(externalAddresses);
    ports = List.copyOf(ports);
  }

  Optional<Port> port(int number) {
    return ports.stream().filter(p -> p.port == number).findFirst();
  }
}
