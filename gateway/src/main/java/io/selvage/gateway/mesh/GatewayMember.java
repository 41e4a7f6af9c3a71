// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.selvage.gateway.app.TrafficPlane;
import io.selvage.mesh.MeshMember;
import io.selvage.mesh.MeshOptions;
import io.selvage.mesh.traffic.ConnectionFlows;
import io.selvage.mesh.traffic.MetricsText;
import io.selvage.proxy.admin.AdminServer;
import io.selvage.proxy.admin.Readiness;
import io.selvage.proxy.engine.DataPlaneOptions;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.telemetry.ExchangeObservers;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What makes a gateway a workload of the mesh, and where each part of it is fitted in. */
public final class GatewayMember implements AutoCloseable {
  /** Readiness condition: there is a certificate that does not end soon. */
  static final String IDENTITY = "identity";

  /** Readiness condition: it is known which pods are meshed. */
  static final String DIRECTORY = "mesh";

  private static final String METRICS = "/metrics";

  private final MeshTls tls;
  private final MeshMember member;
  private final GatewayEdges edges;
  private final ConnectionFlows flows;
  private final ScheduledExecutorService executor;
  private volatile @Nullable MeshedTraffic traffic;

  private GatewayMember(
      MeshTls tls,
      MeshMember member,
      GatewayEdges edges,
      ConnectionFlows flows,
      ScheduledExecutorService executor) {
    this.tls = tls;
    this.member = member;
    this.edges = edges;
    this.flows = flows;
    this.executor = executor;
  }

  /**
   * Joins the mesh; returns at once.
   *
   * @param snapshots what is served now
   */
  public static GatewayMember start(
      MeshOptions options, EventLoops loops, Supplier<Snapshot> snapshots) {
    var tls = new MeshTls();
    MeshMember member = MeshMember.start(options, loops, tls);
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("selvage-mesh-endpoints").daemon().factory());
    var flows = new ConnectionFlows(member.traffic());
    flows.start(loops);
    return new GatewayMember(
        tls,
        member,
        new GatewayEdges(member.pods(), snapshots, member::isConnected),
        flows,
        executor);
  }

  /** The data path's options with the mesh's part added. */
  public DataPlaneOptions join(DataPlaneOptions options) {
    var exchanges = new GatewayExchanges(edges, member.traffic(), flows);
    TcpObserver tcp = options.tcp();
    return options
        .withMesh(tls)
        .withExchanges(new ExchangeObservers(List.of(options.exchanges(), exchanges)))
        .withTcp(report -> {
          tcp.onEnd(report);
          edges.record(report, member.traffic());
        });
  }

  /** The data path, told who each endpoint is. */
  public TrafficPlane join(TrafficPlane dataPath) {
    var meshed =
        new MeshedTraffic(
            dataPath, member.pods(), member::isConnected, MeshedTraffic.Pace.of(executor));
    traffic = meshed;
    return meshed;
  }

  /** Adds the conditions of a member. */
  public void join(Readiness readiness) {
    readiness.check(IDENTITY, member::missing);
    readiness.check(
        DIRECTORY,
        () ->
            member.pods().isKnown()
                ? Optional.empty()
                : Optional.of("the control plane has not said yet which pods are meshed"));
  }

  /** Adds the member's metrics to those of the gateway. */
  public void join(Map<String, AdminServer.Page> pages) {
    AdminServer.@Nullable Page own = pages.get(METRICS);
    if (own != null) {
      pages.put(
          METRICS,
          new AdminServer.Page(
              own.contentType(), query -> own.content().render(query) + member.metrics() + held()));
    }
  }

  private String held() {
    MeshedTraffic current = traffic;
    var text = new MetricsText();
    text.family(
        "selvage_gateway_endpoints_held",
        "gauge",
        "Endpoints nothing is sent to because it is not known whether they are meshed.");
    text.sample("", current == null ? 0L : (long) current.held());
    return text.toString();
  }

  @Override
  public void close() {
    member.close();
    executor.shutdownNow();
    tls.close();
  }
}
