// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.proxy.listener.ListenerFixture.connect;
import static io.selvage.proxy.listener.ListenerFixture.listener;
import static io.selvage.proxy.listener.ListenerTlsTest.assertEnds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ListenerObserver.Refusal;
import io.selvage.proxy.route.ClusterLookup;
import io.selvage.proxy.tcp.TcpObserver;
import io.selvage.proxy.transport.TransportKind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ListenerSetTest {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final ClusterLookup NO_CLUSTERS = name -> null;

  @ParameterizedTest
  @EnumSource(TransportKind.class)
  void servesOnEveryTransport(TransportKind kind) throws Exception {
    try (ListenerFixture fixture =
            new ListenerFixture(kind, Limits.DEFAULT, NO_CLUSTERS, TcpObserver.NONE);
        Socket socket = connect(fixture.serve(listener().build()))) {
      assertThat(exchange(socket, "hello")).isEqualTo("hello");
      assertThat(fixture.http1.next().peer().getPort()).isEqualTo(socket.getLocalPort());
    }
  }

  @Test
  void reportsAPortInUseAndServesOnceItIsFree() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture()) {
      ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      ListenerSpec blocked =
          listener().named("default/blocked").onPort(taken.getLocalPort()).build();
      ListenerSpec free = listener().named("default/free").build();

      List<Problem> problems = fixture.apply(blocked, free);

      assertThat(problems).hasSize(1);
      assertThat(problems.getFirst().reason()).isEqualTo("PortInUse");
      assertThat(problems.getFirst().object()).isEqualTo(blocked.origin());
      assertThat(problems.getFirst().message()).contains("default/blocked");
      assertThat(fixture.listeners.ports()).containsOnlyKeys("default/free");
      // The same model again still says so, and does not disturb the other.
      assertThat(fixture.apply(blocked, free)).hasSize(1);

      taken.close();
      await().until(() -> fixture.observer.bound.contains("default/blocked"));
      assertThat(fixture.listeners.bindProblems()).isEmpty();
      try (Socket socket = connect(blocked.port())) {
        assertThat(exchange(socket, "hello")).isEqualTo("hello");
      }
    }
  }

  @Test
  void reportsTwoListenersThatClaimOnePort() throws Exception {
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    try (ListenerFixture fixture = new ListenerFixture()) {
      List<Problem> problems =
          fixture.apply(
              listener().named("a").onPort(port).build(),
              listener().named("b").onPort(port).build());
      assertThat(problems).hasSize(1);
      assertThat(problems.getFirst().reason()).isEqualTo("PortConflict");
      assertThat(problems.getFirst().message()).contains("listener b").contains("listener a");
      assertThat(fixture.listeners.ports()).containsOnlyKeys("a");
    }
  }

  @Test
  void keepsTheSocketOverAChangeOfEverythingElse() throws Exception {
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    try (ListenerFixture fixture = new ListenerFixture()) {
      fixture.serve(listener().named("before").onPort(port).build());
      try (Socket open = connect(port)) {
        exchange(open, "1");
        fixture.serve(listener().named("after").onPort(port).proxyProtocol().build());
        assertThat(exchange(open, "2")).as("runs on as it began").isEqualTo("2");
        try (Socket next = connect(port)) {
          next.getOutputStream().write("PROXY UNKNOWN\r\nhi".getBytes(StandardCharsets.US_ASCII));
          assertThat(next.getInputStream().readNBytes(2)).asString().isEqualTo("hi");
        }
      }
      assertThat(fixture.observer.bound).containsExactly("before");
    }
  }

  @Test
  void drainsTheConnectionsOfARemovedListener() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture()) {
      int port = fixture.serve(listener().build());
      try (Socket open = connect(port)) {
        exchange(open, "1");
        assertThat(fixture.apply()).isEmpty();
        assertThat(open.getInputStream().read()).as("the codec was told").isEqualTo(-1);
      }
      assertThat(isRefused(port)).isTrue();
      await().until(() -> fixture.observer.closed.get() == 1);
    }
  }

  @Test
  void stopsAcceptingAtTheListenersCapAndGoesOnWhenOneCloses() throws Exception {
    Limits.Connection defaults = Limits.DEFAULT.connection();
    try (ListenerFixture fixture = new ListenerFixture(connections(3, 100))) {
      int port = fixture.serve(listener().build());
      List<Socket> open = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Socket socket = connect(port);
        assertThat(exchange(socket, "in")).isEqualTo("in");
        open.add(socket);
      }
      // N + 1 waits in the backlog: connected for the kernel, unheard by us.
      Socket waiting = connect(port);
      waiting.setSoTimeout(300);
      waiting.getOutputStream().write('x');
      assertThatThrownBy(() -> waiting.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      assertThat(fixture.observer.accepted).hasValue(3);
      // The loop that accepts goes on behind the one that answers.
      await().untilAsserted(() -> assertThat(fixture.observer.pauses).containsExactly(true));

      open.removeFirst().close();

      waiting.setSoTimeout(30_000);
      assertThat(waiting.getInputStream().read()).isEqualTo('x');
      open.add(waiting);
      for (Socket socket : open) {
        socket.close();
      }
      await().until(() -> fixture.observer.closed.get() == 4);
      assertThat(defaults.perListener()).isEqualTo(10_000);
    }
  }

  @Test
  void stopsAllListenersAtTheGlobalCap() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture(connections(100, 2))) {
      int first = fixture.serve(listener().named("1").build(), listener().named("2").build());
      int second = fixture.listeners.ports().get("2");
      Socket a = connect(first);
      exchange(a, "a");
      Socket b = connect(second);
      exchange(b, "b");
      Socket c = connect(second);
      c.setSoTimeout(300);
      c.getOutputStream().write('c');
      assertThatThrownBy(() -> c.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);

      // A place that becomes free on one listener serves the other.
      a.close();
      c.setSoTimeout(30_000);
      assertThat(c.getInputStream().read()).isEqualTo('c');
      b.close();
      c.close();
    }
  }

  @Test
  void believesThePeerOfAProxyHeader() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture();
        Socket socket = connect(fixture.serve(listener().proxyProtocol().build()))) {
      socket
          .getOutputStream()
          .write(
              "PROXY TCP4 192.0.2.7 198.51.100.2 5555 80\r\nhello"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readNBytes(5)).asString().isEqualTo("hello");
      var info = fixture.http1.next();
      assertThat(info.peer()).hasToString("/192.0.2.7:5555");
      assertThat(info.local()).hasToString("/198.51.100.2:80");
    }
  }

  @Test
  void closesWithoutAnAnswerWhenTheProxyHeaderIsMissing() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture();
        Socket socket = connect(fixture.serve(listener().proxyProtocol().build()))) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
      assertEnds(socket);
      assertThat(fixture.observer.refusals).containsExactly(Refusal.PROXY_HEADER);
      assertThat(fixture.http1.connections).isEmpty();
    }
  }

  @Test
  void closesWhenAProxyHeaderDripsPastItsDeadline() throws Exception {
    Limits limits =
        Limits.DEFAULT.withHandshake(new Limits.Handshake(10_000, 16 * 1024, 300, 4096));
    try (ListenerFixture fixture = new ListenerFixture(limits);
        Socket socket = connect(fixture.serve(listener().proxyProtocol().build()))) {
      socket.getOutputStream().write("PROXY TC".getBytes(StandardCharsets.US_ASCII));
      assertEnds(socket);
      assertThat(fixture.observer.refusals).containsExactly(Refusal.TIMEOUT);
    }
  }

  @Test
  void choosesTheHttp2CodecByItsPrefaceHoweverItIsCut() throws Exception {
    try (ListenerFixture fixture = new ListenerFixture()) {
      int port = fixture.serve(listener().build());
      for (int cut = 1; cut <= PREFACE.length(); cut += 5) {
        try (Socket socket = connect(port)) {
          socket.setTcpNoDelay(true);
          socket.getOutputStream().write(ascii(PREFACE.substring(0, cut)));
          Thread.sleep(5);
          socket.getOutputStream().write(ascii(PREFACE.substring(cut)));
          assertThat(socket.getInputStream().readNBytes(PREFACE.length()))
              .asString()
              .isEqualTo(PREFACE);
          assertThat(fixture.http2.next().version()).isEqualTo(HttpVersion.HTTP_2);
        }
      }
      try (Socket socket = connect(port)) {
        assertThat(exchange(socket, "PROPFIND / HTTP/1.1")).isEqualTo("PROPFIND / HTTP/1.1");
        assertThat(fixture.http1.next().version()).isEqualTo(HttpVersion.HTTP_1_1);
      }
    }
  }

  private static Limits connections(int perListener, int global) {
    Limits.Connection defaults = Limits.DEFAULT.connection();
    return Limits.DEFAULT.withConnection(
        new Limits.Connection(
            perListener,
            global,
            defaults.maxAgeMillis(),
            defaults.bufferLowBytes(),
            defaults.bufferHighBytes(),
            defaults.lingerMillis()));
  }

  private static String exchange(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(ascii(text));
    return new String(socket.getInputStream().readNBytes(text.length()), StandardCharsets.US_ASCII);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static boolean isRefused(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return !socket.isConnected();
    } catch (IOException e) {
      return true;
    }
  }
}
