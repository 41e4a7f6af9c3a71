// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TopRow;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.selvage.controlplane.observation.query.TrafficTables;
import io.selvage.controlplane.observation.store.ObservationStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Answers from what the proxies reported. */
final class StoredTraffic implements TrafficQuery {
  private final Lane lane;
  private final ObservationStore store;
  private final TrafficTables tables;
  private final Supplier<List<String>> silent;
  private final Supplier<List<String>> incomplete;
  private final BooleanSupplier overloaded;

  /**
   * @param silent replicas whose proxies' reports are missing
   * @param incomplete replicas of whose proxies' reports some are missing
   * @param overloaded whether reports were let fall here that would count now
   */
  StoredTraffic(
      Lane lane,
      ObservationStore store,
      TrafficTables tables,
      Supplier<List<String>> silent,
      Supplier<List<String>> incomplete,
      BooleanSupplier overloaded) {
    this.overloaded = overloaded;
    this.incomplete = incomplete;
    this.lane = lane;
    this.store = store;
    this.tables = tables;
    this.silent = silent;
  }

  @Override
  public CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request) {
    return lane.ask(() -> tables.edges(request, store.pairs(ObservationStore.WINDOW), notes()));
  }

  @Override
  public CompletionStage<Answer<StatRow>> stat(StatRequest request) {
    return lane.ask(() -> tables.stat(request, store.pairs(check(request.window())), notes()));
  }

  @Override
  public CompletionStage<Answer<RouteRow>> routes(RoutesRequest request) {
    return lane.ask(() -> tables.routes(request, store.pairs(check(request.window())), notes()));
  }

  @Override
  public CompletionStage<Answer<TopRow>> top(TopRequest request) {
    return lane.ask(() -> tables.top(request, store.calls(), replicas()));
  }

  @Override
  public CompletionStage<Graph> graph(GraphRequest request) {
    return lane.ask(() -> tables.graph(request, store.pairs(check(request.window())), notes()));
  }

  private static Duration check(Duration window) {
    if (window.compareTo(ObservationStore.WINDOW) > 0) {
      throw new IllegalArgumentException(
          "metrics time window must be at most 10m: no more is kept, unless the control plane was"
              + " started with --prometheus URL");
    }
    return window;
  }

  private List<String> notes() {
    List<String> notes = replicas();
    long evicted = store.recentEvictions();
    if (evicted > 0) {
      notes.add(
          evicted
              + (evicted == 1 ? " pair" : " pairs")
              + " of proxy and peer had to make room within the last ten minutes and"
              + (evicted == 1 ? " is" : " are")
              + " missing: there are more than the control plane keeps");
    }
    return notes;
  }

  private List<String> replicas() {
    var notes = new ArrayList<String>();
    for (String replica : silent.get()) {
      notes.add(
          "the replica " + replica + " is not heard: what its proxies have reported is missing");
    }
    if (overloaded.getAsBoolean()) {
      notes.add("reports came faster than they could be taken in: figures are too low");
    }
    for (String replica : incomplete.get()) {
      notes.add(
          "the replica "
              + replica
              + " could not pass on all that its proxies have reported: figures are too low");
    }
    return notes;
  }
}
