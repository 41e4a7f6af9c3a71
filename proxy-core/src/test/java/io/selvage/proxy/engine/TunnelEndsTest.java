// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.testkit.LastWords;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How tunnels that began with an Upgrade end: a reset is one for the other side too, an end is one,
 * and what came before an end arrives.
 */
class TunnelEndsTest {
  private static final TestCa CA = TestCa.root("root");
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String ASK =
      "GET / HTTP/1.1\r\nhost: a.example\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
  private static final String SWITCHED =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";

  private final CompletableFuture<ScriptedOrigin.Connection> connection = new CompletableFuture<>();

  /** Hands each connection that was switched to the test, which ends it. */
  private ScriptedOrigin origin() throws IOException {
    return ScriptedOrigin.start(c -> {
      c.readHead();
      c.send(SWITCHED);
      connection.complete(c);
      while (!c.socket().isClosed()) {
        Thread.sleep(20);
      }
    });
  }

  private Socket originsSocket() throws Exception {
    Socket socket = connection.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).socket();
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  private static TestGateway gateway(ScriptedOrigin origin) {
    return TestGateway.start()
        .cluster("c", origin.port())
        .route("/", Actions.upgrades("c", "x"))
        .apply();
  }

  private static void expectReset(Socket socket) {
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  /** Both channels are closed, the exchange has ended and the circuit breaker counts nothing. */
  private static void expectNothingOpen(TestGateway gateway) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> {
          assertThat(upstreamConnections(gateway)).as("connections to the endpoint").isZero();
          assertThat(gateway.dataPlane().openConnections()).as("client connections").isZero();
          assertThat(gateway.dataPlane().inFlight()).as("exchanges").isZero();
        });
  }

  private static int upstreamConnections(TestGateway gateway) {
    Cluster cluster = requireNonNull(gateway.dataPlane().current().clusters().get("c"));
    return cluster.breakers(Priority.DEFAULT).inUse(Limit.CONNECTIONS);
  }

  private static void exchange(Socket from, Socket to) throws IOException {
    from.getOutputStream().write('x');
    assertThat(to.getInputStream().read()).isEqualTo('x');
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aResetIsOneForTheOtherSideToo(boolean byClient) throws Exception {
    try (var origin = origin();
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port()).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      client.socket().setSoTimeout((int) PATIENCE.toMillis());
      Socket there = originsSocket();
      exchange(there, client.socket());
      exchange(client.socket(), there);
      Socket resetting = byClient ? client.socket() : there;
      resetting.setSoLinger(true, 0);
      resetting.close();
      expectReset(byClient ? there : client.socket());
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.TUNNEL_CLOSED);
      expectNothingOpen(gateway);
    }
  }

  @Test
  void anEndIsNoReset() throws Exception {
    try (var origin = origin();
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port()).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      Socket there = originsSocket();
      client.shutdownOutput();
      assertThat(there.getInputStream().read()).isEqualTo(-1);
      there.getOutputStream().write("bye".getBytes());
      there.shutdownOutput();
      assertThat(client.socket().getInputStream().readAllBytes()).asString().isEqualTo("bye");
      expectNothingOpen(gateway);
    }
  }

  @Test
  void anEndpointThatIsGoneBehindItsEndLeavesNothingOpen() throws Exception {
    try (var origin = origin();
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port()).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      Socket there = originsSocket();
      there.shutdownOutput();
      assertThat(client.socket().getInputStream().read()).isEqualTo(-1);
      there.close();
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> {
            client.send("x"); // the first one is answered by a reset, the next one fails
            return upstreamConnections(gateway) == 0;
          });
      client.shutdownOutput();
      expectNothingOpen(gateway);
    }
  }

  @Test
  void aClientThatIsGoneBehindItsEndLeavesNothingOpen() throws Exception {
    try (var origin = origin();
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port()).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      Socket there = originsSocket();
      client.shutdownOutput();
      assertThat(there.getInputStream().read()).isEqualTo(-1);
      client.socket().close();
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> {
            there.getOutputStream().write('x');
            return gateway.dataPlane().openConnections() == 0;
          });
      there.close();
      expectNothingOpen(gateway);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSlowReaderGetsEverythingBeforeAnEndEvenIfItGoesOnTalking(boolean clientReads)
      throws Exception {
    try (var origin = origin();
        var gateway = gateway(origin);
        var client = RawClient.connectSlowReader(gateway.port(), 16 * 1024).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      client.socket().setSoTimeout((int) PATIENCE.toMillis());
      Socket there = originsSocket();
      Socket reader = clientReads ? client.socket() : there;
      Socket speaker = clientReads ? there : client.socket();
      speaker.getOutputStream().write(new byte[LastWords.BYTES]);
      LastWords.leave(speaker, PATIENCE);
      assertThat(LastWords.talkAndRead(reader)).isEqualTo(LastWords.BYTES);
      reader.close();
      expectNothingOpen(gateway);
    }
  }

  /** TLS has a word of its own for an end; a FIN without it could come from anybody on the way. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTruncatedTlsClientResetsTheEndpoint(boolean said) throws Exception {
    try (var origin = origin();
        var gateway =
            TestGateway.start()
                .tls(TestGateway.binding("a", CA.serverFor("a.example"), HostPattern.any()))
                .cluster("c", origin.port())
                .route("/", Actions.upgrades("c", "x"))
                .apply();
        var below = new Socket("127.0.0.1", gateway.port());
        var socket =
            (SSLSocket)
                TestTls.client(CA)
                    .getSocketFactory()
                    .createSocket(below, "a.example", gateway.port(), false);
        var client = RawClient.over(socket).deadline(PATIENCE)) {
      client.send(ASK).readHead();
      client.socket().setSoTimeout((int) PATIENCE.toMillis());
      Socket there = originsSocket();
      exchange(there, socket);
      exchange(socket, there);
      if (said) {
        socket.shutdownOutput();
        below.shutdownOutput();
        assertThat(there.getInputStream().read()).isEqualTo(-1);
        there.close();
      } else {
        below.shutdownOutput();
        expectReset(there);
      }
      expectNothingOpen(gateway);
    } catch (SocketException e) {
      assertThat(said).as("the client has been reset as well").isFalse();
    }
  }
}
