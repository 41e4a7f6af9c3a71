// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.Problem;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.ListenerSet;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.transport.VertxLoops;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.ClusterUpkeep;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data path of one process. {@link #apply} makes a model the one that is served, without losing
 * a request; {@link #updateEndpoints} is the fast lane for endpoints and recompiles nothing.
 *
 * <p>Thread-safe; one change at a time. Not to be called on event loops, which these methods wait
 * for.
 */
public final class DataPlane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DataPlane.class);

  /** Opening sockets takes milliseconds; beyond this something is broken. */
  private static final Duration BIND_PATIENCE = Duration.ofSeconds(10);

  /** How often the age of the session ticket keys is looked at; they live for hours. */
  private static final Duration TICKET_KEY_LOOK = Duration.ofMinutes(10);

  private final Vertx vertx;
  private final SnapshotRef snapshots = new SnapshotRef();
  private final DataPath path;
  private final long ticketTimer;
  private final ListenerSet listeners;
  private final ClusterUpkeep upkeep;

  // Guarded by this.
  private final Map<String, EndpointSet> endpointSets = new HashMap<>();
  private Map<String, List<Cluster>> clustersBySet = Map.of();

  private volatile boolean draining;

  private DataPlane(Vertx vertx, DataPlaneOptions options) {
    this.vertx = vertx;
    this.path = DataPath.create(VertxLoops.of(vertx), options);
    this.upkeep = new ClusterUpkeep(vertx);
    this.listeners =
        new ListenerSet(path.listeners(snapshots, () -> draining, ConnectionOpening.GATEWAY));
    // Off the loops: a lock is taken that is held while certificates are parsed.
    this.ticketTimer =
        vertx.setPeriodic(
            TICKET_KEY_LOOK.toMillis(),
            id ->
                Thread.ofVirtual()
                    .name("selvage-tickets")
                    .start(path.serverTls()::rotateTicketKeys));
  }

  /** A data plane on the event loops of {@code vertx}, serving nothing yet. */
  public static DataPlane create(Vertx vertx, DataPlaneOptions options) {
    return new DataPlane(vertx, options);
  }

  // ---- Configuration

  /**
   * Serves {@code model} from now on: the next request on any connection sees it whole. Never
   * throws for what a user can get wrong.
   *
   * <p>Order: clusters and routes are compiled, published with one volatile write, then sockets are
   * opened and closed, then what no snapshot names any more is retired; running exchanges keep
   * theirs.
   */
  public synchronized ApplyReport apply(RoutingModel model) {
    Snapshot previous = snapshots.get();
    boolean changed = previous.version() == 0 || !model.equals(previous.model());
    if (!changed) {
      return report(previous, false, problemsOf(previous));
    }
    SnapshotCompiler.Compiled compiled =
        SnapshotCompiler.compile(model, previous, this::newCluster);
    index(compiled.snapshot().clusters());
    snapshots.publish(compiled.snapshot());
    var problems = new ArrayList<>(compiled.problems());
    problems.addAll(openListeners(model));
    retireUnused(previous, compiled.snapshot());
    return report(compiled.snapshot(), true, problems);
  }

  private List<Problem> problemsOf(Snapshot snapshot) {
    var problems = new ArrayList<Problem>();
    snapshot.routeTables().values().forEach(table -> problems.addAll(table.problems()));
    problems.addAll(listeners.bindProblems());
    problems.addAll(listeners.certificateProblems());
    return problems;
  }

  private ApplyReport report(Snapshot snapshot, boolean changed, List<Problem> problems) {
    return new ApplyReport(snapshot.version(), changed, problems, listeners.ports());
  }

  private List<Problem> openListeners(RoutingModel model) {
    try {
      return listeners
          .apply(model.listeners())
          .toCompletionStage()
          .toCompletableFuture()
          .get(BIND_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return listeners.bindProblems();
    } catch (ExecutionException | TimeoutException e) {
      log.atError().setCause(e).log("the listeners did not answer; they are tried again");
      return listeners.bindProblems();
    }
  }

  /**
   * The endpoints of one set have changed. Known sets are kept for clusters that come later.
   *
   * @param set replaces the one of the same key
   */
  public synchronized void updateEndpoints(EndpointSet set) {
    EndpointSet old = endpointSets.put(set.key(), set);
    if (set.equals(old)) {
      return;
    }
    for (Cluster cluster : clustersBySet.getOrDefault(set.key(), List.of())) {
      cluster.updateEndpoints(set);
    }
  }

  /** Forgets sets that nobody delivers any more; clusters that use them have no endpoint then. */
  public synchronized void retainEndpointSets(Set<String> keys) {
    for (String key : List.copyOf(endpointSets.keySet())) {
      if (!keys.contains(key)) {
        updateEndpoints(EndpointSet.empty(key));
        endpointSets.remove(key);
      }
    }
  }

  private Cluster newCluster(ClusterSpec spec) {
    Cluster cluster = path.newCluster(spec);
    switch (spec.endpoints()) {
      case ClusterSpec.EndpointSource.Set(String key) -> {
        EndpointSet known = endpointSets.get(key);
        if (known != null) {
          cluster.updateEndpoints(known);
        }
      }
      case ClusterSpec.EndpointSource.Dns name -> {
        // Resolved by the cluster's upkeep.
      }
    }
    upkeep.start(cluster);
    return cluster;
  }

  private void index(SortedMap<String, Cluster> clusters) {
    Map<String, List<Cluster>> bySet = new HashMap<>();
    for (Cluster cluster : clusters.values()) {
      if (cluster.spec().endpoints() instanceof ClusterSpec.EndpointSource.Set(String key)) {
        bySet.computeIfAbsent(key, k -> new ArrayList<>(1)).add(cluster);
      }
    }
    clustersBySet = bySet;
  }

  private void retireUnused(Snapshot previous, Snapshot now) {
    for (Cluster cluster : previous.clusters().values()) {
      if (now.clusters().get(cluster.spec().name()) != cluster) {
        upkeep.stop(cluster);
        path.retire(cluster);
      }
    }
    var tls = new ArrayList<UpstreamTls>();
    now.clusters().values().forEach(cluster -> cluster.spec().tls().ifPresent(tls::add));
    path.retainTls(tls);
  }

  // ---- State

  /** What is served at this moment. */
  public Snapshot current() {
    return snapshots.get();
  }

  /** Open ports by listener name. */
  public SortedMap<String, Integer> ports() {
    return listeners.ports();
  }

  /** Exchanges that run. */
  public int inFlight() {
    return path.inFlight();
  }

  /** Client connections that are open. */
  public int openConnections() {
    return listeners.openConnections();
  }

  public boolean isDraining() {
    return draining;
  }

  // ---- Ending

  /**
   * Leaves without losing a request. For {@code lameDuck} everything goes on as before, so that
   * those who send us traffic can notice that we are no longer ready. Then no connection is
   * accepted any more, idle ones are closed, and each running exchange is the last of its
   * connection.
   *
   * @param deadline how long running exchanges may take after the lame-duck time; what still runs
   *     then is cut
   * @return completes when everything has ended: true if nothing had to be cut
   */
  public Future<Boolean> drain(Duration lameDuck, Duration deadline) {
    Future<Void> waited =
        lameDuck.isZero()
            ? Future.succeededFuture()
            : vertx.timer(lameDuck.toMillis(), TimeUnit.MILLISECONDS).mapEmpty();
    return waited
        .compose(v -> {
          draining = true;
          return listeners.stopAccepting().otherwiseEmpty();
        })
        .compose(v -> {
          listeners.drainConnections();
          path.drain();
          return new DrainWatch(vertx, this, deadline).start();
        })
        .compose(whole -> closeAll().map(whole));
  }

  private Future<Void> closeAll() {
    draining = true;
    vertx.cancelTimer(ticketTimer);
    upkeep.close();
    return listeners.close().otherwiseEmpty().onComplete(v -> path.close());
  }

  /** Closes every socket at once and waits for it. The Vert.x instance stays the caller's. */
  @Override
  public void close() {
    try {
      closeAll()
          .toCompletionStage()
          .toCompletableFuture()
          .get(BIND_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.atWarn().setCause(e).log("closing the listeners failed");
    }
  }
}
