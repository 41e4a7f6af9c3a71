// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.CallTotals;
import io.selvage.controlplane.observation.workload.Party;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Works out the most frequent requests. */
final class TopTable {
  private static final Comparator<TopRow> ORDER =
      Comparator.comparingLong(TopRow::count)
          .reversed()
          .thenComparing(TopRow::source)
          .thenComparing(TopRow::destination)
          .thenComparing(TopRow::path)
          .thenComparing(TopRow::method);

  private static final Comparator<CallTotals> LATEST =
      Comparator.comparingLong(CallTotals::lastAtMillis).thenComparingLong(CallTotals::lastMicros);

  private final WorkloadDirectory directory;
  private final TopRequest request;
  private final PairTest test;

  private record Ends(Object client, Object server) {
    static Ends of(CallTotals call) {
      return new Ends(call.client().key(), call.server().key());
    }
  }

  private record Line(String source, String destination, String method, String path) {}

  TopTable(WorkloadDirectory directory, TopRequest request) {
    this.directory = directory;
    this.request = request;
    test = new PairTest(directory);
  }

  /** The most frequent first, at most as many as were asked for. */
  List<TopRow> rows(List<CallTotals> calls) {
    Set<Ends> seenByClient = new HashSet<>();
    for (CallTotals call : calls) {
      if (call.direction() == Direction.OUTBOUND) {
        seenByClient.add(Ends.of(call));
        // A server may know no more of its client than the ServiceAccount.
        call.client()
            .account()
            .ifPresent(account -> seenByClient.add(new Ends(account, call.server().key())));
      }
    }
    Map<Line, List<CallTotals>> lines = new HashMap<>();
    for (CallTotals call : calls) {
      boolean repeated =
          call.direction() == Direction.INBOUND && seenByClient.contains(Ends.of(call));
      if (!repeated && isWanted(call)) {
        var line = new Line(name(call.client()), name(call.server()), call.method(), call.path());
        lines.computeIfAbsent(line, _ -> new ArrayList<>()).add(call);
      }
    }
    var rows = new ArrayList<TopRow>();
    lines.forEach((line, sum) -> rows.add(row(line, sum)));
    rows.sort(ORDER);
    return List.copyOf(rows.subList(0, Math.min(request.limit(), rows.size())));
  }

  private boolean isWanted(CallTotals call) {
    return isWanted(call.client()) || isWanted(call.server());
  }

  private boolean isWanted(Party party) {
    if (request.resource().isEmpty()) {
      return request.namespace().isEmpty() || request.namespace().get().equals(party.namespace());
    }
    return test.isPartOf(request.resource().get(), request.namespace(), party);
  }

  private String name(Party party) {
    return directory
        .nameOf(party, ResourceType.POD)
        .or(() -> party.account().map(WorkloadIdentity::shortName))
        .orElse(party.address());
  }

  private static TopRow row(Line line, List<CallTotals> calls) {
    long count = 0;
    long successes = 0;
    long best = Long.MAX_VALUE;
    long worst = 0;
    CallTotals last = calls.getFirst();
    for (CallTotals call : calls) {
      count += call.count();
      successes += call.successes();
      best = Math.min(best, call.bestMicros());
      worst = Math.max(worst, call.worstMicros());
      // Of two told in one moment neither is the later; the longer one is told, always.
      if (LATEST.compare(call, last) > 0) {
        last = call;
      }
    }
    return new TopRow(
        line.source,
        line.destination,
        line.method,
        line.path,
        count,
        best,
        worst,
        last.lastMicros(),
        (double) successes / count);
  }
}
