// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.observation.prometheus.PrometheusTraffic;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.selvage.controlplane.observation.query.TrafficTables;
import io.selvage.controlplane.observation.store.ObservationStore;
import io.selvage.controlplane.observation.store.StoreFigures;
import io.selvage.controlplane.observation.tap.TapDesk;
import io.selvage.controlplane.observation.tap.TapListener;
import io.selvage.controlplane.observation.tap.TapQuery;
import io.selvage.controlplane.observation.tap.TapRequest;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.kube.ClusterChange;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Observation as a part of the process. Thread-safe. */
public final class Observation implements AutoCloseable {
  private static final int SWEEP_SECONDS = 10;

  /** Kinds whose objects give workloads their names. */
  private static final Set<String> NAMING_KINDS = Set.of("Pod", "ReplicaSet", "Job", "Service");

  private final Lane lane;
  private final LongSupplier clock;
  private final WorkloadDirectory directory = new WorkloadDirectory();
  private final ObservationStore store;
  private final TrafficQuery query;
  private final TapDesk taps;
  private final Runnable closing;
  private final LongAdder droppedReports = new LongAdder();

  /** When a report was let fall last; before all times if none was. */
  private final AtomicLong droppedAt = new AtomicLong(Long.MIN_VALUE / 2);

  private final AtomicReference<ClusterState> newest = new AtomicReference<>();
  private volatile Supplier<List<String>> silent = List::of;
  private volatile Supplier<List<String>> incomplete = List::of;

  private Observation(ObservationOptions options, LongSupplier clock) {
    lane = new Lane(options.limits().queuedEdges());
    this.clock = clock;
    store = new ObservationStore(options.limits(), directory, clock);
    taps = new TapDesk(directory, clock);
    var tables = new TrafficTables(directory, store::reportingPods);
    var stored =
        new StoredTraffic(
            lane,
            store,
            tables,
            () -> silent.get(),
            () -> incomplete.get(),
            () -> clock.getAsLong() - droppedAt.get() <= ObservationStore.WINDOW.toMillis());
    if (options.prometheus().isPresent()) {
      var prometheus =
          new PrometheusTraffic(
              options.prometheus().get(),
              lane::execute,
              directory,
              tables,
              store::kindOf,
              stored,
              options.trustDomain(),
              clock);
      query = prometheus;
      closing = prometheus::close;
    } else {
      query = stored;
      closing = () -> {};
    }
  }

  /**
   * Starts taking in reports.
   *
   * @param cluster for the names of workloads
   * @param metrics takes {@code selvage_observation_*}
   */
  public static Observation start(
      ObservationOptions options, ClusterView cluster, MeterRegistry metrics) {
    return start(options, cluster, metrics, () -> System.nanoTime() / 1_000_000);
  }

  /**
   * @param clock milliseconds that never go back
   */
  static Observation start(
      ObservationOptions options, ClusterView cluster, MeterRegistry metrics, LongSupplier clock) {
    var observation = new Observation(options, clock);
    observation.bind(metrics);
    cluster.listen(observation::clusterChanged);
    observation.lane.everySeconds(SWEEP_SECONDS, observation.store::sweep);
    observation.lane.everySeconds(1, observation.taps::refresh);
    return observation;
  }

  private void clusterChanged(ClusterChange change) {
    boolean naming =
        switch (change) {
          case ClusterChange.Synced _ -> true;
          case ClusterChange.ObjectsChanged(_, var changed) ->
              changed.stream().anyMatch(ref -> NAMING_KINDS.contains(ref.kind()));
          case ClusterChange.EndpointsChanged _ -> false;
        };
    // While one state waits, a newer one takes its place.
    if (naming && newest.getAndSet(change.state()) == null) {
      lane.execute(() -> {
        ClusterState state = newest.getAndSet(null);
        if (state != null) {
          directory.update(state, clock.getAsLong());
        }
      });
    }
  }

  /** Where reports go. */
  public TrafficSink sink() {
    return new TrafficSink() {
      @Override
      public void report(ConnectedProxy from, TrafficReport report) {
        int weight = 1 + report.edges().size() + report.calls().size();
        if (!lane.offer(weight, () -> store.report(from, report))) {
          droppedReports.increment();
          droppedAt.set(clock.getAsLong());
        }
      }

      @Override
      public void tapped(ConnectedProxy from, ProxyMessage.Tapped tapped) {
        lane.offer(1, () -> taps.event(from, tapped));
      }

      @Override
      public void gone(ConnectedProxy proxy) {
        lane.execute(() -> store.gone(proxy));
      }
    };
  }

  /** Says which proxies can be asked for single exchanges. */
  public void connect(ProxyFleet fleet) {
    lane.execute(() -> taps.connect(fleet));
  }

  /** Says which other replicas are not heard: what their proxies report is missing. */
  public void silentReplicas(Supplier<List<String>> names) {
    silent = names;
  }

  /** Says which other replicas did not pass on all that their proxies have reported. */
  public void incompleteReplicas(Supplier<List<String>> names) {
    incomplete = names;
  }

  /** Tells of single exchanges. */
  public TapQuery taps() {
    return new TapQuery() {
      @Override
      public CompletionStage<Long> begin(TapRequest request, TapListener listener) {
        return lane.ask(() -> taps.begin(request, listener));
      }

      @Override
      public void end(long id) {
        lane.execute(() -> taps.end(id));
      }
    };
  }

  /** Answers questions about the traffic. */
  public TrafficQuery query() {
    return query;
  }

  private void bind(MeterRegistry metrics) {
    gauge(metrics, "pairs", "pairs of proxy and peer that are kept", StoreFigures::pairs);
    gauge(metrics, "calls", "kinds of requests that are kept", StoreFigures::calls);
    gauge(metrics, "proxies", "proxies heard of in the last ten minutes", StoreFigures::proxies);
    counter(metrics, "reports", "", "reports taken in", StoreFigures::reports);
    counter(metrics, "evictions", "pair", "made room for others", StoreFigures::evictedPairs);
    counter(metrics, "evictions", "call", "made room for others", StoreFigures::evictedCalls);
    String dropped = "what of reports was let fall";
    counter(metrics, "dropped", "duplicate", dropped, StoreFigures::duplicates);
    counter(metrics, "dropped", "absurd_report", dropped, StoreFigures::absurdReports);
    counter(metrics, "dropped", "absurd_entry", dropped, StoreFigures::absurdEntries);
    counter(metrics, "dropped", "queue_full", dropped, _ -> droppedReports.sum());
  }

  private void gauge(
      MeterRegistry metrics, String name, String help, ToDoubleFunction<StoreFigures> value) {
    Gauge.builder("selvage.observation." + name, store.figures(), value)
        .description(help)
        .strongReference(true)
        .register(metrics);
  }

  private void counter(
      MeterRegistry metrics,
      String name,
      String kind,
      String help,
      ToDoubleFunction<StoreFigures> value) {
    var builder =
        FunctionCounter.builder("selvage.observation." + name, store.figures(), value)
            .description(help);
    if (!kind.isEmpty()) {
      builder.tag("kind", kind);
    }
    builder.register(metrics);
  }

  /** Ends the thread of observation; reports are ignored from then on. */
  @Override
  public void close() {
    closing.run();
    lane.close();
  }
}
