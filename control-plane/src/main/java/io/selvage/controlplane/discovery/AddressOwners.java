// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.model.mesh.ControlMessage.KnownAddress;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whose an address is. Addresses are used again, and objects overtake each other, so there are
 * moments when this cannot be said: then nobody is told anything that would let him send plaintext
 * to a pod that is meshed.
 */
final class AddressOwners {
  private final Backends backends;

  AddressOwners(Backends backends) {
    this.backends = backends;
  }

  /** Whose an address and port is. */
  sealed interface Owner {
    /** No pod's that is meshed: it is spoken to as it is. */
    record Nobody() implements Owner {}

    /** This pod's; where several share it, all of them are spoken to alike. */
    record Of(PodFacts pod) implements Owner {}

    /** It may be that of a meshed pod: not to be spoken to until it is clear. */
    record Unclear() implements Owner {}
  }

  /**
   * The pod behind an address. Where several have it, as processes on one machine do, the named
   * one, the only one that stays, the only one that declares the port, or any if they are spoken to
   * alike.
   *
   * @param named the pod an EndpointSlice names for the address; null = none
   */
  Owner of(String address, int port, @Nullable PodFacts named) {
    if (named != null && named.hostNetwork()) {
      return new Owner.Of(named);
    }
    List<PodFacts> known = backends.podsAt(address);
    if (named != null && known.contains(named)) {
      return new Owner.Of(named);
    }
    var owners = new ArrayList<>(known);
    if (named != null) {
      // The slice has overtaken the status of its pod, which may take an address from another.
      owners.add(named);
    }
    if (owners.isEmpty()) {
      return new Owner.Nobody();
    }
    List<PodFacts> staying = staying(owners);
    if (staying.size() == 1) {
      return new Owner.Of(staying.getFirst());
    }
    List<PodFacts> declaring =
        staying.stream().filter(pod -> pod.containerPorts().contains(port)).toList();
    if (declaring.size() == 1) {
      return new Owner.Of(declaring.getFirst());
    }
    Set<String> identities = new HashSet<>();
    staying.forEach(pod -> identities.add(pod.identityOn(port)));
    if (identities.size() > 1) {
      return new Owner.Unclear();
    }
    return identities.contains("") ? new Owner.Nobody() : new Owner.Of(staying.getFirst());
  }

  /** The same for somebody who asks for the address itself. */
  Owner of(String address, int port) {
    Owner owner = of(address, port, null);
    if (!(owner instanceof Owner.Nobody) || !backends.podsAt(address).isEmpty()) {
      return owner;
    }
    for (PodRef ref : backends.podsNamedAt(address)) {
      PodFacts named = backends.pod(ref);
      if (named == null) {
        return new Owner.Unclear();
      }
      if (!named.hostNetwork()) {
        owner = new Owner.Of(named);
      }
    }
    return owner;
  }

  /** Those that are not on their way out; all if all are. */
  private static List<PodFacts> staying(List<PodFacts> owners) {
    List<PodFacts> staying = owners.stream().filter(pod -> !pod.terminating()).toList();
    return staying.isEmpty() ? owners : staying;
  }

  /**
   * What gateways are told of an address, whatever the port; null if nothing can be said, because
   * it is no endpoint's, or not clear whose.
   */
  @Nullable KnownAddress known(String address) {
    List<PodFacts> owners = backends.podsAt(address);
    if (!owners.isEmpty()) {
      return ofPods(address, staying(owners));
    }
    boolean unknown = false;
    PodFacts expected = null;
    for (PodRef ref : backends.podsNamedAt(address)) {
      PodFacts named = backends.pod(ref);
      if (named == null) {
        unknown = true;
      } else if (named.hostNetwork()) {
        return plain(address);
      } else if (expected != null) {
        unknown = true;
      } else {
        expected = named;
      }
    }
    if (unknown) {
      return null;
    }
    if (expected != null) {
      return of(address, expected);
    }
    return backends.isEndpoint(address) ? plain(address) : null;
  }

  private static KnownAddress plain(String address) {
    return new KnownAddress(address, "", List.of(), PodRef.NONE);
  }

  private static KnownAddress of(String address, PodFacts pod) {
    return pod.meshed()
        ? new KnownAddress(address, pod.identity(), pod.skipped(), pod.pod())
        : new KnownAddress(address, "", List.of(), pod.pod());
  }

  /** Of several, one meshed identity at most: the others' ports are then plain ones of it. */
  private static @Nullable KnownAddress ofPods(String address, List<PodFacts> owners) {
    if (owners.size() == 1) {
      return of(address, owners.getFirst());
    }
    List<PodFacts> meshed = owners.stream().filter(PodFacts::meshed).toList();
    if (meshed.isEmpty()) {
      return plain(address);
    }
    PodFacts first = meshed.getFirst();
    for (PodFacts other : meshed) {
      if (!other.identity().equals(first.identity()) || !other.skipped().equals(first.skipped())) {
        return null;
      }
    }
    var declaring = new TreeMap<Integer, List<PodFacts>>();
    owners.forEach(pod ->
        pod.containerPorts()
            .forEach(port -> declaring.computeIfAbsent(port, p -> new ArrayList<>(1)).add(pod)));
    var plain = new ArrayList<>(first.skipped());
    declaring.forEach((port, pods) -> {
      if (pods.stream().noneMatch(PodFacts::meshed)) {
        plain.add(new PortRange(port, port));
      }
    });
    return new KnownAddress(address, first.identity(), plain, PodRef.NONE);
  }
}
