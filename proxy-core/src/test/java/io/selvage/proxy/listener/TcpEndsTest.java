// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.proxy.listener.ListenerFixture.binding;
import static io.selvage.proxy.listener.ListenerFixture.connect;
import static io.selvage.proxy.listener.ListenerFixture.listener;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.TcpRoute.Tls;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.tcp.TcpReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.testkit.LastWords;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How raw connections end: a reset is one for the other side too, an end is one, and what came
 * before an end arrives.
 */
class TcpEndsTest {
  private static final TestCa CA = TestCa.root("root");
  private static final int PATIENCE_MILLIS = 30_000;
  private static final Duration PATIENCE = Duration.ofMillis(PATIENCE_MILLIS);

  private final BlockingQueue<TcpReport> reports = new LinkedBlockingQueue<>();
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private ListenerSpec spec = listener().tcp(route(Tls.PASSTHROUGH)).build();
  private Optional<ClusterSpec.UpstreamTls> upstreamTls = Optional.empty();
  private long idleMillis;

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable one : opened.reversed()) {
      one.close();
    }
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void aResetIsOneForTheOtherSideToo(TransportKind kind) throws Exception {
    int port = serve(kind, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    for (boolean byClient : new boolean[] {true, false}) {
      Socket client = connected(port);
      Socket origin = origin();
      exchange(client, origin);
      exchange(origin, client);
      Socket resetting = byClient ? client : origin;
      resetting.setSoLinger(true, 0);
      resetting.close();
      expectReset(byClient ? origin : client);
    }
  }

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void aResetBehindTheOtherSidesEndIsOneToo(TransportKind kind) throws Exception {
    int port = serve(kind, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    Socket client = connected(port);
    Socket origin = origin();
    client.shutdownOutput();
    assertThat(origin.getInputStream().read()).as("the end is passed on").isEqualTo(-1);
    exchange(origin, client);
    origin.setSoLinger(true, 0);
    origin.close();
    expectReset(client);
  }

  /**
   * On the default transport, spliced and through pipelines; the others do not hear of a FIN while
   * they read nothing.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSlowReaderGetsEverythingBeforeAnEndEvenIfItGoesOnTalking(boolean tls) throws Exception {
    int port = serve(tls, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    var below = new Socket();
    below.setReceiveBufferSize(16 * 1024);
    below.setSoTimeout(PATIENCE_MILLIS);
    below.connect(new InetSocketAddress("127.0.0.1", port));
    try (Socket client = tls ? shaken(below, port) : below) {
      Socket origin = origin();
      origin.getOutputStream().write(new byte[LastWords.BYTES]);
      LastWords.leave(origin, PATIENCE);
      assertThat(LastWords.talkAndRead(client)).isEqualTo(LastWords.BYTES);
    }
    assertThat(nextReport().bytesToClient()).isEqualTo(LastWords.BYTES);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSlowOriginGetsEverythingBeforeAnEndEvenIfItGoesOnTalking(boolean tls) throws Exception {
    var server = new ServerSocket();
    server.setReceiveBufferSize(16 * 1024);
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    int port = serve(tls, server);
    Socket below = connected(port);
    Socket client = tls ? shaken(below, port) : below;
    Socket origin = origin();
    client.getOutputStream().write(new byte[LastWords.BYTES]);
    if (tls) {
      client.shutdownOutput();
    }
    LastWords.leave(below, PATIENCE);
    assertThat(LastWords.talkAndRead(origin)).isEqualTo(LastWords.BYTES);
    origin.close();
    assertThat(nextReport().bytesFromClient()).isEqualTo(LastWords.BYTES);
  }

  /** Not even where the one who has said something is gone already. */
  @Test
  void whatNobodyTakesIsNotKeptBeyondTheIdleTime() throws Exception {
    idleMillis = 2_000;
    var server = new ServerSocket();
    server.setReceiveBufferSize(16 * 1024);
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    int port = serve(true, server);
    Socket below = connected(port);
    try {
      Socket client = shaken(below, port);
      client.getOutputStream().write(new byte[LastWords.BYTES]);
      client.shutdownOutput();
      LastWords.leave(below, PATIENCE);
    } catch (IOException e) {
      // On a very slow machine the idle time is over before that.
    }
    assertThat(nextReport().outcome()).isEqualTo(Outcome.IDLE_TIMEOUT);
  }

  private static SSLSocket shaken(Socket below, int port) throws IOException {
    SSLSocketFactory factory = TestTls.client(CA).getSocketFactory();
    SSLSocket client = (SSLSocket) factory.createSocket(below, "a.example", port, true);
    client.startHandshake();
    return client;
  }

  private int serve(boolean tls, ServerSocket server) {
    if (tls) {
      spec = terminating();
    }
    return serve(TransportKind.EPOLL, server);
  }

  private ListenerSpec terminating() {
    return listener()
        .tls(TlsMode.REQUIRED, binding("a", CA.serverFor("a.example"), any()))
        .tcp(route(Tls.TERMINATE))
        .build();
  }

  /** TLS has a word of its own for an end; a FIN without it could come from anybody on the way. */
  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void aTruncatedTlsClientResetsTheOrigin(TransportKind kind) throws Exception {
    spec = terminating();
    int port = serve(kind, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    for (boolean said : new boolean[] {true, false}) {
      Socket below = connected(port);
      SSLSocketFactory factory = TestTls.client(CA).getSocketFactory();
      try (SSLSocket client = (SSLSocket) factory.createSocket(below, "a.example", port, false)) {
        client.startHandshake();
        client.getOutputStream().write('x');
        Socket origin = origin();
        assertThat(origin.getInputStream().read()).isEqualTo('x');
        if (said) {
          client.shutdownOutput();
          below.shutdownOutput();
          assertThat(origin.getInputStream().read()).isEqualTo(-1);
        } else {
          below.shutdownOutput();
          expectReset(origin);
        }
        origin.close();
      } catch (SocketException e) {
        assertThat(said).as("the client has been reset as well").isFalse();
      }
    }
  }

  @Test
  void aTruncatedTlsOriginResetsTheClient() throws Exception {
    upstreamTls =
        Optional.of(
            new ClusterSpec.UpstreamTls(
                "",
                Optional.of(new TrustSpec("Secret ca", CA.pem(), "")),
                "a.example",
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of()));
    SSLSocketFactory factory = TestTls.server(CA.serverFor("a.example"), CA).getSocketFactory();
    int port =
        serve(TransportKind.EPOLL, new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    for (boolean said : new boolean[] {true, false}) {
      Socket client = connected(port);
      Socket below = origin();
      SSLSocket origin = (SSLSocket) factory.createSocket(below, "", 0, false);
      origin.setUseClientMode(false);
      origin.startHandshake();
      origin.getOutputStream().write('x');
      assertThat(client.getInputStream().read()).isEqualTo('x');
      if (said) {
        origin.close();
        below.close();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
      } else {
        below.shutdownOutput();
        expectReset(client);
      }
    }
  }

  private static void exchange(Socket from, Socket to) throws IOException {
    from.getOutputStream().write('x');
    assertThat(to.getInputStream().read()).isEqualTo('x');
  }

  private static void expectReset(Socket socket) {
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  private Socket connected(int port) throws IOException {
    Socket socket = connect(port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    opened.add(socket);
    return socket;
  }

  private Socket origin() throws Exception {
    Socket socket = accepted.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    assertThat(socket).as("a connection to the origin").isNotNull();
    socket.setSoTimeout(PATIENCE_MILLIS);
    opened.add(socket);
    return socket;
  }

  private TcpReport nextReport() throws InterruptedException {
    TcpReport report = reports.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    assertThat(report).as("a report").isNotNull();
    return report;
  }

  private int serve(TransportKind kind, ServerSocket server) {
    opened.add(server);
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (!server.isClosed()) {
              accepted.add(server.accept());
            }
          } catch (IOException closed) {
            // At the end of the test.
          }
        });
    Cluster cluster = Cluster.create(clusterSpec(), 2);
    cluster.updateEndpoints(
        new EndpointSet("c", List.of(EndpointSet.Endpoint.of("127.0.0.1", server.getLocalPort()))));
    var fixture = new ListenerFixture(kind, Limits.DEFAULT, name -> cluster, reports::add);
    opened.add(fixture);
    opened.add(() -> expectNothingOpen(cluster, fixture)); // once all sockets are closed
    return fixture.serve(spec);
  }

  private static void expectNothingOpen(Cluster cluster, ListenerFixture fixture) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> {
          assertThat(cluster.breakers(Priority.DEFAULT).inUse(Limit.CONNECTIONS))
              .as("connections to the origin")
              .isZero();
          assertThat(fixture.listeners.openConnections()).as("client connections").isZero();
        });
  }

  private ClusterSpec clusterSpec() {
    ClusterSpec http = ClusterSpec.http("c");
    return new ClusterSpec(
        "c",
        "c",
        http.endpoints(),
        ClusterSpec.Protocol.TCP,
        upstreamTls,
        http.loadBalancer(),
        PATIENCE_MILLIS,
        0,
        0,
        http.defaultBreakers(),
        http.highBreakers(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private TcpRoute route(Tls tls) {
    return new TcpRoute(
        "tcp",
        new ObjectRef("TCPMapping", "default", "c"),
        List.of(),
        tls,
        List.of(new TcpRoute.Backend("c", 100)),
        idleMillis);
  }
}
