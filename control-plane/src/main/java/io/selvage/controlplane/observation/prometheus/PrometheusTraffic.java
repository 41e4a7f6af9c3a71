// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.QueryException.Fault;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TopRow;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.selvage.controlplane.observation.query.TrafficTables;
import io.selvage.controlplane.observation.store.ObservationStore;
import io.selvage.controlplane.observation.store.PairTotals;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Answers from a Prometheus that scrapes the proxies: for longer windows, and where a restart of
 * the control plane must not forget. Names come from the directory, as for what is kept here; the
 * most frequent requests, which are no metrics, from the reports.
 */
public final class PrometheusTraffic implements TrafficQuery, AutoCloseable {
  /**
   * Questions under way at a time. Each holds the answers of six queries, of up to {@link
   * PrometheusClient#MAX_BODY_BYTES}.
   */
  static final int MAX_QUESTIONS = 4;

  private final Semaphore questions = new Semaphore(MAX_QUESTIONS);
  private final PrometheusClient client;
  private final Executor lane;
  private final WorkloadDirectory directory;
  private final TrafficTables tables;
  private final Function<PodRef, ProxyKind> kinds;
  private final TrafficQuery reports;
  private final String trustDomain;
  private final LongSupplier clock;

  /** Pairs, and what to say of them. */
  private record Found(List<PairTotals> pairs, List<String> notes) {}

  /**
   * @param lane the thread that directory and tables belong to
   * @param kinds what a proxy is, asked on the lane
   * @param reports answers what Prometheus does not know
   * @param clock of the directory
   */
  public PrometheusTraffic(
      URI url,
      Executor lane,
      WorkloadDirectory directory,
      TrafficTables tables,
      Function<PodRef, ProxyKind> kinds,
      TrafficQuery reports,
      String trustDomain,
      LongSupplier clock) {
    client = new PrometheusClient(url, CompletableFuture::runAsync);
    this.lane = lane;
    this.directory = directory;
    this.tables = tables;
    this.kinds = kinds;
    this.reports = reports;
    this.trustDomain = trustDomain;
    this.clock = clock;
  }

  @Override
  public CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request) {
    return ask(
        Optional.empty(),
        ObservationStore.WINDOW,
        found -> tables.edges(request, found.pairs, found.notes));
  }

  @Override
  public CompletionStage<Answer<StatRow>> stat(StatRequest request) {
    // What arrives at workloads of one namespace is counted by proxies of that namespace.
    boolean own =
        request.other().isEmpty()
            && request.resources().stream()
                .noneMatch(
                    r -> r.type() == ResourceType.SERVICE || r.type() == ResourceType.NAMESPACE);
    return ask(
        own ? request.namespace() : Optional.empty(),
        request.window(),
        found -> tables.stat(request, found.pairs, found.notes));
  }

  @Override
  public CompletionStage<Answer<RouteRow>> routes(RoutesRequest request) {
    return ask(
        Optional.empty(),
        request.window(),
        found -> tables.routes(request, found.pairs, found.notes));
  }

  @Override
  public CompletionStage<Answer<TopRow>> top(TopRequest request) {
    return reports.top(request);
  }

  @Override
  public CompletionStage<Graph> graph(GraphRequest request) {
    return ask(
        Optional.empty(),
        request.window(),
        found -> tables.graph(request, found.pairs, found.notes));
  }

  /**
   * @param table works out the answer, on the lane
   */
  private <T> CompletableFuture<T> ask(
      Optional<String> namespace, Duration window, Function<Found, T> table) {
    if (!questions.tryAcquire()) {
      return CompletableFuture.failedFuture(
          new QueryException(
              Fault.BUSY, "Prometheus is being asked too much at once already; try again"));
    }
    var promQl = new PromQl(namespace, window);
    CompletableFuture<List<Sample>> responses = client.query(promQl.responses());
    CompletableFuture<List<Sample>> latencies = client.query(promQl.latencies());
    CompletableFuture<List<Sample>> opened = client.query(promQl.opened());
    CompletableFuture<List<Sample>> open = client.query(promQl.open());
    CompletableFuture<List<Sample>> read = client.query(promQl.read());
    CompletableFuture<List<Sample>> written = client.query(promQl.written());
    return CompletableFuture.allOf(responses, latencies, opened, open, read, written)
        .thenApplyAsync(
            _ -> {
              var assembly = new PairAssembly(directory, kinds, trustDomain, clock.getAsLong());
              assembly.responses(responses.join());
              assembly.latencies(latencies.join());
              assembly.opened(opened.join());
              assembly.open(open.join());
              assembly.read(read.join());
              assembly.written(written.join());
              return table.apply(
                  new Found(
                      assembly.pairs((double) window.toSeconds()), notes(assembly.nameless())));
            },
            lane)
        .whenComplete((_, _) -> questions.release());
  }

  private static List<String> notes(int nameless) {
    return nameless == 0
        ? List.of()
        : List.of(
            nameless
                + " samples carry no namespace and pod: the scrape job has to attach them"
                + " (docs/operations.md)");
  }

  @Override
  public void close() {
    client.close();
  }
}
