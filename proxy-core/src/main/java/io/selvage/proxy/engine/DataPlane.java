// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.selvage.model.Problem;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.exchange.Exchanges;
import io.selvage.proxy.exchange.LoopState;
import io.selvage.proxy.exchange.OverloadGuard;
import io.selvage.proxy.h1.Http1ServerCodec;
import io.selvage.proxy.h1.Http1UpstreamProtocol;
import io.selvage.proxy.h2.Http2ServerCodec;
import io.selvage.proxy.h2.Http2UpstreamProtocol;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ConnectionGuard;
import io.selvage.proxy.listener.ListenerEnvironment;
import io.selvage.proxy.listener.ListenerSet;
import io.selvage.proxy.pool.ConnectionPools;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.TcpProxy;
import io.selvage.proxy.tls.ServerContexts;
import io.selvage.proxy.tls.UpstreamTlsContexts;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.ClusterUpkeep;
import io.selvage.proxy.upstream.Endpoint;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
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
  private final Limits limits;
  private final SnapshotRef snapshots = new SnapshotRef();
  private final Map<EventLoop, LoopState> loops;
  private final OverloadGuard overload;
  private final ConnectionGuard connections;
  private final ServerContexts serverTls = new ServerContexts();
  private final long ticketTimer;
  private final UpstreamTlsContexts upstreamTls = UpstreamTlsContexts.create();
  private final ListenerSet listeners;
  private final ClusterUpkeep upkeep;

  // Guarded by this.
  private final Map<String, EndpointSet> endpointSets = new HashMap<>();
  private Map<String, List<Cluster>> clustersBySet = Map.of();

  private volatile boolean draining;

  private DataPlane(Vertx vertx, DataPlaneOptions options) {
    this.vertx = vertx;
    this.limits = options.limits();
    EventLoops eventLoops = EventLoops.of(vertx);
    this.loops = loopStates(eventLoops);
    this.overload = new OverloadGuard(limits.exchange().inFlight());
    this.connections = new ConnectionGuard(limits.connection());
    this.upkeep = new ClusterUpkeep(vertx);
    var exchanges =
        new Exchanges(snapshots, this::loopState, options.exchanges(), overload, limits);
    var tcp =
        new TcpProxy(
            eventLoops, name -> snapshots.get().clusters().get(name), upstreamTls, options.tcp());
    this.listeners =
        new ListenerSet(
            new ListenerEnvironment(
                eventLoops,
                Http1ServerCodec::install,
                new Http2ServerCodec(),
                exchanges,
                tcp,
                limits,
                () -> snapshots.get().settings(),
                () -> draining,
                serverTls,
                connections,
                options.listeners()));
    // Off the loops: a lock is taken that is held while certificates are parsed.
    this.ticketTimer =
        vertx.setPeriodic(
            TICKET_KEY_LOOK.toMillis(),
            id -> Thread.ofVirtual().name("selvage-tickets").start(serverTls::rotateTicketKeys));
  }

  /** A data plane on the event loops of {@code vertx}, serving nothing yet. */
  public static DataPlane create(Vertx vertx, DataPlaneOptions options) {
    return new DataPlane(vertx, options);
  }

  /** Each loop's state is made on that loop: its timers belong to the thread. */
  private Map<EventLoop, LoopState> loopStates(EventLoops eventLoops) {
    var transport =
        new ConnectionPools.Transport(
            new Http1UpstreamProtocol(limits),
            new Http2UpstreamProtocol(limits),
            upstreamTls,
            limits);
    Map<EventLoop, LoopState> states = new IdentityHashMap<>();
    int index = 0;
    for (EventExecutor executor : eventLoops.workers()) {
      EventLoop loop = (EventLoop) executor;
      int number = index++;
      states.put(
          loop,
          loop.submit(() -> new LoopState(number, new ConnectionPools(loop, transport)))
              .syncUninterruptibly()
              .getNow());
    }
    return states;
  }

  private LoopState loopState(EventLoop loop) {
    LoopState state = loops.get(loop);
    if (state == null) {
      throw new IllegalStateException("not an event loop of this data plane");
    }
    return state;
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
    Cluster cluster = Cluster.create(spec, loops.size());
    cluster.onRemoval(this::closeConnectionsTo);
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

  private void closeConnectionsTo(Endpoint endpoint) {
    onEachLoop(state -> state.pools().onRemoved(endpoint));
  }

  private void retireUnused(Snapshot previous, Snapshot now) {
    for (Cluster cluster : previous.clusters().values()) {
      if (now.clusters().get(cluster.spec().name()) != cluster) {
        upkeep.stop(cluster);
        onEachLoop(state -> state.pools().retire(cluster));
      }
    }
    var tls = new ArrayList<UpstreamTls>();
    now.clusters().values().forEach(cluster -> cluster.spec().tls().ifPresent(tls::add));
    upstreamTls.retain(tls);
  }

  private void onEachLoop(Consumer<LoopState> action) {
    loops.forEach((loop, state) -> loop.execute(() -> action.accept(state)));
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
    return overload.inFlight();
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
          onEachLoop(state -> state.pools().drain());
          return new DrainWatch(vertx, this, deadline).start();
        })
        .compose(whole -> closeAll().map(whole));
  }

  private Future<Void> closeAll() {
    draining = true;
    vertx.cancelTimer(ticketTimer);
    upkeep.close();
    return listeners
        .close()
        .otherwiseEmpty()
        .onComplete(v -> {
          onEachLoop(state -> state.pools().close());
          upstreamTls.close();
        });
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
