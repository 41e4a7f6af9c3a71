// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.model.mesh.TrafficReport.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Traffic between two parties is counted twice where both have a proxy: beside the client and in
 * front of the server. This puts the two views of one flow together.
 */
final class Flows {
  private final Map<Ends, Views> flows;

  /** Client and server, by {@link Party#key()}. */
  record Ends(Object client, Object server) {
    static Ends of(PairTotals pair) {
      return new Ends(pair.client().key(), pair.server().key());
    }
  }

  /** What each side counted; one of the lists may be empty. */
  record Views(List<PairTotals> byClient, List<PairTotals> byServer) {
    Views() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  private Flows(Map<Ends, Views> flows) {
    this.flows = flows;
  }

  static Flows of(List<PairTotals> pairs) {
    var flows = new LinkedHashMap<Ends, Views>();
    for (PairTotals pair : pairs) {
      Views views = flows.computeIfAbsent(Ends.of(pair), _ -> new Views());
      (pair.direction() == Direction.OUTBOUND ? views.byClient() : views.byServer()).add(pair);
    }
    dropRepeated(flows);
    return new Flows(flows);
  }

  /**
   * A server may know nothing of its client but the identity, where the address is shared. If a
   * proxy of that identity told of the same server, it is the same flow.
   */
  private static void dropRepeated(Map<Ends, Views> flows) {
    var told = new HashMap<Object, Set<String>>();
    flows.forEach((ends, views) ->
        views
            .byClient()
            .forEach(pair ->
                told.computeIfAbsent(ends.server(), _ -> new HashSet<>())
                    .add(pair.client().identity())));
    flows
        .entrySet()
        .removeIf(flow ->
            flow.getValue().byClient().isEmpty()
                && flow.getValue().byServer().stream()
                    .allMatch(pair ->
                        !pair.denied()
                            && pair.client().pod().isEmpty()
                            && pair.client().account().isPresent()
                            && told.getOrDefault(flow.getKey().server(), Set.of())
                                .contains(pair.client().identity())));
  }

  /** Both views of each flow. */
  List<Views> views() {
    return List.copyOf(flows.values());
  }

  /**
   * Each flow once: as the client's proxy counted it, which also knows what was asked for and what
   * never arrived, or where the client has none, as the server's did.
   */
  List<PairTotals> once() {
    return flows.values().stream()
        .flatMap(v -> (v.byClient().isEmpty() ? v.byServer() : v.byClient()).stream())
        .toList();
  }
}
