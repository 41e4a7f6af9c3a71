// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.discovery.AddressOwners.Owner;
import io.selvage.controlplane.discovery.SliceFacts.Backend;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProtocolHint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules: what an address and port stand for.
 *
 * <p>An endpoint that names a pod we have not heard of, or whose address may be one of several
 * pods', is left out until that is clear: without the pod nobody knows whether it has a sidecar,
 * and it must not be spoken to in plaintext by mistake.
 */
final class ViewMaker {
  private final Backends backends;
  private final AddressOwners owners;
  private boolean dependsOnNode;

  ViewMaker(Backends backends) {
    this.backends = backends;
    this.owners = new AddressOwners(backends);
  }

  /** Whether the last view holds for the node alone it was made for. */
  boolean dependsOnNode() {
    return dependsOnNode;
  }

  /**
   * @param address canonical
   * @param text the address as it was asked for
   * @param node whoever asks is on; empty = unknown
   */
  DestinationView make(String address, String text, int port, String node) {
    dependsOnNode = false;
    List<ServiceFacts> services = backends.servicesAt(address);
    if (!services.isEmpty()) {
      ServiceFacts owner = services.getFirst();
      return owner
          .port(port)
          .map(p -> service(owner, p, address, node, owner.localOnly()))
          .orElseGet(() -> noSuchPort(owner, port));
    }
    // Several Services may share an external address, each with ports of its own; other ports of
    // it are nobody's business here.
    for (ServiceFacts external : backends.externalServicesAt(address)) {
      Optional<ServiceFacts.Port> found = external.port(port);
      if (found.isPresent()) {
        return service(external, found.get(), address, node, false);
      }
    }
    return switch (owners.of(address, port)) {
      case Owner.Nobody() -> DestinationView.forward();
      case Owner.Of(PodFacts pod) -> pod(pod, address, text, port);
      case Owner.Unclear() ->
          DestinationView.of(Kind.ENDPOINT, ServiceRef.NONE, ProtocolHint.DETECT, List.of());
    };
  }

  private static DestinationView noSuchPort(ServiceFacts service, int port) {
    return DestinationView.of(
        Kind.NO_SUCH_PORT, ref(service, port), ProtocolHint.DETECT, List.of());
  }

  private static ServiceRef ref(ServiceFacts service, int port) {
    return new ServiceRef(service.key().namespace(), service.key().name(), port);
  }

  private DestinationView pod(PodFacts pod, String address, String text, int port) {
    ProtocolHint hint = pod.isOpaque(port) ? ProtocolHint.OPAQUE : statedHint(address, port);
    Endpoint endpoint = new Endpoint(text, port, pod.identityOn(port), hint, pod.terminating());
    return DestinationView.of(Kind.ENDPOINT, ServiceRef.NONE, hint, List.of(endpoint));
  }

  /** What the Services say whose endpoint this is, if they agree. */
  private ProtocolHint statedHint(String address, int port) {
    ProtocolHint stated = null;
    for (ServiceFacts service : backends.servicesWithEndpointAt(address)) {
      for (SliceFacts slice : backends.slicesOf(service.key())) {
        if (slice.backends().stream().noneMatch(b -> b.address().equals(address))) {
          continue;
        }
        for (ServiceFacts.Port servicePort : service.ports()) {
          if (!servicePort.fromAppProtocol()
              || !Objects.equals(slice.ports().get(servicePort.name()), port)) {
            continue;
          }
          if (stated != null && stated != servicePort.hint()) {
            return ProtocolHint.DETECT;
          }
          stated = servicePort.hint();
        }
      }
    }
    return stated == null ? ProtocolHint.DETECT : stated;
  }

  private DestinationView service(
      ServiceFacts service,
      ServiceFacts.Port port,
      String address,
      String node,
      boolean localOnly) {
    List<Candidate> candidates = candidates(service, port, IpLiteral.isIpv6(address));
    dependsOnNode = localOnly;
    List<Candidate> chosen =
        localOnly ? onNode(candidates, node) : inZone(candidates, backends.zoneOf(node));
    return DestinationView.of(
        Kind.SERVICE,
        ref(service, port.port()),
        port.hint(),
        chosen.stream().map(Candidate::endpoint).toList());
  }

  /** An endpoint and what decides whether whoever asks is told of it. */
  private record Candidate(Backend backend, Endpoint endpoint) {}

  /** Every endpoint of a port once, sorted; those of the address's own family where it has any. */
  private List<Candidate> candidates(
      ServiceFacts service, ServiceFacts.Port port, boolean wantIpv6) {
    Map<String, Candidate> same = new TreeMap<>();
    Map<String, Candidate> other = new TreeMap<>();
    for (SliceFacts slice : backends.slicesOf(service.key())) {
      Integer number = slice.ports().get(port.name());
      if (number == null) {
        continue;
      }
      for (Backend backend : slice.backends()) {
        Candidate candidate = candidate(backend, number);
        if (candidate != null) {
          boolean ipv6 = IpLiteral.isIpv6(backend.address());
          (ipv6 == wantIpv6 ? same : other)
              .merge(backend.address() + ' ' + number, candidate, ViewMaker::better);
        }
      }
    }
    return List.copyOf((same.isEmpty() ? other : same).values());
  }

  /** Of two slices with one endpoint, the one that says it is to stay. */
  private static Candidate better(Candidate known, Candidate again) {
    return known.endpoint.draining() && !again.endpoint.draining() ? again : known;
  }

  private @Nullable Candidate candidate(Backend backend, int port) {
    boolean names = !backend.pod().equals(PodRef.NONE);
    PodFacts named = names ? backends.pod(backend.pod()) : null;
    if (names && named == null) {
      return null;
    }
    return switch (owners.of(backend.address(), port, named)) {
      case Owner.Nobody() -> candidate(backend, port, null);
      case Owner.Of(PodFacts pod) -> candidate(backend, port, pod);
      case Owner.Unclear() -> null;
    };
  }

  private static Candidate candidate(Backend backend, int port, @Nullable PodFacts pod) {
    return new Candidate(
        backend,
        new Endpoint(
            backend.text(),
            port,
            pod == null ? "" : pod.identityOn(port),
            pod != null && pod.isOpaque(port) ? ProtocolHint.OPAQUE : ProtocolHint.DETECT,
            backend.draining() || pod != null && pod.terminating()));
  }

  /** {@code internalTrafficPolicy: Local}: none elsewhere, even if none is left. */
  private static List<Candidate> onNode(List<Candidate> candidates, String node) {
    return node.isEmpty()
        ? candidates
        : candidates.stream().filter(c -> c.backend.node().equals(node)).toList();
  }

  /**
   * Hints hold if every endpoint that stays has one and at least one is meant for the zone; else
   * everybody gets all (Kubernetes, "Topology Aware Routing", safeguards).
   */
  private List<Candidate> inZone(List<Candidate> candidates, String zone) {
    var meant = new ArrayList<Candidate>();
    boolean anyStays = false;
    boolean hinted = true;
    for (Candidate candidate : candidates) {
      boolean stays = !candidate.endpoint.draining();
      anyStays |= stays;
      hinted &= !stays || !candidate.backend.zones().isEmpty();
      dependsOnNode |= !candidate.backend.zones().isEmpty();
      if (candidate.backend.zones().contains(zone)) {
        meant.add(candidate);
      }
    }
    boolean holds =
        anyStays
            && hinted
            && !zone.isEmpty()
            && meant.stream().anyMatch(c -> !c.endpoint.draining());
    return holds ? meant : candidates;
  }
}
