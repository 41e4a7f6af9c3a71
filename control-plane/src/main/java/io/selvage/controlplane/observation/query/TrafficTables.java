// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.CallTotals;
import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.PodKey;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Turns pairs into tables, wherever the pairs come from. Confined to the thread of the directory.
 */
public final class TrafficTables {
  private final WorkloadDirectory directory;
  private final Supplier<Set<PodKey>> reporting;

  /**
   * @param reporting pods whose proxy reports now
   */
  public TrafficTables(WorkloadDirectory directory, Supplier<Set<PodKey>> reporting) {
    this.directory = directory;
    this.reporting = reporting;
  }

  public Answer<EdgeRow> edges(EdgesRequest request, List<PairTotals> pairs, List<String> notes) {
    return Answer.of(new EdgesTable(directory, request).rows(pairs), notes);
  }

  public Answer<StatRow> stat(StatRequest request, List<PairTotals> pairs, List<String> notes) {
    return Answer.of(new StatTable(directory, reporting.get(), request).rows(pairs), notes);
  }

  public Answer<RouteRow> routes(
      RoutesRequest request, List<PairTotals> pairs, List<String> notes) {
    return Answer.of(new RoutesTable(directory, request).rows(pairs), notes);
  }

  public Answer<TopRow> top(TopRequest request, List<CallTotals> calls, List<String> notes) {
    return Answer.of(new TopTable(directory, request).rows(calls), notes);
  }

  public Graph graph(GraphRequest request, List<PairTotals> pairs, List<String> notes) {
    return new GraphTable(directory, reporting.get(), request).graph(pairs, notes);
  }
}
