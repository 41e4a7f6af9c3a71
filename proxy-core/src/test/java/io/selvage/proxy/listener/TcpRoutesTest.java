// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.model.routing.HostPattern.exact;
import static io.selvage.proxy.listener.ListenerFixture.binding;
import static io.selvage.proxy.listener.ListenerFixture.connect;
import static io.selvage.proxy.listener.ListenerFixture.listener;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.TcpRoute.Tls;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.upstream.CircuitBreakers;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.DeafPort;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TcpRoutesTest {
  private static final TestCa CA = TestCa.root("root");
  private static final int MEGABYTE = 1024 * 1024;

  private final Map<String, Cluster> clusters = new ConcurrentHashMap<>();
  private final BlockingQueue<TcpReport> reports = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable one : opened.reversed()) {
      one.close();
    }
  }

  /** The ways bytes are carried: spliced, and through Netty's pipelines. */
  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void carriesSixtyFourMegabytesBothWaysUnchanged(TransportKind kind) throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    int port = serve(kind, origin);
    byte[] block = new byte[MEGABYTE + 13];
    new Random(1).nextBytes(block);
    MessageDigest sent = MessageDigest.getInstance("SHA-256");
    MessageDigest received = MessageDigest.getInstance("SHA-256");

    try (Socket socket = connect(port)) {
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int i = 0; i < 64; i++) {
                    socket.getOutputStream().write(block);
                    sent.update(block);
                  }
                  socket.shutdownOutput();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      byte[] buffer = new byte[MEGABYTE];
      InputStream in = socket.getInputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        received.update(buffer, 0, n);
      }
      writer.join();
    }
    assertThat(received.digest()).isEqualTo(sent.digest());
    TcpReport report = nextReport();
    assertThat(report.outcome()).isEqualTo(Outcome.TUNNEL_CLOSED);
    assertThat(report.bytesFromClient()).isEqualTo(64L * block.length);
    assertThat(report.bytesToClient()).isEqualTo(64L * block.length);
    assertThat(report.endpoint()).isEqualTo("127.0.0.1:" + origin.getLocalPort());
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void keepsTheOtherDirectionOpenAfterTheClientsEnd(TransportKind kind) throws Exception {
    // Given an origin that answers only when it has seen the whole request
    ServerSocket origin =
        origin(socket -> {
          byte[] all = socket.getInputStream().readAllBytes();
          socket.getOutputStream().write(("got " + all.length).getBytes(StandardCharsets.US_ASCII));
        });
    try (Socket socket = connect(serve(kind, origin))) {
      socket.getOutputStream().write(new byte[100_000]);
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("got 100000");
    }
    nextReport();
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void keepsTheOtherDirectionOpenAfterTheOriginsEnd(TransportKind kind) throws Exception {
    BlockingQueue<Integer> seen = new LinkedBlockingQueue<>();
    ServerSocket origin =
        origin(socket -> {
          socket.getOutputStream().write("banner".getBytes(StandardCharsets.US_ASCII));
          socket.shutdownOutput();
          seen.add(socket.getInputStream().readAllBytes().length);
        });
    try (Socket socket = connect(serve(kind, origin))) {
      // The origin speaks first: nothing has been sent by the client yet.
      assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("banner");
      socket.getOutputStream().write(new byte[200_000]);
      socket.shutdownOutput();
      assertThat(seen.poll(30, TimeUnit.SECONDS)).isEqualTo(200_000);
    }
    nextReport();
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void holdsNoMoreThanItsBuffersForASlowReader(TransportKind kind) throws Exception {
    BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
    ServerSocket origin = origin(accepted::add, false);
    try (Socket client = connect(serve(kind, origin))) {
      Socket there = accepted.poll(30, TimeUnit.SECONDS);
      there.setSendBufferSize(64 * 1024);
      long[] written = {0};
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  while (true) {
                    there.getOutputStream().write(new byte[64 * 1024]);
                    written[0] += 64 * 1024;
                  }
                } catch (IOException stopped) {
                  // Closed at the end of the test.
                }
              });
      // When nobody reads, Then the writer comes to a halt: sockets' buffers and ours are bounded.
      await().until(() -> halted(written));
      assertThat(written[0]).isLessThan(32L * MEGABYTE);
      there.close();
      writer.join();
    }
  }

  @Test
  void passesAResetOn() throws Exception {
    ServerSocket origin =
        origin(socket -> {
          socket.getInputStream().read();
          socket.setSoLinger(true, 0);
        });
    for (TransportKind kind : TransportKind.values()) {
      try (Socket socket = connect(serve(kind, origin))) {
        socket.getOutputStream().write(1);
        assertThatThrownBy(() -> socket.getInputStream().read())
            .as("%s", kind)
            .hasMessageContaining("reset");
      }
    }
  }

  @Test
  void triesTheNextEndpointWhenOneRefuses() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    int port = fixture(TransportKind.EPOLL).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    cluster(tcpCluster("c"), ClosedPort.take(), origin.getLocalPort());
    for (int i = 0; i < 4; i++) {
      try (Socket socket = connect(port)) {
        socket.getOutputStream().write('x');
        assertThat(socket.getInputStream().read()).isEqualTo('x');
      }
    }
    List<Integer> attempts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      attempts.add(nextReport().attempts());
    }
    assertThat(attempts).contains(2).isSubsetOf(1, 2);
  }

  @Test
  void goesElsewhereAtOnceWhenTheEndpointLeaves() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    int port = fixture(TransportKind.EPOLL).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    try (DeafPort deaf = DeafPort.open()) {
      cluster(patient(tcpCluster("c")), deaf.number());
      try (Socket socket = connect(port)) {
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write('x');
        Thread.sleep(300); // for the connect to begin; without, it goes to the other one anyway
        cluster(patient(tcpCluster("c")), origin.getLocalPort());
        assertThat(socket.getInputStream().read()).isEqualTo('x');
      }
    }
    assertThat(nextReport().attempts()).isEqualTo(1);
  }

  @Test
  void closesTheClientWhenNoEndpointIsReached() throws Exception {
    int port = fixture(TransportKind.EPOLL).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    try (Socket socket = connect(port)) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(nextReport().outcome()).as("no such cluster").isEqualTo(Outcome.NO_ENDPOINTS);

    Cluster cluster = cluster(tcpCluster("c"));
    try (Socket socket = connect(port)) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(nextReport().outcome()).as("an empty one").isEqualTo(Outcome.NO_ENDPOINTS);

    cluster(tcpCluster("c"), ClosedPort.take());
    try (Socket socket = connect(port)) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(nextReport().outcome()).isEqualTo(Outcome.CONNECT_FAILED);
    assertThat(inUse(cluster)).isZero();
  }

  @Test
  void refusesConnectionsBeyondTheBreaker() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    int port = fixture(TransportKind.EPOLL).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    Cluster cluster = cluster(tcpCluster("c", 2), origin.getLocalPort());
    try (Socket a = connect(port);
        Socket b = connect(port)) {
      for (Socket one : List.of(a, b)) {
        one.getOutputStream().write('x');
        assertThat(one.getInputStream().read()).isEqualTo('x');
      }
      try (Socket beyond = connect(port)) {
        assertThat(beyond.getInputStream().read()).isEqualTo(-1);
      }
      assertThat(nextReport().outcome()).isEqualTo(Outcome.OVERFLOW);
    }
    await().until(() -> inUse(cluster) == 0);
  }

  @Test
  void closesAnIdleConnection() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    for (TransportKind kind : List.of(TransportKind.EPOLL, TransportKind.NIO)) {
      TcpRoute quiet = route(Tls.PASSTHROUGH, "c", 2_000);
      int port = fixture(kind).serve(tcp(quiet));
      cluster(tcpCluster("c"), origin.getLocalPort());
      try (Socket socket = connect(port)) {
        for (int i = 0; i < 5; i++) {
          socket.getOutputStream().write('x');
          assertThat(socket.getInputStream().read()).isEqualTo('x');
          Thread.sleep(450);
        }
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
      assertThat(nextReport().outcome()).isEqualTo(Outcome.IDLE_TIMEOUT);
    }
  }

  @Test
  void routesBySniWithoutTerminating() throws Exception {
    int a = tlsOrigin("a.example");
    int b = tlsOrigin("b.example");
    int port =
        fixture(TransportKind.EPOLL)
            .serve(
                tcp(
                    route(Tls.PASSTHROUGH, "a", 0, exact("a.example")),
                    route(Tls.PASSTHROUGH, "b", 0, exact("b.example"))));
    cluster(tcpCluster("a"), a);
    cluster(tcpCluster("b"), b);
    for (String name : List.of("a.example", "b.example")) {
      try (TlsClient client = TlsClient.connect(port, CA, name)) {
        assertThat(client.serverCertificateName()).isEqualTo(name);
        assertThat(client.echo("through")).isEqualTo("through");
      }
      assertThat(nextReport().client().serverName()).isEqualTo(name);
    }
    assertThatThrownBy(() -> TlsClient.connect(port, CA, "c.example"))
        .hasMessageContaining("unrecognized_name");
  }

  @Test
  void terminatesTlsForARawRoute() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    TestCertificate certificate = CA.serverFor("a.example");
    ListenerSpec spec =
        listener()
            .tls(TlsMode.REQUIRED, binding("a", certificate, any()))
            .tcp(route(Tls.TERMINATE, "c"))
            .build();
    int port = fixture(TransportKind.EPOLL).serve(spec);
    cluster(tcpCluster("c"), origin.getLocalPort());
    try (TlsClient client = TlsClient.connect(port, CA, "a.example")) {
      assertThat(client.echo("x".repeat(100_000))).hasSize(100_000);
    }
    assertThat(nextReport().bytesFromClient()).isEqualTo(100_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.example", "wrong.example", "wrong-ca"})
  void originatesVerifiedTls(String verified) throws Exception {
    int origin = tlsOrigin("a.example");
    TestCa believed = verified.equals("wrong-ca") ? TestCa.root("other") : CA;
    ClusterSpec.UpstreamTls tls =
        new ClusterSpec.UpstreamTls(
            "",
            Optional.of(new TrustSpec("Secret ca", believed.pem(), "")),
            verified.equals("wrong-ca") ? "a.example" : verified,
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            List.of());
    int port = fixture(TransportKind.EPOLL).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    cluster(withTls(tcpCluster("c"), tls), origin);
    try (Socket socket = connect(port)) {
      if (verified.equals("a.example")) {
        socket.getOutputStream().write('x');
        assertThat(socket.getInputStream().read()).isEqualTo('x');
      } else {
        // Never in plaintext instead.
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
        assertThat(nextReport().outcome()).isEqualTo(Outcome.UPSTREAM_TLS);
      }
    }
  }

  private static boolean halted(long[] written) throws InterruptedException {
    long before = written[0];
    Thread.sleep(400);
    return before > 0 && before == written[0];
  }

  private static int inUse(Cluster cluster) {
    return cluster
        .breakers(io.selvage.model.routing.RouteAction.Priority.DEFAULT)
        .inUse(CircuitBreakers.Limit.CONNECTIONS);
  }

  private TcpReport nextReport() throws InterruptedException {
    TcpReport report = reports.poll(30, TimeUnit.SECONDS);
    assertThat(report).as("a report").isNotNull();
    return report;
  }

  private int serve(TransportKind kind, ServerSocket origin) {
    int port = fixture(kind).serve(tcp(route(Tls.PASSTHROUGH, "c")));
    cluster(tcpCluster("c"), origin.getLocalPort());
    return port;
  }

  private ListenerFixture fixture(TransportKind kind) {
    ListenerFixture fixture =
        new ListenerFixture(kind, Limits.DEFAULT, clusters::get, reports::add);
    opened.add(fixture);
    return fixture;
  }

  private static ListenerSpec tcp(TcpRoute... routes) {
    return listener().tcp(routes).build();
  }

  private static TcpRoute route(Tls tls, String cluster) {
    return route(tls, cluster, 0);
  }

  private static TcpRoute route(Tls tls, String cluster, long idleMillis, HostPattern... names) {
    return new TcpRoute(
        "tcp-" + cluster,
        new ObjectRef("TCPMapping", "default", cluster),
        List.of(names),
        tls,
        List.of(new TcpRoute.Backend(cluster, 100)),
        idleMillis);
  }

  private static ClusterSpec tcpCluster(String name) {
    return tcpCluster(name, 1024);
  }

  private static ClusterSpec tcpCluster(String name, int maxConnections) {
    ClusterSpec http = ClusterSpec.http(name);
    ClusterSpec.Breakers breakers = new ClusterSpec.Breakers(maxConnections, 1024, 1024, 3);
    return new ClusterSpec(
        name,
        name,
        http.endpoints(),
        ClusterSpec.Protocol.TCP,
        Optional.empty(),
        http.loadBalancer(),
        2_000,
        0,
        0,
        breakers,
        breakers,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Longer than a test waits. */
  private static ClusterSpec patient(ClusterSpec spec) {
    return new ClusterSpec(
        spec.name(),
        spec.statsName(),
        spec.endpoints(),
        spec.protocol(),
        spec.tls(),
        spec.loadBalancer(),
        100_000,
        0,
        0,
        spec.defaultBreakers(),
        spec.highBreakers(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static ClusterSpec withTls(ClusterSpec spec, ClusterSpec.UpstreamTls tls) {
    return new ClusterSpec(
        spec.name(),
        spec.statsName(),
        spec.endpoints(),
        spec.protocol(),
        Optional.of(tls),
        spec.loadBalancer(),
        spec.connectTimeoutMillis(),
        0,
        0,
        spec.defaultBreakers(),
        spec.highBreakers(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private Cluster cluster(ClusterSpec spec, int... ports) {
    Cluster cluster = clusters.computeIfAbsent(spec.name(), n -> Cluster.create(spec, 2));
    cluster.updateEndpoints(
        new EndpointSet(
            spec.name(),
            Arrays.stream(ports).mapToObj(p -> EndpointSet.Endpoint.of("127.0.0.1", p)).toList()));
    return cluster;
  }

  private interface Behaviour {
    void on(Socket socket) throws IOException;
  }

  private static void echo(Socket socket) throws IOException {
    socket.getInputStream().transferTo(socket.getOutputStream());
  }

  private ServerSocket origin(Behaviour behaviour) throws IOException {
    return origin(behaviour, true);
  }

  private ServerSocket origin(Behaviour behaviour, boolean thenClose) throws IOException {
    return run(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), behaviour, thenClose);
  }

  private int tlsOrigin(String name) throws IOException {
    SSLServerSocket server =
        (SSLServerSocket)
            TestTls.server(CA.serverFor(name), CA).getServerSocketFactory().createServerSocket(0);
    return run(server, TcpRoutesTest::echo, true).getLocalPort();
  }

  private ServerSocket run(ServerSocket server, Behaviour behaviour, boolean thenClose) {
    opened.add(server);
    Thread.ofVirtual()
        .start(() -> {
          while (!server.isClosed()) {
            try {
              Socket socket = server.accept();
              Thread.ofVirtual().start(() -> serve(socket, behaviour, thenClose));
            } catch (IOException closed) {
              return;
            }
          }
        });
    return server;
  }

  private static void serve(Socket socket, Behaviour behaviour, boolean thenClose) {
    try {
      behaviour.on(socket);
      if (thenClose) {
        socket.close();
      }
    } catch (IOException gone) {
      // The peer went away; the test looks at the other end.
    }
  }

  /** Each draw follows the weights, however few the backends. */
  @Test
  void drawsBackendsByWeight() throws Exception {
    ServerSocket origin = origin(TcpRoutesTest::echo);
    TcpRoute route =
        new TcpRoute(
            "weighted",
            new ObjectRef("TCPMapping", "default", "weighted"),
            List.of(),
            Tls.PASSTHROUGH,
            List.of(
                new TcpRoute.Backend("a", 3),
                new TcpRoute.Backend("never", 0),
                new TcpRoute.Backend("b", 1)),
            0);
    int port = fixture(TransportKind.EPOLL).serve(tcp(route));
    for (String name : List.of("a", "b", "never")) {
      cluster(tcpCluster(name), origin.getLocalPort());
    }
    Map<String, Integer> drawn = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      try (Socket socket = connect(port)) {
        socket.getOutputStream().write('x');
        socket.getInputStream().read();
      }
      drawn.merge(nextReport().clusterStatsName(), 1, Integer::sum);
    }
    assertThat(drawn).containsOnlyKeys("a", "b");
    assertThat(drawn.get("a")).isBetween(115, 185);
  }
}
