// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.netty.util.NetUtil;
import io.selvage.gateway.translate.EndpointKey;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.EndpointSource;
import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.upstream.Endpoint;
import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Under what the gateway's traffic is counted: one edge for each endpoint, Service and route. What
 * never got as far as an endpoint is no edge.
 */
public final class GatewayEdges {
  /** Endpoints come and go; their parsed addresses are kept up to this many. */
  private static final int MAX_PEERS = 10_000;

  private final PodDirectory pods;
  private final Supplier<Snapshot> snapshots;
  private final BooleanSupplier connected;
  private final Map<String, Peer> peers = new ConcurrentHashMap<>();

  private record Peer(InetAddress address, String text, int port) {}

  /**
   * @param snapshots what is served now: which Service is behind a cluster
   * @param connected whether the control plane is there
   */
  public GatewayEdges(PodDirectory pods, Supplier<Snapshot> snapshots, BooleanSupplier connected) {
    this.pods = pods;
    this.connected = connected;
    this.snapshots = snapshots;
  }

  /** The edge of an exchange; null if it reached no endpoint. */
  public @Nullable EdgeKey of(ExchangeReport report) {
    if (report.endpoint == null || report.route == null) {
      return null;
    }
    String cluster = null;
    if (report.target < report.route.targets().size()
        && report.route.targets().get(report.target).action()
            instanceof RouteAction.Forward forward) {
      cluster = forward.cluster();
    }
    return edge(
        report.endpoint,
        report.upstreamIdentity,
        report.upstreamConnected,
        report.outcome,
        cluster,
        report.route.name());
  }

  /** The edge of a connection that carries exchanges, of whatever route. */
  @Nullable EdgeKey of(Endpoint endpoint) {
    return edge(
        endpoint.toString(),
        endpoint.spec().identity(),
        true,
        Outcome.OK,
        endpoint.cluster().spec().name(),
        "");
  }

  /** Counts a raw connection that has ended. */
  public void record(TcpReport report, TrafficRecorder recorder) {
    if (report.endpoint() == null || report.route().backends().isEmpty()) {
      return;
    }
    EdgeKey key =
        edge(
            report.endpoint(),
            report.endpointIdentity(),
            report.connected(),
            report.outcome(),
            report.route().backends().getFirst().cluster(),
            report.route().name());
    if (key != null) {
      TrafficRecorder.Flow flow = recorder.open(key);
      flow.transferred(report.bytesToClient(), report.bytesFromClient());
      flow.close();
    }
  }

  /**
   * @param identity that the endpoint had to prove when it was spoken to, whatever the directory
   *     says by now; empty = it was spoken to in plaintext
   * @param connected whether it was spoken to, and so has proved it
   * @param outcome why not, if it was not
   */
  private @Nullable EdgeKey edge(
      String endpoint,
      String identity,
      boolean connected,
      Outcome outcome,
      @Nullable String cluster,
      String route) {
    Peer peer = peer(endpoint);
    if (peer == null) {
      return null;
    }
    Security security;
    if (identity.isEmpty()) {
      security = whyPlain(peer.address);
    } else if (connected) {
      security = Security.SECURED;
    } else {
      security =
          outcome == Outcome.UPSTREAM_TLS ? Security.HANDSHAKE_FAILED : Security.NOT_CONNECTED;
    }
    return new EdgeKey(
        Direction.OUTBOUND,
        peer.address,
        peer.port,
        connected ? identity : "",
        service(cluster),
        route,
        security,
        false);
  }

  private Security whyPlain(InetAddress address) {
    if (pods.isMeshed(address)) {
      return Security.PORT_SKIPPED;
    }
    if (pods.isAnswered(address)) {
      return Security.NOT_MESHED;
    }
    return connected.getAsBoolean() ? Security.OUTSIDE : Security.UNANSWERED;
  }

  private String service(@Nullable String cluster) {
    ClusterSpec spec = cluster == null ? null : snapshots.get().model().clusters().get(cluster);
    if (spec == null || !(spec.endpoints() instanceof EndpointSource.Set(String key))) {
      return "";
    }
    EndpointKey parsed = EndpointKey.parse(key);
    return new ServiceRef(parsed.namespace(), parsed.service(), parsed.port()).label();
  }

  private @Nullable Peer peer(String endpoint) {
    Peer known = peers.get(endpoint);
    if (known != null) {
      return known;
    }
    int colon = endpoint.lastIndexOf(':');
    if (colon < 1) {
      return null;
    }
    String host = endpoint.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    InetAddress address = NetUtil.createInetAddressFromIpAddressString(host);
    if (address == null) {
      return null;
    }
    if (peers.size() >= MAX_PEERS) {
      peers.clear();
    }
    var peer = new Peer(address, host, Integer.parseInt(endpoint.substring(colon + 1)));
    peers.put(endpoint, peer);
    return peer;
  }
}
