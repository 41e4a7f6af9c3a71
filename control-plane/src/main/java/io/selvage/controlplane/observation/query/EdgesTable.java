// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Works out who talked to whom. */
final class EdgesTable {
  private static final Comparator<EdgeRow> ORDER =
      Comparator.comparing(EdgeRow::sourceNamespace)
          .thenComparing(EdgeRow::destinationNamespace)
          .thenComparing(EdgeRow::source)
          .thenComparing(EdgeRow::destination)
          .thenComparing(EdgeRow::clientId)
          .thenComparing(EdgeRow::serverId)
          .thenComparing(EdgeRow::reason)
          .thenComparing(EdgeRow::denied);

  private final WorkloadDirectory directory;
  private final EdgesRequest request;

  EdgesTable(WorkloadDirectory directory, EdgesRequest request) {
    this.directory = directory;
    this.request = request;
  }

  List<EdgeRow> rows(List<PairTotals> pairs) {
    return Flows.of(pairs).views().stream()
        .flatMap(this::rows)
        .filter(this::isWanted)
        .distinct()
        .sorted(ORDER)
        .toList();
  }

  /**
   * Whether a connection is protected and let in is the server's to say; the client knows of it
   * what it asked for. Without a proxy in front of the server, the client's word is all there is.
   */
  private Stream<EdgeRow> rows(Flows.Views views) {
    if (views.byServer().isEmpty()) {
      return views.byClient().stream().flatMap(pair -> row(pair, Optional.empty()).stream());
    }
    // What the client calls unprotected, the server may not have seen at all: a port taken out of
    // the mesh, for example.
    Set<Security> seen =
        views.byServer().stream().map(PairTotals::security).collect(Collectors.toSet());
    Optional<String> client =
        views.byClient().stream().map(pair -> pair.client().identity()).findFirst();
    return Stream.concat(
        views.byServer().stream().flatMap(pair -> row(pair, client).stream()),
        views.byClient().stream()
            .filter(pair ->
                pair.security() != Security.SECURED && !seen.contains(pair.security())
                    || pair.denied())
            .flatMap(pair -> row(pair, Optional.empty()).stream()));
  }

  private Optional<EdgeRow> row(PairTotals pair, Optional<String> clientIdentity) {
    ResourceType type = request.type();
    Optional<String> source = directory.nameOf(pair.client(), type);
    Optional<String> destination = directory.nameOf(pair.server(), type);
    if (source.isEmpty() || destination.isEmpty()) {
      return Optional.empty();
    }
    String reason = pair.unsecured();
    return Optional.of(
        new EdgeRow(
            source.get(),
            pair.client().namespace(),
            destination.get(),
            pair.server().namespace(),
            clientIdentity.orElse(pair.client().identity()),
            pair.security() == Security.SECURED ? pair.server().identity() : "",
            reason,
            pair.denied()));
  }

  private boolean isWanted(EdgeRow row) {
    return request.namespace().isEmpty()
        || row.sourceNamespace().equals(request.namespace().get())
        || row.destinationNamespace().equals(request.namespace().get());
  }
}
