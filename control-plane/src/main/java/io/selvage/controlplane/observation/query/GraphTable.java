// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.query.GraphRequest.By;
import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.PodInfo;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.TrafficReport.Direction;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** Works out who talks to whom, and how well. */
final class GraphTable {
  /** What a pod belongs to in the end: the first of these it has. */
  private static final List<ResourceType> OWNERS =
      List.of(
          ResourceType.DEPLOYMENT,
          ResourceType.STATEFULSET,
          ResourceType.DAEMONSET,
          ResourceType.CRONJOB,
          ResourceType.JOB,
          ResourceType.REPLICATIONCONTROLLER,
          ResourceType.REPLICASET);

  private static final String SERVICE = "service";
  private static final String CLIENTS = "clients";
  private static final String OUTSIDE = "outside";

  private final WorkloadDirectory directory;
  private final Set<PodKey> reporting;
  private final GraphRequest request;
  private final Map<Place, Spot> spots = new LinkedHashMap<>();
  private final Map<Ends, Line> lines = new LinkedHashMap<>();

  /** What a node is called. */
  private record Place(String namespace, String kind, String name) {
    static final Comparator<Place> ORDER =
        Comparator.comparing(Place::namespace)
            .thenComparing(Place::name)
            .thenComparing(Place::kind);

    String id() {
      return kind + "/" + namespace + "/" + name;
    }
  }

  private record Ends(Place source, Place destination) {}

  /** A node in the making. */
  private static final class Spot {
    /** What its own proxies saw arrive; of a gateway, what they sent on. */
    final Traffic own = new Traffic();

    /** What its clients saw, for those without a proxy. */
    final Traffic arrived = new Traffic();

    boolean gateway;
    int pods;
    int meshed;
  }

  /** An edge in the making. */
  private static final class Line {
    final Traffic traffic = new Traffic();
    final Set<String> reasons = new TreeSet<>();
    final Set<String> services = new TreeSet<>();
    boolean denied;
  }

  /**
   * @param reporting pods whose proxy reports: they are meshed, whatever their labels say
   */
  GraphTable(WorkloadDirectory directory, Set<PodKey> reporting, GraphRequest request) {
    this.directory = directory;
    this.reporting = reporting;
    this.request = request;
  }

  Graph graph(List<PairTotals> pairs, List<String> notes) {
    directory.pods().filter(pod -> !pod.finished()).forEach(this::count);
    pairs.forEach(this::own);
    Flows.of(pairs).views().forEach(this::edge);
    return cut(notes);
  }

  private void count(PodInfo pod) {
    Spot spot = spot(place(pod));
    spot.pods++;
    if (pod.injected() || reporting.contains(pod.key())) {
      spot.meshed++;
    }
  }

  /** The same rule as for {@code stat}: what arrived, and of a gateway what it sent on. */
  private void own(PairTotals pair) {
    if (pair.direction() == Direction.INBOUND || pair.proxy().gateway()) {
      Spot spot = spot(place(pair.proxy(), OUTSIDE));
      spot.own.add(pair);
      spot.gateway |= pair.proxy().gateway();
    }
  }

  /**
   * Each flow counts once: as the client's proxy saw it, which also knows what never arrived. How
   * it is protected, and whether it was let in, is the server's to say where the server has one.
   */
  private void edge(Flows.Views views) {
    List<PairTotals> counted = views.byClient().isEmpty() ? views.byServer() : views.byClient();
    for (PairTotals pair : counted) {
      Line line = line(pair);
      line.traffic.add(pair);
      spot(server(pair)).arrived.add(pair);
      if (!pair.service().isEmpty()) {
        line.services.add(pair.service());
      }
      line.denied |= pair.denied();
    }
    if (views.byServer().isEmpty()) {
      counted.forEach(pair -> judge(line(pair), pair));
    } else {
      // Only the client knows which Service was meant, and with it the place of the edge.
      counted.stream()
          .map(this::line)
          .distinct()
          .forEach(line -> views.byServer().forEach(pair -> judge(line, pair)));
    }
  }

  private static void judge(Line line, PairTotals pair) {
    if (!pair.unsecured().isEmpty()) {
      line.reasons.add(pair.unsecured());
    }
    line.denied |= pair.denied();
  }

  private Line line(PairTotals pair) {
    var ends = new Ends(place(pair.client(), CLIENTS), server(pair));
    spot(ends.source);
    spot(ends.destination);
    return lines.computeIfAbsent(ends, _ -> new Line());
  }

  private Spot spot(Place place) {
    return spots.computeIfAbsent(place, _ -> new Spot());
  }

  private Place server(PairTotals pair) {
    Optional<ServiceName> service =
        pair.server().isOutside() ? ServiceName.parse(pair.service()) : Optional.empty();
    if (service.isPresent()) {
      return request.by() == By.NAMESPACE
          ? namespace(service.get().namespace())
          : new Place(service.get().namespace(), SERVICE, service.get().name());
    }
    return place(pair.server(), OUTSIDE);
  }

  /**
   * @param outside kind of what is neither a pod nor anybody with an identity
   */
  private Place place(Party party, String outside) {
    if (party.isOutside()) {
      String name =
          request.by() == By.POD
              ? directory.nameOf(party, ResourceType.POD).orElse(party.address())
              : WorkloadDirectory.OUTSIDE;
      return new Place("", outside, name);
    }
    if (request.by() == By.NAMESPACE) {
      return namespace(party.namespace());
    }
    if (party.pod().isPresent()) {
      return place(party.pod().get());
    }
    Optional<Place> owner =
        request.by() == By.POD
            ? Optional.empty()
            : owner(party.namespace(), type -> ownerOf(party, type));
    return owner.orElseGet(() -> {
      String label = party.gateway() ? party.label() : "";
      return label.isEmpty()
          ? new Place(
              party.namespace(),
              ResourceType.SERVICEACCOUNT.longName(),
              directory.nameOf(party, ResourceType.SERVICEACCOUNT).orElse(""))
          : new Place(party.namespace(), ResourceType.POD.longName(), label);
    });
  }

  /** Only what the pods of the identity all belong to; a gateway's label is no owner's name. */
  private Optional<String> ownerOf(Party party, ResourceType type) {
    return directory
        .nameOf(party, type)
        .filter(name -> !party.gateway() || !name.equals(party.label()));
  }

  private Place place(PodInfo pod) {
    if (request.by() == By.NAMESPACE) {
      return namespace(pod.namespace());
    }
    Optional<Place> owner =
        request.by() == By.POD ? Optional.empty() : owner(pod.namespace(), pod::nameAs);
    return owner.orElseGet(
        () -> new Place(pod.namespace(), ResourceType.POD.longName(), pod.key().name()));
  }

  private static Optional<Place> owner(
      String namespace, Function<ResourceType, Optional<String>> names) {
    return OWNERS.stream()
        .flatMap(type ->
            names.apply(type).map(name -> new Place(namespace, type.longName(), name)).stream())
        .findFirst();
  }

  private static Place namespace(String name) {
    return new Place("", ResourceType.NAMESPACE.longName(), name);
  }

  private boolean isWanted(Place place) {
    return request
        .namespace()
        .filter(name -> !name.equals(place.namespace()) && !isNamespace(place, name))
        .isEmpty();
  }

  private static boolean isNamespace(Place place, String name) {
    return place.equals(namespace(name));
  }

  private Graph cut(List<String> notes) {
    var more = new ArrayList<>(notes);
    List<Map.Entry<Ends, Line>> edges =
        lines.entrySet().stream()
            .filter(e -> isWanted(e.getKey().source) || isWanted(e.getKey().destination))
            .sorted(
                Map.Entry.comparingByKey(
                    Comparator.comparing(Ends::source, Place.ORDER)
                        .thenComparing(Ends::destination, Place.ORDER)))
            .toList();
    Set<Place> talking = new HashSet<>();
    edges.forEach(e -> {
      talking.add(e.getKey().source);
      talking.add(e.getKey().destination);
    });
    List<Place> places =
        spots.keySet().stream()
            .filter(place -> talking.contains(place) || isWanted(place))
            .sorted(
                Comparator.<Place, Boolean>comparing(place -> !talking.contains(place))
                    .thenComparing(Place.ORDER))
            .toList();
    List<Place> shown = shorten(places, Graph.MAX_NODES, "nodes", more);
    Set<Place> known = new HashSet<>(shown);
    List<Graph.Edge> drawn =
        edges.stream()
            .filter(
                e -> known.contains(e.getKey().source) && known.contains(e.getKey().destination))
            .map(e -> edge(e.getKey(), e.getValue()))
            .toList();
    return new Graph(
        shown.stream().map(this::node).toList(),
        shorten(drawn, Graph.MAX_EDGES, "edges", more),
        more);
  }

  private static <T> List<T> shorten(List<T> all, int most, String what, List<String> notes) {
    if (all.size() <= most) {
      return all;
    }
    notes.add(
        "only the first "
            + most
            + " of "
            + all.size()
            + " "
            + what
            + " are shown: choose a"
            + " namespace");
    return all.subList(0, most);
  }

  private Graph.Node node(Place place) {
    Spot spot = spot(place);
    boolean own = spot.own.isAny() || spot.meshed > 0;
    return new Graph.Node(
        place.id(),
        place.namespace,
        place.kind,
        place.name,
        spot.gateway,
        spot.pods,
        spot.meshed,
        own,
        Graph.Golden.of(own ? spot.own : spot.arrived));
  }

  private static Graph.Edge edge(Ends ends, Line line) {
    return new Graph.Edge(
        ends.source.id(),
        ends.destination.id(),
        line.reasons.isEmpty(),
        List.copyOf(line.reasons),
        line.denied,
        line.services.stream().limit(Graph.Edge.MAX_SERVICES).toList(),
        Graph.Golden.of(line.traffic));
  }
}
