// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.PodInfo;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.TrafficReport.Direction;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Works out how well it went, resource by resource. */
final class StatTable {
  /** Phase shown for a pod that is gone but had traffic within the window. */
  private static final String DELETED = "Deleted";

  private final WorkloadDirectory directory;
  private final Set<PodKey> reporting;
  private final StatRequest request;
  private final PairTest test;

  /** A row's place; tables are ordered by it. */
  private record Place(String namespace, String name) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      int order = namespace.compareTo(other.namespace);
      return order == 0 ? name.compareTo(other.name) : order;
    }
  }

  /** A row in the making. */
  private static final class Line {
    final Traffic traffic = new Traffic();
    int pods;
    int meshed;
    @Nullable String status;
  }

  /**
   * @param reporting pods whose proxy reports: they are meshed, whatever their labels say
   */
  StatTable(WorkloadDirectory directory, Set<PodKey> reporting, StatRequest request) {
    this.directory = directory;
    this.reporting = reporting;
    this.request = request;
    test = new PairTest(directory);
  }

  /** Rows by type, in the order of the request; each type's by namespace and name. */
  List<StatRow> rows(List<PairTotals> pairs) {
    List<PairTotals> wanted = wanted(pairs);
    var rows = new ArrayList<StatRow>();
    Set<ResourceType> types = new LinkedHashSet<>();
    request.resources().forEach(resource -> types.add(resource.type()));
    for (ResourceType type : types) {
      List<ResourceSelector> resources =
          request.resources().stream().filter(resource -> resource.type() == type).toList();
      rows.addAll(rows(type, resources, wanted));
    }
    return rows;
  }

  /**
   * Without another end, what counts is what the resources' own proxies saw arrive; a gateway has
   * nothing but what it sent on. With one, each flow counts once, whoever saw it.
   */
  private List<PairTotals> wanted(List<PairTotals> pairs) {
    if (request.other().isEmpty()) {
      return pairs;
    }
    OtherEnd other = request.other().get();
    return Flows.of(pairs).once().stream().filter(pair -> test.matches(other, pair)).toList();
  }

  private List<StatRow> rows(
      ResourceType type, List<ResourceSelector> resources, List<PairTotals> pairs) {
    var lines = new TreeMap<Place, Line>();
    if (type == ResourceType.SERVICE) {
      if (request.labels().isAny()) {
        directory
            .services()
            .forEach(service ->
                place(type, resources, service.namespace(), service.name())
                    .ifPresent(place -> lines.put(place, new Line())));
      }
    } else {
      directory.pods().forEach(pod -> count(pod, type, resources, lines));
    }
    for (PairTotals pair : pairs) {
      place(type, resources, pair)
          .ifPresent(place -> lines.computeIfAbsent(place, _ -> new Line()).traffic.add(pair));
    }
    var rows = new ArrayList<StatRow>();
    lines.forEach((place, line) -> {
      if (isShown(type, line)) {
        rows.add(row(type, place, line));
      }
    });
    return rows;
  }

  private boolean isShown(ResourceType type, Line line) {
    return type == ResourceType.SERVICE
        || line.meshed > 0
        || line.traffic.isAny()
        || request.unmeshed()
        || request.isFrom();
  }

  private void count(
      PodInfo pod, ResourceType type, List<ResourceSelector> resources, Map<Place, Line> lines) {
    Optional<String> name = pod.nameAs(type);
    if (pod.finished() || name.isEmpty() || !request.labels().matches(pod.labels())) {
      return;
    }
    place(type, resources, pod.namespace(), name.get())
        .ifPresent(place -> {
          Line line = lines.computeIfAbsent(place, _ -> new Line());
          line.pods++;
          if (pod.injected() || reporting.contains(pod.key())) {
            line.meshed++;
          }
          if (type == ResourceType.POD) {
            line.status = pod.phase();
          }
        });
  }

  /** The row the traffic belongs to; empty if it belongs to none that was asked for. */
  private Optional<Place> place(
      ResourceType type, List<ResourceSelector> resources, PairTotals pair) {
    if (type == ResourceType.SERVICE) {
      // Only the client's proxy knows what was asked for.
      return pair.direction() == Direction.INBOUND || !labelled(pair.server())
          ? Optional.empty()
          : ServiceName.parse(pair.service())
              .flatMap(s -> place(type, resources, s.namespace(), s.name()));
    }
    Optional<Party> subject = subject(pair);
    if (subject.isEmpty() || !labelled(subject.get())) {
      return Optional.empty();
    }
    return directory
        .nameOf(subject.get(), type)
        .flatMap(name -> place(type, resources, subject.get().namespace(), name));
  }

  /** Whose traffic it is. */
  private Optional<Party> subject(PairTotals pair) {
    if (request.isTo()) {
      return Optional.of(pair.client()).filter(client -> !client.isOutside());
    }
    if (request.isFrom()) {
      return Optional.of(pair.server()).filter(server -> !server.isOutside());
    }
    boolean arrived = pair.direction() == Direction.INBOUND || pair.proxy().gateway();
    return arrived ? Optional.of(pair.proxy()) : Optional.empty();
  }

  private boolean labelled(Party party) {
    return request.labels().isAny()
        || party.pod().filter(pod -> request.labels().matches(pod.labels())).isPresent();
  }

  private Optional<Place> place(
      ResourceType type, List<ResourceSelector> resources, String namespace, String name) {
    if (resources.stream().noneMatch(resource -> resource.matches(name))) {
      return Optional.empty();
    }
    if (type == ResourceType.NAMESPACE) {
      return Optional.of(new Place("", name));
    }
    return request.namespace().isEmpty() || request.namespace().get().equals(namespace)
        ? Optional.of(new Place(namespace, name))
        : Optional.empty();
  }

  private static StatRow row(ResourceType type, Place place, Line line) {
    Traffic traffic = line.traffic;
    boolean pod = type == ResourceType.POD;
    String status = line.status == null ? DELETED : line.status;
    return new StatRow(
        place.namespace,
        type.longName(),
        place.name,
        pod ? status : null,
        type == ResourceType.SERVICE ? null : line.meshed + "/" + line.pods,
        traffic.success(),
        traffic.rps(),
        traffic.latency(0.5),
        traffic.latency(0.95),
        traffic.latency(0.99),
        traffic.openConnections(),
        traffic.readRate(),
        traffic.writeRate());
  }
}
