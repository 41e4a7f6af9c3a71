// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Works out how well it went, route by route. */
final class RoutesTable {
  private static final Comparator<RouteRow> ORDER =
      Comparator.comparing(RouteRow::resource)
          .thenComparing(row -> row.route().equals(RouteRow.DEFAULT))
          .thenComparing(RouteRow::route)
          .thenComparing(RouteRow::service);

  private final WorkloadDirectory directory;
  private final RoutesRequest request;
  private final PairTest test;

  private record Route(String resource, String route, String service) {}

  private static final class Line {
    final Traffic effective = new Traffic();
    final Traffic actual = new Traffic();
  }

  RoutesTable(WorkloadDirectory directory, RoutesRequest request) {
    this.directory = directory;
    this.request = request;
    test = new PairTest(directory);
  }

  /** Rows by resource, then by route, the default route last. */
  List<RouteRow> rows(List<PairTotals> pairs) {
    var lines = new HashMap<Route, Line>();
    for (Flows.Views views : Flows.of(pairs).views()) {
      List<PairTotals> seen = views.byClient().isEmpty() ? views.byServer() : views.byClient();
      for (ResourceSelector resource : request.resources()) {
        for (PairTotals pair : seen) {
          if (pair.requests() > 0) {
            route(resource, pair)
                .ifPresent(r -> lines.computeIfAbsent(r, _ -> new Line()).effective.add(pair));
          }
        }
        if (request.to().isPresent()) {
          actual(resource, views, lines);
        }
      }
    }
    var rows = new ArrayList<RouteRow>();
    lines.forEach((route, line) -> rows.add(row(route, line)));
    rows.sort(ORDER);
    return rows;
  }

  /**
   * What the servers counted of the same requests. They know no routes of their clients; but where
   * a client uses one route alone, it is that one.
   */
  private void actual(ResourceSelector resource, Flows.Views views, Map<Route, Line> lines) {
    Set<Route> routes = new HashSet<>();
    for (PairTotals pair : views.byClient()) {
      if (pair.requests() > 0) {
        route(resource, pair).ifPresent(routes::add);
      }
    }
    if (routes.size() != 1) {
      return;
    }
    Line line = lines.get(routes.iterator().next());
    if (line != null) {
      views.byServer().stream().filter(p -> p.requests() > 0).forEach(line.actual::add);
    }
  }

  /** The route of a resource the traffic belongs to, if it does. */
  private Optional<Route> route(ResourceSelector resource, PairTotals pair) {
    Optional<String> name;
    if (request.to().isPresent()) {
      name =
          test.matches(request.to().get(), pair)
              ? named(resource, pair.client())
              : Optional.empty();
    } else if (resource.type() == ResourceType.SERVICE) {
      name =
          test.serves(resource, request.namespace(), pair)
              ? ServiceName.parse(pair.service()).map(ServiceName::name)
              : Optional.empty();
    } else {
      // A gateway's routes are those it sends requests on by.
      name = named(resource, pair.client().gateway() ? pair.client() : pair.server());
      if (name.isEmpty() && pair.client().gateway()) {
        name = named(resource, pair.server());
      }
    }
    return name.map(n ->
        new Route(
            resource.type().shortName() + "/" + n,
            pair.route().isEmpty() ? RouteRow.DEFAULT : pair.route(),
            pair.service()));
  }

  private Optional<String> named(ResourceSelector resource, Party party) {
    return test.isPartOf(resource, request.namespace(), party)
        ? directory.nameOf(party, resource.type())
        : Optional.empty();
  }

  private static RouteRow row(Route route, Line line) {
    Traffic traffic = line.effective;
    return new RouteRow(
        route.resource,
        route.route,
        route.service,
        traffic.success(),
        traffic.rps(),
        line.actual.success(),
        line.actual.rps(),
        traffic.latency(0.5),
        traffic.latency(0.95),
        traffic.latency(0.99));
  }
}
