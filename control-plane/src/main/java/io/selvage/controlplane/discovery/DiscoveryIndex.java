// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.discovery.Target.Channel;
import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.Problem;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.mesh.ControlMessage.KnownAddress;
import io.selvage.model.mesh.PodRef;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Pods, Services and EndpointSlices by the addresses they have, and the views of those addresses
 * somebody watches. A change touches the views of the addresses it concerns and no others; views
 * nobody watches are not computed. Has one writer, {@link DiscoveryService}'s thread, and is
 * confined to it.
 */
final class DiscoveryIndex implements Backends {
  private final Map<PodRef, PodFacts> pods = new HashMap<>();
  private final Map<String, Set<PodRef>> podsByAddress = new HashMap<>();
  private final Map<ServiceKey, ServiceFacts> services = new HashMap<>();
  private final Map<String, Set<ServiceKey>> servicesByClusterAddress = new HashMap<>();
  private final Map<String, Set<ServiceKey>> servicesByExternalAddress = new HashMap<>();
  private final Map<ServiceKey, TreeMap<String, SliceFacts>> slices = new HashMap<>();
  // By address of an endpoint: the pods that are named for it.
  private final Map<ServiceKey, Map<String, Set<PodRef>>> endpointsOf = new HashMap<>();
  // By address of an endpoint, and by the pod an endpoint names.
  private final Map<Object, Set<ServiceKey>> servicesNaming = new HashMap<>();
  private final Map<String, String> zoneOfNode = new HashMap<>();
  // Where Nodes cannot be read, endpoints still say where theirs stand.
  private final Map<ServiceKey, Map<String, String>> zonesIn = new HashMap<>();
  private final Map<String, Map<ServiceKey, String>> learntZones = new HashMap<>();
  private final Map<String, Map<Integer, Target>> targets = new HashMap<>();
  private final Set<String> touched = new HashSet<>();
  private final Set<String> contested = new TreeSet<>();
  private final Set<String> unclear = new TreeSet<>();
  private final ViewMaker maker = new ViewMaker(this);
  private final AddressOwners owners = new AddressOwners(this);
  private final Answers answers;
  private int targetCount;

  /** Told what is known of an address that something has changed about; null = nothing. */
  @FunctionalInterface
  interface Answers {
    void answer(String address, @Nullable KnownAddress known);
  }

  DiscoveryIndex(Answers answers) {
    this.answers = answers;
  }

  /** Adds, replaces or, if {@code facts} is null, removes a pod. */
  boolean putPod(PodRef ref, @Nullable PodFacts facts) {
    PodFacts before = facts == null ? pods.remove(ref) : pods.put(ref, facts);
    if (facts == null ? before == null : facts.equals(before)) {
      return false;
    }
    Set<String> old = before == null ? Set.of() : canonical(before.addresses());
    Set<String> now = facts == null ? Set.of() : canonical(facts.addresses());
    old.stream().filter(a -> !now.contains(a)).forEach(a -> remove(podsByAddress, a, ref));
    now.forEach(a -> add(podsByAddress, a, ref));
    touched.addAll(old);
    touched.addAll(now);
    // Any Service with an endpoint at one of these addresses, or that names the pod.
    var naming = new HashSet<>(servicesNaming.getOrDefault(ref, Set.of()));
    old.forEach(a -> naming.addAll(servicesNaming.getOrDefault(a, Set.of())));
    now.forEach(a -> naming.addAll(servicesNaming.getOrDefault(a, Set.of())));
    naming.forEach(this::touchAddressesOf);
    servicesNaming
        .getOrDefault(ref, Set.of())
        .forEach(service ->
            endpointsOf
                .getOrDefault(service, Map.of())
                .forEach((address, named) -> {
                  if (named.contains(ref)) {
                    touched.add(address);
                  }
                }));
    return true;
  }

  /** Adds, replaces or, if {@code facts} is null, removes a Service. */
  void putService(ServiceKey key, @Nullable ServiceFacts facts) {
    ServiceFacts before = facts == null ? services.remove(key) : services.put(key, facts);
    if (facts == null ? before == null : facts.equals(before)) {
      return;
    }
    if (before != null) {
      before.clusterAddresses().forEach(a -> remove(servicesByClusterAddress, a, key));
      before.externalAddresses().forEach(a -> remove(servicesByExternalAddress, a, key));
      touched.addAll(before.clusterAddresses());
      touched.addAll(before.externalAddresses());
    }
    if (facts != null) {
      facts.clusterAddresses().forEach(a -> add(servicesByClusterAddress, a, key));
      facts.externalAddresses().forEach(a -> add(servicesByExternalAddress, a, key));
    }
    touchAddressesOf(key);
    touchEndpointsOf(key);
    contest(before);
    contest(facts);
  }

  private void contest(@Nullable ServiceFacts facts) {
    if (facts != null) {
      for (String address : facts.clusterAddresses()) {
        if (servicesByClusterAddress.getOrDefault(address, Set.of()).size() > 1) {
          contested.add(address);
        } else {
          contested.remove(address);
        }
      }
    }
  }

  /** Adds, replaces or, if {@code facts} is null, removes a slice of a Service. */
  void putSlice(ServiceKey service, String name, @Nullable SliceFacts facts) {
    var ofService = slices.computeIfAbsent(service, k -> new TreeMap<>());
    SliceFacts before = facts == null ? ofService.remove(name) : ofService.put(name, facts);
    if (ofService.isEmpty()) {
      slices.remove(service);
    }
    if (facts == null ? before == null : facts.equals(before)) {
      return;
    }
    touchEndpointsOf(service);
    rename(service);
    learnZones(service);
    touchAddressesOf(service);
    touchEndpointsOf(service);
  }

  /** Notes the zone of a node, as its label says; nothing is pushed for that alone. */
  void putNode(String node, String zone) {
    if (zone.isEmpty()) {
      zoneOfNode.remove(node);
    } else {
      zoneOfNode.put(node, zone);
    }
  }

  /** Recomputes what the changes since the last call concern; returns how many views differ. */
  int publish() {
    int published = 0;
    for (String address : touched) {
      KnownAddress known = owners.known(address);
      answers.answer(address, known);
      if (known == null && podsByAddress.getOrDefault(address, Set.of()).size() > 1) {
        unclear.add(address);
      } else {
        unclear.remove(address);
      }
      for (Target target : targets.getOrDefault(address, Map.of()).values()) {
        published += refresh(target);
      }
    }
    touched.clear();
    return published;
  }

  /** Begins a watch; its listener is told of the first view before this returns. */
  void watch(Watch watch, String address, String text, int port, String node) {
    if (watch.closed) {
      return;
    }
    var ofAddress = targets.computeIfAbsent(address, a -> new HashMap<>(2));
    Target target = ofAddress.get(port);
    if (target == null) {
      target = new Target(address, text, port);
      ofAddress.put(port, target);
      targetCount++;
    }
    watch.target = target;
    watch.node = node;
    Channel channel = target.byNode.computeIfAbsent(node, n -> new Channel());
    channel.watches.add(watch);
    DestinationView view = channel.view;
    if (view == null) {
      view = firstView(target, node);
      channel.view = view;
    }
    watch.show(view);
  }

  /** Ends a watch. */
  void unwatch(Watch watch) {
    watch.closed = true;
    Target target = watch.target;
    if (target == null) {
      return;
    }
    watch.target = null;
    Channel channel = target.byNode.get(watch.node);
    if (channel == null || !channel.watches.remove(watch) || !channel.watches.isEmpty()) {
      return;
    }
    target.byNode.remove(watch.node);
    if (target.byNode.isEmpty()) {
      Map<Integer, Target> ofAddress = targets.getOrDefault(target.address, Map.of());
      if (ofAddress.remove(target.port, target)) {
        targetCount--;
      }
      if (ofAddress.isEmpty()) {
        targets.remove(target.address);
      }
    }
  }

  /** Addresses and ports that are watched by anybody. */
  int targets() {
    return targetCount;
  }

  /**
   * Services that claim an address another one had first, and pods of which it cannot be said whose
   * their address is, each a problem; as of the last {@link #publish}.
   */
  List<Problem> conflicts() {
    var problems = new ArrayList<Problem>();
    for (String address : contested) {
      List<ServiceFacts> rivals = servicesAt(address);
      ServiceKey winner = rivals.getFirst().key();
      rivals.stream().skip(1).forEach(loser -> problems.add(conflict(loser, address, winner)));
    }
    for (String address : unclear) {
      List<PodFacts> sharing = podsAt(address);
      sharing.forEach(pod -> problems.add(conflict(pod, address, sharing.size())));
    }
    return problems;
  }

  private static Problem conflict(PodFacts pod, String address, int sharing) {
    return Problem.warning(
        new ObjectRef(Kind.POD.name(), pod.pod().namespace(), pod.pod().name()),
        "status.podIPs",
        "AddressShared",
        address
            + " is the address of "
            + sharing
            + " pods with different identities; where their ports do not tell them apart, nothing"
            + " is sent there");
  }

  private static Problem conflict(ServiceFacts loser, String address, ServiceKey winner) {
    return Problem.error(
        new ObjectRef(Kind.SERVICE.name(), loser.key().namespace(), loser.key().name()),
        "spec.clusterIP",
        "ServiceAddressConflict",
        address
            + " belongs to Service "
            + winner.namespace()
            + "/"
            + winner.name()
            + ", which is older; this one is not reached by it");
  }

  @Override
  public List<ServiceFacts> servicesAt(String address) {
    return sorted(servicesByClusterAddress.getOrDefault(address, Set.of()));
  }

  @Override
  public List<ServiceFacts> externalServicesAt(String address) {
    return sorted(servicesByExternalAddress.getOrDefault(address, Set.of()));
  }

  @Override
  public List<PodFacts> podsAt(String address) {
    Set<PodRef> refs = podsByAddress.getOrDefault(address, Set.of());
    return switch (refs.size()) {
      case 0 -> List.of();
      case 1 -> facts(refs).toList();
      default -> facts(refs).sorted(Comparator.comparing(f -> f.pod().toString())).toList();
    };
  }

  private Stream<PodFacts> facts(Set<PodRef> refs) {
    return refs.stream().map(pods::get).filter(Objects::nonNull);
  }

  @Override
  public @Nullable PodFacts pod(PodRef ref) {
    return pods.get(ref);
  }

  @Override
  public Set<PodRef> podsNamedAt(String address) {
    var named = new HashSet<PodRef>();
    servicesNaming
        .getOrDefault(address, Set.of())
        .forEach(service ->
            named.addAll(
                endpointsOf.getOrDefault(service, Map.of()).getOrDefault(address, Set.of())));
    return named;
  }

  @Override
  public boolean isEndpoint(String address) {
    return servicesNaming.containsKey(address);
  }

  @Override
  public Collection<SliceFacts> slicesOf(ServiceKey service) {
    TreeMap<String, SliceFacts> ofService = slices.get(service);
    return ofService == null ? List.of() : ofService.values();
  }

  @Override
  public List<ServiceFacts> servicesWithEndpointAt(String address) {
    return sorted(servicesNaming.getOrDefault(address, Set.of()));
  }

  @Override
  public String zoneOf(String node) {
    String zone = zoneOfNode.get(node);
    return zone == null
        ? learntZones.getOrDefault(node, Map.of()).values().stream().findFirst().orElse("")
        : zone;
  }

  private List<ServiceFacts> sorted(Set<ServiceKey> keys) {
    return keys.stream()
        .map(services::get)
        .filter(Objects::nonNull)
        .sorted(ServiceFacts.OLDEST_FIRST)
        .toList();
  }

  private DestinationView firstView(Target target, String node) {
    DestinationView view = maker.make(target.address, target.text, target.port, node);
    if (!maker.dependsOnNode()) {
      for (Channel other : target.byNode.values()) {
        if (other.view != null && other.view.says(view)) {
          return other.view;
        }
      }
    }
    return view;
  }

  private int refresh(Target target) {
    int published = 0;
    DestinationView common = null;
    for (var entry : target.byNode.entrySet()) {
      DestinationView view = common;
      if (view == null) {
        view = maker.make(target.address, target.text, target.port, entry.getKey());
        common = maker.dependsOnNode() ? null : view;
      }
      Channel channel = entry.getValue();
      if (channel.view == null || !channel.view.says(view)) {
        channel.view = view;
        published++;
        for (Watch watch : channel.watches) {
          watch.show(view);
        }
      }
    }
    return published;
  }

  private void touchAddressesOf(ServiceKey key) {
    ServiceFacts facts = services.get(key);
    if (facts != null) {
      touched.addAll(facts.clusterAddresses());
      touched.addAll(facts.externalAddresses());
    }
  }

  /** A Service also says which protocol its endpoints speak when they are asked directly. */
  private void touchEndpointsOf(ServiceKey key) {
    touched.addAll(endpointsOf.getOrDefault(key, Map.of()).keySet());
  }

  /** Notes anew which addresses and pods the slices of a Service name. */
  private void rename(ServiceKey service) {
    var now = new HashMap<String, Set<PodRef>>();
    for (SliceFacts slice : slicesOf(service)) {
      for (SliceFacts.Backend backend : slice.backends()) {
        Set<PodRef> named = backend.pod().equals(PodRef.NONE) ? Set.of() : Set.of(backend.pod());
        now.merge(backend.address(), named, DiscoveryIndex::union);
      }
    }
    Map<String, Set<PodRef>> before =
        now.isEmpty() ? endpointsOf.remove(service) : endpointsOf.put(service, now);
    Set<Object> kept = named(now);
    named(before == null ? Map.of() : before).stream()
        .filter(n -> !kept.contains(n))
        .forEach(n -> remove(servicesNaming, n, service));
    kept.forEach(n -> add(servicesNaming, n, service));
  }

  private static Set<PodRef> union(Set<PodRef> some, Set<PodRef> more) {
    if (some.containsAll(more)) {
      return some;
    }
    var all = new HashSet<>(some);
    all.addAll(more);
    return Set.copyOf(all);
  }

  private static Set<Object> named(Map<String, Set<PodRef>> endpoints) {
    var all = new HashSet<Object>(endpoints.keySet());
    endpoints.values().forEach(all::addAll);
    return all;
  }

  /** Notes anew what the slices of a Service say of zones; forgotten with the slices. */
  private void learnZones(ServiceKey service) {
    var now = new HashMap<String, String>();
    for (SliceFacts slice : slicesOf(service)) {
      for (SliceFacts.Backend backend : slice.backends()) {
        if (!backend.node().isEmpty() && !backend.zone().isEmpty()) {
          now.put(backend.node(), backend.zone());
        }
      }
    }
    Map<String, String> before =
        now.isEmpty() ? zonesIn.remove(service) : zonesIn.put(service, now);
    if (before != null) {
      before.keySet().stream()
          .filter(node -> !now.containsKey(node))
          .forEach(node ->
              learntZones.computeIfPresent(
                  node,
                  (n, by) -> {
                    by.remove(service);
                    return by.isEmpty() ? null : by;
                  }));
    }
    now.forEach((node, zone) ->
        learntZones.computeIfAbsent(node, n -> new HashMap<>(2)).put(service, zone));
  }

  /** Nodes whose zone is known from endpoints alone. */
  int learntZones() {
    return learntZones.size();
  }

  private static Set<String> canonical(List<String> addresses) {
    var all = new TreeSet<String>();
    addresses.forEach(a -> IpLiteral.canonical(a).ifPresent(all::add));
    return all;
  }

  private static <K, V> void add(Map<K, Set<V>> index, K key, V value) {
    index.computeIfAbsent(key, k -> new HashSet<>(2)).add(value);
  }

  private static <K, V> void remove(Map<K, Set<V>> index, K key, V value) {
    index.computeIfPresent(
        key,
        (k, values) -> {
          values.remove(value);
          return values.isEmpty() ? null : values;
        });
  }
}
