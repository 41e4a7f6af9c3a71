// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.TlsBinding;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.DownstreamStream;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.exchange.RequestSink;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.route.ClusterLookup;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.tcp.TcpProxy;
import io.selvage.proxy.tls.ServerContexts;
import io.selvage.proxy.tls.UpstreamTlsContexts;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.selvage.testkit.TestCertificate;
import io.vertx.core.Vertx;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Listeners on loopback with echo codecs; everything a listener needs and nothing of HTTP. */
final class ListenerFixture implements AutoCloseable {
  final Vertx vertx;
  final EventLoops loops;
  final EchoCodec http1 = new EchoCodec();
  final EchoCodec http2 = new EchoCodec();
  final ServerContexts contexts = new ServerContexts();
  final UpstreamTlsContexts upstreamTls = UpstreamTlsContexts.create();
  final RecordingObserver observer = new RecordingObserver();
  final AtomicBoolean draining = new AtomicBoolean();
  final ListenerSet listeners;

  ListenerFixture() {
    this(TransportKind.EPOLL, Limits.DEFAULT, name -> null, TcpObserver.NONE);
  }

  ListenerFixture(Limits limits) {
    this(TransportKind.EPOLL, limits, name -> null, TcpObserver.NONE);
  }

  ListenerFixture(
      TransportKind transport, Limits limits, ClusterLookup clusters, TcpObserver tcpObserver) {
    vertx = VertxLoops.create(transport, 2);
    loops = VertxLoops.of(vertx);
    listeners =
        new ListenerSet(
            new ListenerEnvironment(
                loops,
                http1,
                http2,
                new NoExchanges(),
                new TcpProxy(loops, clusters, upstreamTls, tcpObserver),
                limits,
                Settings::defaults,
                draining::get,
                contexts,
                new ConnectionGuard(limits.connection()),
                observer,
                ConnectionOpening.GATEWAY));
  }

  /** Applies and returns the port of the first listener. */
  int serve(ListenerSpec... specs) {
    assertNoProblems(apply(specs));
    return listeners.ports().getOrDefault(specs[0].name(), -1);
  }

  List<io.selvage.model.Problem> apply(ListenerSpec... specs) {
    try {
      return listeners
          .apply(List.of(specs))
          .toCompletionStage()
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void assertNoProblems(List<io.selvage.model.Problem> problems) {
    if (!problems.isEmpty()) {
      throw new AssertionError(problems.toString());
    }
  }

  static Socket connect(int port) throws java.io.IOException {
    Socket socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(30_000);
    return socket;
  }

  /** Begins a listener that speaks plaintext HTTP on a free port. */
  static Spec listener() {
    return new Spec();
  }

  static KeyMaterial material(String name, TestCertificate certificate) {
    return new KeyMaterial(name, certificate.chainPem(), certificate.keyPem());
  }

  /** A binding without client certificates, offering h2 and HTTP/1.1. */
  static TlsBinding binding(String name, TestCertificate certificate, HostPattern... names) {
    return binding(name, certificate, Optional.empty(), names);
  }

  static TlsBinding binding(
      String name,
      TestCertificate certificate,
      Optional<TlsBinding.ClientAuth> clientAuth,
      HostPattern... names) {
    return new TlsBinding(
        name,
        new ObjectRef("Host", "default", name),
        List.of(names),
        material("Secret default/" + name, certificate),
        clientAuth,
        List.of("h2", "http/1.1"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  @Override
  public void close() throws Exception {
    listeners.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    upstreamTls.close();
    vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  /** A ListenerSpec under construction. */
  static final class Spec {
    private String name = "default/test";
    private int port;
    private boolean proxyProtocol;
    private ListenerSpec.TlsMode tls = ListenerSpec.TlsMode.OFF;
    private boolean http = true;
    private final List<TlsBinding> bindings = new ArrayList<>();
    private final List<TcpRoute> tcpRoutes = new ArrayList<>();

    Spec named(String value) {
      name = value;
      return this;
    }

    Spec onPort(int value) {
      port = value;
      return this;
    }

    Spec proxyProtocol() {
      proxyProtocol = true;
      return this;
    }

    Spec tls(ListenerSpec.TlsMode mode, TlsBinding... values) {
      tls = mode;
      bindings.addAll(List.of(values));
      return this;
    }

    Spec tcp(TcpRoute... values) {
      http = false;
      tcpRoutes.addAll(List.of(values));
      return this;
    }

    ListenerSpec build() {
      return new ListenerSpec(
          name,
          Optional.of(new ObjectRef("Listener", "default", "test")),
          "127.0.0.1",
          port,
          proxyProtocol,
          tls,
          http,
          ListenerSpec.SecurityModel.XFP,
          0,
          http ? "table" : "",
          bindings,
          tcpRoutes,
          100,
          "ingress_test");
    }
  }

  /** No codec of these tests begins an exchange. */
  private static final class NoExchanges implements ExchangeFactory {
    @Override
    public RequestSink onRequest(DownstreamStream stream, boolean end) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void onRejected(ConnectionInfo connection, Rejection rejection, String rawRequestLine) {
      throw new UnsupportedOperationException();
    }
  }
}
