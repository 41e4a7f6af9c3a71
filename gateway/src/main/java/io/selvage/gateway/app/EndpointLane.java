// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import io.selvage.gateway.translate.EndpointKey;
import io.selvage.gateway.translate.EndpointSets;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.EndpointSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keeps the data path's endpoint sets up to date without compiling: a change of EndpointSlices is
 * turned into the sets of their Services alone. Services are read as they were when the running
 * model was compiled, so that a Service edited together with its Ingress loses nothing before both
 * are live. Not thread-safe; the caller holds one lock around it and around publishing a model.
 */
final class EndpointLane {
  private ClusterState compiled = ClusterState.empty();
  private ClusterState latest = ClusterState.empty();
  private Map<String, EndpointSet> published = new HashMap<>();
  private Map<ObjectRef, List<String>> keysByService = new HashMap<>();

  /**
   * Takes newer objects in.
   *
   * @param changed EndpointSlices and Endpoints that differ; others are ignored
   * @return the sets that are different now
   */
  List<EndpointSet> advance(ClusterState newest, Set<ObjectRef> changed) {
    Set<ObjectRef> services = new HashSet<>();
    for (ObjectRef ref : changed) {
      addService(services, latest, ref);
      addService(services, newest, ref);
    }
    latest = newest;
    services.retainAll(keysByService.keySet());
    if (services.isEmpty()) {
      return List.of();
    }
    var sets = EndpointSets.of(compiled, latest, services::contains);
    var different = new ArrayList<EndpointSet>();
    for (ObjectRef service : services) {
      for (String key : keysByService.getOrDefault(service, List.of())) {
        EndpointSet set = sets.forKey(key);
        if (!set.equals(published.put(key, set))) {
          different.add(set);
        }
      }
    }
    return different;
  }

  private static void addService(Set<ObjectRef> to, ClusterState state, ObjectRef ref) {
    if (ref.kind().equals(Kind.ENDPOINTS.name())) {
      to.add(EndpointSets.service(ref.namespace(), ref.name()));
    } else if (ref.kind().equals(Kind.ENDPOINT_SLICE.name())) {
      state
          .find(ref)
          .map(EndpointSlice.class::cast)
          .ifPresent(slice -> to.add(EndpointSets.service(ref.namespace(), slice.serviceName())));
    }
  }

  /** Notes the newest state without looking at endpoints. */
  void latest(ClusterState newest) {
    latest = newest;
  }

  /**
   * Every set a model uses, from the newest addresses.
   *
   * @param of the state the model was compiled from
   * @param all by key
   * @param different those that are not as they were published last
   */
  record Sets(ClusterState of, Map<String, EndpointSet> all, List<EndpointSet> different) {}

  /**
   * A model was compiled and is about to run. Nothing changes here until {@link #runs} or {@link
   * #refused} says what became of it.
   *
   * @param of the state it was compiled from
   * @param keys of the endpoint sets it uses
   */
  Sets wanted(ClusterState of, Collection<String> keys) {
    Map<String, EndpointSet> all = EndpointSets.of(of, latest, s -> true).forKeys(keys);
    List<EndpointSet> different =
        all.values().stream().filter(s -> !s.equals(published.get(s.key()))).toList();
    return new Sets(of, all, different);
  }

  /** The model of these sets is live, and so are they. */
  void runs(Sets sets) {
    compiled = sets.of();
    published = new HashMap<>(sets.all());
    keysByService = new HashMap<>();
    for (String key : sets.all().keySet()) {
      var parsed = EndpointKey.parse(key);
      keysByService
          .computeIfAbsent(
              EndpointSets.service(parsed.namespace(), parsed.service()), k -> new ArrayList<>(1))
          .add(key);
    }
  }

  /**
   * The model of these sets could not be made live: the one before goes on, with the endpoints it
   * uses. Some of the new sets may have been handed over, so each is told again at its next change.
   */
  void refused(Sets sets) {
    published.keySet().removeAll(sets.all().keySet());
  }
}
