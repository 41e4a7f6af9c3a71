// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.mesh.traffic.ConnectionFlows;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tcp.TcpFlow;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells the traffic recorder what goes through the sidecar: on the inbound side requests and
 * connections by client, on the outbound side by endpoint. Called on event loops.
 */
public final class SidecarTraffic implements TcpObserver {
  /** Label of the targets of the inbound side: their connections are the pod's own. */
  public static final String INBOUND_LABEL = "inbound";

  /** How often the bytes of open raw connections are told. */
  private static final long PROGRESS_MILLIS = 1_000;

  private final TrafficRecorder recorder;
  private final Set<InetAddress> podIps;
  private final ConnectionFlows http;

  private final FastThreadLocal<Map<TcpClient, Tracked>> raw =
      new FastThreadLocal<>() {
        @Override
        protected Map<TcpClient, Tracked> initialValue() {
          return new IdentityHashMap<>();
        }
      };

  /**
   * @param podIps the pod's addresses: what comes from them, or goes to them, is the pod itself
   */
  public SidecarTraffic(TrafficRecorder recorder, Set<InetAddress> podIps) {
    this.recorder = recorder;
    this.podIps = Set.copyOf(podIps);
    this.http = new ConnectionFlows(recorder);
  }

  /** Begins to tell the bytes of open connections regularly. */
  public void start(EventLoops loops) {
    http.start(loops);
    for (EventExecutor loop : loops.workers()) {
      loop.scheduleAtFixedRate(
          () -> raw.get().values().forEach(Tracked::progress),
          PROGRESS_MILLIS,
          PROGRESS_MILLIS,
          TimeUnit.MILLISECONDS);
    }
  }

  // ---- HTTP

  /** What the data path is to tell of exchanges. */
  public ExchangeObserver exchanges() {
    ExchangeObserver requests = recorder.exchanges(this::edge);
    return new ExchangeObserver() {
      @Override
      public void onRouted(ExchangeReport report) {
        requests.onRouted(report);
      }

      @Override
      public void onUpstreamOpened(Endpoint endpoint, ByteCount bytes) {
        if (!endpoint.cluster().spec().statsName().equals(INBOUND_LABEL)) {
          http.opened(bytes, outbound(Way.OUTBOUND, endpoint));
        }
      }

      @Override
      public void onUpstreamClosed(Endpoint endpoint, ByteCount bytes) {
        http.closed(bytes);
      }

      @Override
      public void onEnd(ExchangeReport report) {
        requests.onEnd(report);
      }
    };
  }

  private @Nullable EdgeKey edge(ExchangeReport report) {
    ConnectionInfo connection = report.connection;
    Way way = connection == null ? null : Way.of(connection.listener());
    if (connection == null || way == null) {
      return null;
    }
    if (way.isInbound()) {
      return inbound(
          way,
          connection.peer(),
          connection.local(),
          connection.peerIdentity(),
          report.outcome == Outcome.DENIED);
    }
    InetSocketAddress endpoint = report.upstreamAddress;
    InetSocketAddress peer = endpoint == null ? connection.local() : endpoint;
    String service = report.clusterStatsName;
    boolean unproved = !report.upstreamIdentity.isEmpty() && !report.upstreamConnected;
    return new EdgeKey(
        Direction.OUTBOUND,
        peer.getAddress(),
        peer.getPort(),
        unproved ? "" : report.upstreamIdentity,
        service == null ? "" : service,
        "",
        unproved
            ? unproved(report.outcome)
            : outboundSecurity(way, peer.getAddress(), report.upstreamIdentity),
        false);
  }

  /** An endpoint of the mesh was not spoken to: why not. */
  private static Security unproved(Outcome outcome) {
    return outcome == Outcome.UPSTREAM_TLS ? Security.HANDSHAKE_FAILED : Security.NOT_CONNECTED;
  }

  /**
   * A client's connection with HTTP on it has been accepted: counted until it closes. What counts
   * its bytes is added to the pipeline, the codec is to follow.
   */
  public void opened(Channel channel, ConnectionInfo connection) {
    var bytes = new ByteCount();
    channel.pipeline().addLast("bytes", bytes);
    http.opened(
        bytes,
        inbound(
            Way.INBOUND, connection.peer(), connection.local(), connection.peerIdentity(), false));
    channel.closeFuture().addListener(closed -> http.closed(bytes));
  }

  // ---- Raw

  @Override
  public void onConnected(TcpFlow flow) {
    TcpClient client = flow.client();
    Way way = Way.of(client.listener());
    if (way == null) {
      return;
    }
    EdgeKey key =
        way.isInbound()
            ? inbound(way, client.peer(), client.local(), client.peerIdentity(), false)
            : outbound(way, flow.endpoint());
    raw.get().put(client, new Tracked(flow, recorder.open(key), way.isInbound()));
  }

  @Override
  public void onEnd(TcpReport report) {
    Tracked tracked = raw.get().remove(report.client());
    if (tracked != null) {
      tracked.end(report);
    } else {
      notConnected(report);
    }
  }

  /** An endpoint of the mesh that was not reached, or proved nothing, is an edge with a reason. */
  private void notConnected(TcpReport report) {
    Way way = Way.of(report.client().listener());
    InetSocketAddress endpoint = report.endpointAddress();
    String service = report.clusterStatsName();
    if (way == null
        || way.isInbound()
        || report.connected()
        || endpoint == null
        || report.endpointIdentity().isEmpty()) {
      return;
    }
    recorder
        .open(
            new EdgeKey(
                Direction.OUTBOUND,
                endpoint.getAddress(),
                endpoint.getPort(),
                "",
                service == null ? "" : service,
                "",
                unproved(report.outcome()),
                false))
        .close();
  }

  /** Policy has refused a connection. */
  public void denied(
      Way way, InetSocketAddress client, InetSocketAddress destination, String identity) {
    recorder.open(inbound(way, client, destination, identity, true)).close();
  }

  // ---- Keys

  private EdgeKey inbound(
      Way way,
      InetSocketAddress client,
      InetSocketAddress destination,
      String identity,
      boolean denied) {
    Security security;
    if (!identity.isEmpty()) {
      security = Security.SECURED;
    } else if (podIps.contains(client.getAddress())) {
      security = Security.LOOPBACK;
    } else {
      security = way == Way.INBOUND_TLS ? Security.PASSED_THROUGH : Security.NO_TLS_FROM_REMOTE;
    }
    return new EdgeKey(
        Direction.INBOUND,
        client.getAddress(),
        destination.getPort(),
        identity,
        "",
        "",
        security,
        denied);
  }

  private EdgeKey outbound(Way way, Endpoint endpoint) {
    InetSocketAddress address = endpoint.socketAddress();
    String identity = endpoint.spec().identity();
    return new EdgeKey(
        Direction.OUTBOUND,
        address.getAddress(),
        address.getPort(),
        identity,
        endpoint.cluster().spec().statsName(),
        "",
        outboundSecurity(way, address.getAddress(), identity),
        false);
  }

  private Security outboundSecurity(Way way, InetAddress peer, String identity) {
    if (!identity.isEmpty()) {
      return Security.SECURED;
    }
    if (podIps.contains(peer)) {
      return Security.LOOPBACK;
    }
    return switch (way) {
      case OUTBOUND_FORWARD -> Security.OUTSIDE;
      case OUTBOUND_UNANSWERED -> Security.UNANSWERED;
      case OUTBOUND, INBOUND, INBOUND_TLS -> Security.NOT_MESHED;
    };
  }

  /** A raw connection and what has been told of it. */
  private static final class Tracked {
    private final TcpFlow flow;
    private final TrafficRecorder.Flow recorded;
    private final boolean inbound;
    private long fromClient;
    private long toClient;

    Tracked(TcpFlow flow, TrafficRecorder.Flow recorded, boolean inbound) {
      this.flow = flow;
      this.recorded = recorded;
      this.inbound = inbound;
    }

    void progress() {
      tell(flow.bytesFromClient(), flow.bytesToClient());
    }

    void end(TcpReport report) {
      tell(report.bytesFromClient(), report.bytesToClient());
      recorded.close();
    }

    /** The client's side is the peer's inbound; outbound the endpoint's is. */
    private void tell(long nowFrom, long nowTo) {
      long from = nowFrom - fromClient;
      long to = nowTo - toClient;
      if (from > 0 || to > 0) {
        recorded.transferred(inbound ? from : to, inbound ? to : from);
        fromClient = nowFrom;
        toClient = nowTo;
      }
    }
  }
}
