// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.selvage.model.routing.EndpointSet;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.DrainSignal;
import io.selvage.proxy.listener.ServerCodecContext;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.SpeculativeTcp;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tcp.TcpProxy;
import io.selvage.proxy.upstream.Cluster;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything behind one original destination: endpoints that all protocols share, and for each
 * protocol, once it is used, a cluster with its connections. HTTP is balanced per request by
 * latency, raw connections by how many each endpoint has. Messages pass unchanged but for the
 * header edits asked for; there are no timeouts but that of connecting, and only requests that
 * certainly were not processed are tried again.
 *
 * <p>Thread-safe, event loops included. After {@link #retire} what runs goes on and nothing new is
 * to be begun.
 */
public final class Target {
  private static final int HTTP2_STREAMS = 1_000;

  private final DataPath path;
  private final TargetSpec spec;

  // Guarded by this.
  private final Map<TargetClusters.Protocol, Served> served =
      new EnumMap<>(TargetClusters.Protocol.class);
  private EndpointSet endpoints = EndpointSet.empty(TargetClusters.ENDPOINTS);
  private boolean retired;

  // The same, to be read without the lock.
  private volatile @Nullable Served http1;
  private volatile @Nullable Served http2;
  private volatile @Nullable TcpProxy tcp;

  /** One protocol in use. */
  private record Served(Cluster cluster, ExchangeFactory exchanges) {}

  Target(DataPath path, TargetSpec spec) {
    this.path = path;
    this.spec = spec;
  }

  public TargetSpec spec() {
    return spec;
  }

  /**
   * Replaces the endpoints. Those that stay keep their connections and statistics; one whose
   * identity has changed is another endpoint.
   *
   * @param set its key does not matter
   */
  public synchronized void updateEndpoints(EndpointSet set) {
    if (set.endpoints().equals(endpoints.endpoints())) {
      return;
    }
    endpoints = new EndpointSet(TargetClusters.ENDPOINTS, set.endpoints());
    for (Cluster cluster : clusters()) {
      cluster.updateEndpoints(endpoints);
    }
  }

  /** As last updated. */
  public synchronized List<EndpointSet.Endpoint> endpoints() {
    return endpoints.endpoints();
  }

  private List<Cluster> clusters() {
    var all = new ArrayList<Cluster>(3);
    served.values().forEach(one -> all.add(one.cluster));
    return all;
  }

  // ---- Serving

  /** Where the requests of connections of this version go. */
  public ExchangeFactory exchanges(HttpVersion version) {
    return http(version).exchanges;
  }

  private Served http(HttpVersion version) {
    boolean two = version == HttpVersion.HTTP_2;
    Served known = two ? http2 : http1;
    if (known == null) {
      known = begin(two ? TargetClusters.Protocol.HTTP2 : TargetClusters.Protocol.HTTP1);
    }
    return known;
  }

  private synchronized Served begin(TargetClusters.Protocol protocol) {
    Served known = served.get(protocol);
    if (known != null) {
      return known;
    }
    Cluster cluster = path.newCluster(TargetClusters.spec(spec, protocol));
    cluster.updateEndpoints(endpoints);
    Snapshot snapshot = TargetClusters.snapshot(spec, cluster);
    Served begun = new Served(cluster, path.exchanges(() -> snapshot, spec.admission()));
    served.put(protocol, begun);
    switch (protocol) {
      case HTTP1 -> http1 = begun;
      case HTTP2 -> http2 = begun;
      case TCP -> tcp = path.tcp(name -> cluster);
    }
    if (retired) {
      path.retire(cluster);
    }
    return begun;
  }

  /**
   * Puts the codec of {@code connection.version()} at the end of a pipeline: its requests come
   * here. What has been read already is to follow as {@code channelRead}.
   *
   * @param drain whether the process, or the listener, is leaving
   */
  public void serve(ChannelPipeline pipeline, ConnectionInfo connection, DrainSignal drain) {
    path.codec(connection.version())
        .install(
            pipeline,
            connection,
            new ServerCodecContext(
                exchanges(connection.version()),
                path.limits(),
                drain,
                HTTP2_STREAMS,
                () -> TargetClusters.SETTINGS,
                true));
  }

  /**
   * Carries a raw connection: see {@link TcpProxy#serve}. Bytes that have been read already are to
   * follow as {@code channelRead}.
   */
  public void tcp(Channel client, TcpClient info) {
    tcpProxy().serve(client, TargetClusters.TCP_ROUTE, info);
  }

  /** Begins to connect before it is known what is wanted: see {@link TcpProxy#speculate}. */
  public SpeculativeTcp speculate(
      Channel client, TcpClient info, SpeculativeTcp.Listener listener) {
    return tcpProxy().speculate(client, TargetClusters.TCP_ROUTE, info, listener);
  }

  private TcpProxy tcpProxy() {
    TcpProxy proxy = tcp;
    if (proxy == null) {
      var _ = begin(TargetClusters.Protocol.TCP);
      proxy = tcp;
    }
    if (proxy == null) {
      throw new IllegalStateException("a target that has begun with TCP has no proxy");
    }
    return proxy;
  }

  /** Nobody asks for this destination any more: connections are closed as soon as they are idle. */
  public synchronized void retire() {
    retired = true;
    clusters().forEach(path::retire);
  }
}
