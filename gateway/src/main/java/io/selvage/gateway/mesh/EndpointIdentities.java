// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.EndpointSet.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides how each endpoint is spoken to. EndpointSlices and the directory come by different ways,
 * so a slice may name a pod before the directory does. Such an endpoint is held, which is: nothing
 * is sent to it, as long as
 *
 * <ul>
 *   <li>it names a pod and the control plane is there, which must speak for its pods;
 *   <li>it names none, for {@link #LATE}: it is taken for one outside the mesh after that;
 *   <li>the control plane is away, for {@link #AWAY}. After that it is expected to be what the
 *       endpoints of its Service were that were known last: to prove the identity they proved, or
 *       plain if none of them was meshed. Where they differed it stays held.
 * </ul>
 *
 * <p>Not thread-safe.
 */
final class EndpointIdentities {
  /** So far the directory may be behind with an address no pod is named for. */
  static final Duration LATE = Duration.ofSeconds(2);

  /** Within this time a control plane that is started again is back. */
  static final Duration AWAY = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(EndpointIdentities.class);

  private final PodDirectory pods;
  private final BooleanSupplier connected;
  private final LongSupplier nanoTime;
  private final Map<Place, Waiting> waiting = new HashMap<>();

  /** By key of a set: what its endpoints proved when any of them was known last. */
  private final Map<String, Set<String>> learnt = new HashMap<>();

  /** Whether the control plane was there when it was looked for last, and since when it is so. */
  private boolean there;

  private long turned;

  private record Place(String address, int port, String pod) {
    static Place of(Endpoint endpoint) {
      return new Place(endpoint.address(), endpoint.port(), endpoint.pod());
    }
  }

  /** An endpoint nothing is known of. */
  private static final class Waiting {
    final long since;
    boolean held = true;
    boolean outside;
    boolean told;

    Waiting(long since) {
      this.since = since;
    }
  }

  /**
   * @param connected whether the control plane is there
   */
  EndpointIdentities(PodDirectory pods, BooleanSupplier connected, LongSupplier nanoTime) {
    this.pods = pods;
    this.connected = connected;
    this.nanoTime = nanoTime;
    this.there = connected.getAsBoolean();
    this.turned = nanoTime.getAsLong();
  }

  /** Forgets what does not concern these sets, which are all there are. */
  void retain(Collection<EndpointSet> all) {
    var keys = new HashSet<String>();
    var places = new HashSet<Place>();
    for (EndpointSet set : all) {
      keys.add(set.key());
      set.endpoints().forEach(endpoint -> places.add(Place.of(endpoint)));
    }
    learnt.keySet().retainAll(keys);
    waiting.keySet().retainAll(places);
  }

  /** Number of endpoints nothing is sent to; while there are any, time may change what is said. */
  int held() {
    return (int) waiting.values().stream().filter(one -> one.held).count();
  }

  /** The endpoints that may be used, each with the identity it must prove; empty = plain. */
  EndpointSet of(EndpointSet set) {
    if (!pods.isKnown()) {
      return EndpointSet.empty(set.key());
    }
    List<Endpoint> endpoints = set.endpoints();
    List<Optional<String>> known = endpoints.stream().map(this::known).toList();
    // All of them first: what is expected of one is what the others proved.
    learn(set.key(), known);
    var used = new ArrayList<Endpoint>(endpoints.size());
    for (int i = 0; i < endpoints.size(); i++) {
      Endpoint endpoint = endpoints.get(i);
      if (known.get(i).isPresent()) {
        waiting.remove(Place.of(endpoint));
      }
      known
          .get(i)
          .or(() -> expected(set.key(), endpoint))
          .ifPresent(identity -> used.add(endpoint.withPod("").withIdentity(identity)));
    }
    return new EndpointSet(set.key(), used);
  }

  private Optional<String> known(Endpoint endpoint) {
    return pods.identityAt(endpoint.address(), endpoint.port(), endpoint.pod());
  }

  private void learn(String set, List<Optional<String>> known) {
    var identities = new HashSet<String>();
    known.forEach(one -> one.ifPresent(identities::add));
    if (!identities.isEmpty()) {
      learnt.put(set, identities);
    }
  }

  /** Empty = it is held. */
  private Optional<String> expected(String set, Endpoint endpoint) {
    Waiting one =
        waiting.computeIfAbsent(Place.of(endpoint), p -> new Waiting(nanoTime.getAsLong()));
    Duration waited = waited(one);
    one.outside |= there && endpoint.pod().isEmpty() && waited.compareTo(LATE) >= 0;
    Optional<String> expected =
        one.outside
            ? Optional.of("")
            : there || waited.compareTo(AWAY) < 0 ? Optional.empty() : byItsSet(set);
    one.held = expected.isEmpty();
    if (one.held && !one.told && waited.compareTo(AWAY) >= 0) {
      one.told = true;
      LOG.atWarn()
          .addKeyValue("endpoint", endpoint.address() + ":" + endpoint.port())
          .addKeyValue("pod", endpoint.pod())
          .addKeyValue("endpoints", set)
          .log(
              "the control plane does not say whether this endpoint is meshed; nothing is sent to"
                  + " it until it does");
    }
    return expected;
  }

  /** How long nothing was known, with the control plane there, or away, as it is now. */
  private Duration waited(Waiting one) {
    long now = nanoTime.getAsLong();
    boolean isThere = connected.getAsBoolean();
    if (isThere != there) {
      there = isThere;
      turned = now;
    }
    return Duration.ofNanos(Math.min(now - one.since, now - turned));
  }

  private Optional<String> byItsSet(String set) {
    Set<String> identities = learnt.getOrDefault(set, Set.of(""));
    return identities.size() == 1 ? identities.stream().findFirst() : Optional.empty();
  }
}
