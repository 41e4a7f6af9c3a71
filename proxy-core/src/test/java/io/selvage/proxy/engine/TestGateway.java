// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.TrustSpec;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A data plane for a test: one plaintext listener on a free port, routes and clusters as the test
 * adds them, and every exchange's report kept.
 */
public final class TestGateway implements AutoCloseable {
  /** What the observer saw of one exchange, copied because reports are reused. */
  public record Ended(
      Outcome outcome,
      int status,
      int upstreamStatus,
      int attempts,
      long requestBytes,
      long responseBytes,
      String rejection,
      String route,
      String cluster,
      String clientAddress,
      String requestId,
      int grpcStatus,
      String tunnel) {}

  private static final ObjectRef ORIGIN = new ObjectRef("Test", "test", "test");

  private final Vertx vertx;
  private final DataPlane dataPlane;
  private final List<Ended> ended = new CopyOnWriteArrayList<>();
  private final List<RouteSpec> routes = new ArrayList<>();
  private final SortedMap<String, ClusterSpec> clusters = new TreeMap<>();
  private Settings settings = Settings.defaults();
  private SecurityModel securityModel = SecurityModel.XFP;
  private InsecureAction insecure = InsecureAction.ROUTE;
  private int trustedHops;
  private List<TlsBinding> bindings = List.of();
  private volatile boolean faulty;

  private TestGateway(Limits limits, int loops) {
    vertx = VertxLoops.create(TransportKind.EPOLL, loops);
    dataPlane =
        DataPlane.create(
            vertx, DataPlaneOptions.defaults().withLimits(limits).withExchanges(new Recorder()));
  }

  /** Keeps what ended, and fails on purpose when told to. */
  private final class Recorder implements ExchangeObserver {
    @Override
    public void onRouted(ExchangeReport report) {
      if (faulty) {
        throw new IllegalStateException("a fault that a test asked for");
      }
    }

    @Override
    public void onEnd(ExchangeReport report) {
      ended.add(copy(report));
    }
  }

  /** From now on each exchange fails by a fault of the data path's own. */
  public TestGateway faulty(boolean on) {
    faulty = on;
    return this;
  }

  public static TestGateway start(Limits limits) {
    return new TestGateway(limits, 1);
  }

  public static TestGateway start() {
    return start(Limits.DEFAULT);
  }

  public static TestGateway start(Limits limits, int loops) {
    return new TestGateway(limits, loops);
  }

  private static Ended copy(ExchangeReport r) {
    return new Ended(
        r.outcome,
        r.status,
        r.upstreamStatus,
        r.attempts,
        r.requestBytes,
        r.responseBytes,
        r.rejection == null ? "" : r.rejection.reason(),
        r.route == null ? "" : r.route.name(),
        r.clusterStatsName == null ? "" : r.clusterStatsName,
        r.clientAddress == null ? "" : r.clientAddress,
        r.requestId == null ? "" : r.requestId,
        r.grpcStatus,
        r.tunnel == null ? "" : r.tunnel);
  }

  /** A cluster named {@code name} with endpoints on these loopback ports. */
  public TestGateway cluster(String name, int... ports) {
    return cluster(ClusterSpec.http(name), ports);
  }

  public TestGateway cluster(ClusterSpec spec, int... ports) {
    clusters.put(spec.name(), spec);
    endpoints(spec.name(), ports);
    return this;
  }

  /** Replaces the endpoints of a cluster at once. */
  public TestGateway endpoints(String name, int... ports) {
    dataPlane.updateEndpoints(
        new EndpointSet(
            name,
            Arrays.stream(ports)
                .mapToObj(port -> EndpointSet.Endpoint.of("127.0.0.1", port))
                .toList()));
    return this;
  }

  /** Forwards paths with this prefix to the cluster, unchanged. */
  public TestGateway route(String prefix, String cluster) {
    return route(prefix, RouteAction.Forward.to(cluster));
  }

  public TestGateway route(String prefix, RouteAction action) {
    return route(
        new RouteSpec(
            prefix,
            ORIGIN,
            "",
            RouteMatch.path(new PathMatch.Prefix(prefix, true)),
            List.of(new RouteSpec.Target(ORIGIN, 100, action))));
  }

  public TestGateway route(RouteSpec route) {
    routes.add(route);
    return this;
  }

  /** Takes all routes away again. */
  public TestGateway clearRoutes() {
    routes.clear();
    return this;
  }

  public TestGateway settings(Settings newSettings) {
    settings = newSettings;
    return this;
  }

  public TestGateway security(SecurityModel model, int hops, InsecureAction action) {
    securityModel = model;
    trustedHops = hops;
    insecure = action;
    return this;
  }

  /** The listener demands TLS and offers h2 and HTTP/1.1 with these certificates. */
  public TestGateway tls(TlsBinding... newBindings) {
    bindings = List.of(newBindings);
    return this;
  }

  /** A certificate for some server names, without client certificates. */
  public static TlsBinding binding(
      String name, TestCertificate certificate, HostPattern... serverNames) {
    return binding(name, certificate.chainPem(), certificate.keyPem(), serverNames);
  }

  public static TlsBinding binding(
      String name, String chainPem, String keyPem, HostPattern... serverNames) {
    return new TlsBinding(
        name,
        ORIGIN,
        List.of(serverNames),
        new KeyMaterial("Secret test/" + name, chainPem, keyPem),
        Optional.empty(),
        List.of("h2", "http/1.1"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  /** The same, asking for a client certificate of {@code ca}. */
  public static TlsBinding mutual(TlsBinding b, TestCa ca) {
    return new TlsBinding(
        b.name(),
        b.origin(),
        b.serverNames(),
        b.certificate(),
        Optional.of(new TlsBinding.ClientAuth(new TrustSpec("Secret test/ca", ca.pem(), ""), true)),
        b.alpn(),
        b.minVersion(),
        b.maxVersion(),
        b.cipherSuites(),
        b.curves());
  }

  /** Serves what was set up so far. */
  public TestGateway apply() {
    ApplyReport report = dataPlane.apply(model());
    if (!report.problems().isEmpty()) {
      throw new IllegalStateException(report.problems().toString());
    }
    return this;
  }

  public RoutingModel model() {
    var tables = new TreeMap<String, RouteTableSpec>();
    tables.put(
        "t",
        new RouteTableSpec(
            "t",
            List.of(
                new VirtualHostSpec(HostPattern.any(), Optional.empty(), insecure, 0, routes))));
    var listener =
        new ListenerSpec(
            "test/http",
            Optional.empty(),
            "127.0.0.1",
            0,
            false,
            bindings.isEmpty() ? TlsMode.OFF : TlsMode.REQUIRED,
            true,
            securityModel,
            trustedHops,
            "t",
            bindings,
            List.of(),
            100,
            "http");
    return new RoutingModel(List.of(listener), tables, clusters, settings);
  }

  public int port() {
    return dataPlane.ports().get("test/http");
  }

  public DataPlane dataPlane() {
    return dataPlane;
  }

  /** All exchanges that have ended, oldest first. */
  public List<Ended> ended() {
    return ended;
  }

  /** The only exchange there was, once it has ended. */
  public Ended only() {
    return nth(1);
  }

  /** Exchange number {@code n} (from 1), once it has ended; there must be no more. */
  public Ended nth(int n) {
    Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> ended.size() >= n);
    if (ended.size() > n) {
      throw new AssertionError(ended.size() + " exchanges have ended: " + ended);
    }
    return ended.get(n - 1);
  }

  @Override
  public void close() {
    dataPlane.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
