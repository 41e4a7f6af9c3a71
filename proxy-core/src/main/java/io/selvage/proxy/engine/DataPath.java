// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.proxy.exchange.Admission;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.exchange.Exchanges;
import io.selvage.proxy.exchange.LoopState;
import io.selvage.proxy.exchange.OverloadGuard;
import io.selvage.proxy.h1.Http1ServerCodec;
import io.selvage.proxy.h1.Http1UpstreamProtocol;
import io.selvage.proxy.h2.Http2ServerCodec;
import io.selvage.proxy.h2.Http2UpstreamProtocol;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ConnectionGuard;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.DrainSignal;
import io.selvage.proxy.listener.ListenerEnvironment;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.pool.ConnectionPools;
import io.selvage.proxy.route.ClusterLookup;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.TcpProxy;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.tls.ServerContexts;
import io.selvage.proxy.tls.UpstreamTlsContexts;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What all traffic of a process runs on, whatever decides where it goes: the state of each event
 * loop with its connection pools, the codecs, TLS towards endpoints, and the guards. A {@link
 * DataPlane} serves a routing model on it, {@link Target}s serve one destination each.
 *
 * <p>Thread-safe. The event loops stay the caller's.
 */
public final class DataPath implements AutoCloseable {
  private final EventLoops eventLoops;
  private final DataPlaneOptions options;
  private final Map<EventLoop, LoopState> loops;
  private final OverloadGuard overload;
  private final ConnectionGuard connections;
  private final ServerContexts serverTls = new ServerContexts();
  private final UpstreamTlsContexts upstreamTls = UpstreamTlsContexts.create();
  private final EndpointTls endpointTls;
  private final ServerCodec http1 = Http1ServerCodec::install;
  private final ServerCodec http2 = new Http2ServerCodec();

  private DataPath(EventLoops eventLoops, DataPlaneOptions options) {
    this.eventLoops = eventLoops;
    this.options = options;
    this.endpointTls =
        new EndpointTls(upstreamTls, options.mesh().orElse(null), options.limits().handshake());
    this.loops = loopStates();
    this.overload = new OverloadGuard(options.limits().exchange().inFlight());
    this.connections = new ConnectionGuard(options.limits().connection());
  }

  /** On {@code eventLoops}, not to be called on one of them. */
  public static DataPath create(EventLoops eventLoops, DataPlaneOptions options) {
    return new DataPath(eventLoops, options);
  }

  /** Each loop's state is made on that loop: its timers belong to the thread. */
  private Map<EventLoop, LoopState> loopStates() {
    Limits limits = options.limits();
    var transport =
        new ConnectionPools.Transport(
            new Http1UpstreamProtocol(limits),
            new Http2UpstreamProtocol(limits),
            endpointTls,
            limits,
            options.exchanges());
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
      throw new IllegalStateException("not an event loop of this data path");
    }
    return state;
  }

  // ---- Serving

  /** Where requests go that are decided by {@code snapshots}, read once for each. */
  ExchangeFactory exchanges(Supplier<Snapshot> snapshots, Admission admission) {
    return new Exchanges(
        snapshots, this::loopState, options.exchanges(), overload, options.limits(), admission);
  }

  /** Where raw connections go that name their clusters. */
  TcpProxy tcp(ClusterLookup clusters) {
    return new TcpProxy(eventLoops, clusters, endpointTls, options.tcp());
  }

  /**
   * A destination that is served by itself. Made in microseconds; what it needs per protocol is
   * made when first used.
   */
  public Target target(TargetSpec spec) {
    return new Target(this, spec);
  }

  /**
   * What listeners need whose connections go to {@link Target}s, or anywhere else {@code opening}
   * decides. What a listener's specification says of routes finds nothing here.
   *
   * @param drain set when the process is leaving
   */
  public ListenerEnvironment listeners(DrainSignal drain, ConnectionOpening opening) {
    return listeners(Snapshot::empty, drain, opening);
  }

  /** What listeners need whose connections are served by {@code snapshots}. */
  ListenerEnvironment listeners(
      Supplier<Snapshot> snapshots, DrainSignal drain, ConnectionOpening opening) {
    return new ListenerEnvironment(
        eventLoops,
        http1,
        http2,
        exchanges(snapshots, Admission.EVERYBODY),
        tcp(name -> snapshots.get().clusters().get(name)),
        options.limits(),
        () -> snapshots.get().settings(),
        drain,
        serverTls,
        connections,
        options.listeners(),
        opening);
  }

  ServerCodec codec(HttpVersion version) {
    return version == HttpVersion.HTTP_2 ? http2 : http1;
  }

  // ---- Clusters

  /** A cluster without endpoints whose connections live in our pools until it is retired. */
  Cluster newCluster(ClusterSpec spec) {
    Cluster cluster = Cluster.create(spec, loops.size());
    cluster.onRemoval(this::closeConnectionsTo);
    return cluster;
  }

  private void closeConnectionsTo(Endpoint endpoint) {
    onEachLoop(state -> state.pools().onRemoved(endpoint));
  }

  /** Closes idle connections of a cluster nobody uses any more, the others when they end. */
  void retire(Cluster cluster) {
    cluster.retire(); // an exchange on an old snapshot may still make a connection
    onEachLoop(state -> state.pools().retire(cluster));
  }

  /** Drops TLS contexts that none of {@code inUse} asks for. */
  void retainTls(Iterable<UpstreamTls> inUse) {
    upstreamTls.retain(inUse);
  }

  private void onEachLoop(Consumer<LoopState> action) {
    loops.forEach((loop, state) -> loop.execute(() -> action.accept(state)));
  }

  /**
   * Asks the admission of every exchange that runs whether it may go on, and ends those that may
   * not.
   *
   * @param millis from now
   */
  public void judgeRunning(long millis) {
    loops.forEach((loop, state) -> {
      if (!loop.isShuttingDown()) {
        loop.schedule(() -> state.running().judge(), millis, TimeUnit.MILLISECONDS);
      }
    });
  }

  // ---- State and ending

  public EventLoops eventLoops() {
    return eventLoops;
  }

  public Limits limits() {
    return options.limits();
  }

  DataPlaneOptions options() {
    return options;
  }

  ServerContexts serverTls() {
    return serverTls;
  }

  ConnectionGuard connections() {
    return connections;
  }

  /** Exchanges that run. */
  public int inFlight() {
    return overload.inFlight();
  }

  /** From now on no upstream connection is kept once it is idle. */
  public void drain() {
    onEachLoop(state -> state.pools().drain());
  }

  /** Closes every upstream connection. */
  @Override
  public void close() {
    onEachLoop(state -> state.pools().close());
    upstreamTls.close();
  }
}
