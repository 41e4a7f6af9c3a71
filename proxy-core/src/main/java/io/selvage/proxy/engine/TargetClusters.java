// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.Affinity;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.Breakers;
import io.selvage.model.routing.ClusterSpec.FailureAccrualSpec;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.ClusterSpec.TcpKeepalive;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.Timeouts;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.snapshot.ServedListener;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.upstream.Cluster;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The specifications a {@link Target} is made of. */
final class TargetClusters {
  /** What is spoken to the endpoints. */
  enum Protocol {
    HTTP1,
    HTTP2,
    TCP
  }

  /** Key of the endpoints of every target. */
  static final String ENDPOINTS = "target";

  private static final String CLUSTER = "target";
  private static final ObjectRef ORIGIN = new ObjectRef("Mesh", "", "target");

  /** An idle connection to an endpoint is kept this long. */
  private static final long IDLE_MILLIS = 30_000;

  /** Limits are the application's business, not that of the proxy beside it. */
  private static final Breakers UNLIMITED =
      new Breakers(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

  private static final TcpKeepalive KEEPALIVE = new TcpKeepalive(10, 10, 3);

  /** Fields with an underscore pass, HTTP/1.0 is served, idle clients are not sent away. */
  static final Settings SETTINGS =
      new Settings(
          "",
          false,
          false,
          false,
          true,
          Settings.Underscores.ALLOW,
          true,
          96 * 1024,
          0,
          Optional.empty(),
          Optional.empty());

  static final TcpRoute TCP_ROUTE =
      new TcpRoute(
          "tcp",
          ORIGIN,
          List.of(),
          TcpRoute.Tls.PASSTHROUGH,
          List.of(new TcpRoute.Backend(CLUSTER, 1)),
          0);

  private TargetClusters() {}

  static ClusterSpec spec(TargetSpec target, Protocol protocol) {
    return new ClusterSpec(
        CLUSTER,
        target.label(),
        new ClusterSpec.EndpointSource.Set(ENDPOINTS),
        switch (protocol) {
          case HTTP1 -> ClusterSpec.Protocol.HTTP1;
          case HTTP2 -> ClusterSpec.Protocol.HTTP2;
          case TCP -> ClusterSpec.Protocol.TCP;
        },
        Optional.empty(),
        protocol == Protocol.TCP ? LoadBalancerPolicy.LEAST_REQUEST : LoadBalancerPolicy.PEAK_EWMA,
        target.connectTimeoutMillis(),
        IDLE_MILLIS,
        0,
        UNLIMITED,
        UNLIMITED,
        target.accrual() ? Optional.of(FailureAccrualSpec.DEFAULT) : Optional.empty(),
        Optional.empty(),
        Optional.of(KEEPALIVE));
  }

  /** One listener, one route: everything to {@code cluster}. */
  static Snapshot snapshot(TargetSpec target, Cluster cluster) {
    var action =
        new RouteAction.Forward(
            CLUSTER,
            new PathRewrite.Keep(),
            new HostRewrite.Keep(),
            target.requestHeaders(),
            HeaderEdits.NONE,
            new Timeouts(0, 0),
            Optional.empty(),
            new Affinity.None(),
            Set.of(),
            List.of(),
            Optional.empty(),
            RouteAction.Priority.DEFAULT,
            0,
            List.of());
    var route =
        new RouteSpec(
            "default",
            ORIGIN,
            "",
            RouteMatch.path(new PathMatch.Prefix("", true)),
            List.of(new RouteSpec.Target(ORIGIN, 100, action)));
    var host =
        new VirtualHostSpec(
            HostPattern.any(),
            Optional.empty(),
            VirtualHostSpec.InsecureAction.ROUTE,
            0,
            List.of(route));
    RouteTable table =
        RouteTable.compile(new RouteTableSpec("target", List.of(host)), name -> cluster, null);
    SortedMap<String, Cluster> clusters = new TreeMap<>();
    clusters.put(CLUSTER, cluster);
    var model =
        new RoutingModel(
            List.of(),
            new TreeMap<>(),
            new TreeMap<>(java.util.Map.of(CLUSTER, cluster.spec())),
            SETTINGS);
    return Snapshot.transparent(model, new ServedListener(LISTENER, table), clusters);
  }

  private static final ListenerSpec LISTENER =
      new ListenerSpec(
          "target",
          Optional.empty(),
          "0.0.0.0",
          0,
          false,
          ListenerSpec.TlsMode.OFF,
          true,
          ListenerSpec.SecurityModel.SECURE,
          0,
          "target",
          List.of(),
          List.of(),
          1_000,
          "target");
}
