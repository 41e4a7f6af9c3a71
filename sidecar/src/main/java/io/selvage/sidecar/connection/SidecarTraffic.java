// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tcp.TcpFlow;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
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

  private final FastThreadLocal<Map<TcpClient, Tracked>> raw =
      new FastThreadLocal<>() {
        @Override
        protected Map<TcpClient, Tracked> initialValue() {
          return new IdentityHashMap<>();
        }
      };

  private final FastThreadLocal<Map<Endpoint, OpenFlows>> pooled =
      new FastThreadLocal<>() {
        @Override
        protected Map<Endpoint, OpenFlows> initialValue() {
          return new IdentityHashMap<>();
        }
      };

  /**
   * @param podIps the pod's addresses: what comes from them, or goes to them, is the pod itself
   */
  public SidecarTraffic(TrafficRecorder recorder, Set<InetAddress> podIps) {
    this.recorder = recorder;
    this.podIps = Set.copyOf(podIps);
  }

  /** Begins to tell the bytes of open connections regularly. */
  public void start(EventLoops loops) {
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
      public void onUpstreamOpened(Endpoint endpoint) {
        if (!endpoint.cluster().spec().statsName().equals(INBOUND_LABEL)) {
          pooled
              .get()
              .computeIfAbsent(endpoint, e -> new OpenFlows())
              .open(recorder.open(outbound(Way.OUTBOUND, endpoint)));
        }
      }

      @Override
      public void onUpstreamClosed(Endpoint endpoint) {
        OpenFlows open = pooled.get().get(endpoint);
        if (open != null && open.close()) {
          pooled.get().remove(endpoint);
        }
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
    return new EdgeKey(
        Direction.OUTBOUND,
        peer.getAddress(),
        peer.getPort(),
        report.upstreamIdentity,
        service == null ? "" : service,
        "",
        outboundSecurity(way, peer.getAddress(), report.upstreamIdentity),
        false);
  }

  /** A client's connection with HTTP on it has been accepted: counted until it closes. */
  public void opened(Channel channel, ConnectionInfo connection) {
    TrafficRecorder.Flow flow =
        recorder.open(
            inbound(
                Way.INBOUND,
                connection.peer(),
                connection.local(),
                connection.peerIdentity(),
                false));
    channel.closeFuture().addListener(closed -> flow.close());
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
    }
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

  /** Connections to one endpoint that are open on this loop. */
  private static final class OpenFlows {
    private final ArrayDeque<TrafficRecorder.Flow> flows = new ArrayDeque<>(1);

    void open(TrafficRecorder.Flow flow) {
      flows.add(flow);
    }

    /** Returns true when none is left. */
    boolean close() {
      TrafficRecorder.Flow flow = flows.poll();
      if (flow != null) {
        flow.close();
      }
      return flows.isEmpty();
    }
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
