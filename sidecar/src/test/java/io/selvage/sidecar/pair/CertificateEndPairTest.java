// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.selvage.model.mesh.TrafficReport;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Way;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** A connection made with a certificate does not outlive it. */
class CertificateEndPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Long enough to connect on a busy machine, and the allowance that nobody connects in. */
  private static final Duration BELIEVED = Duration.ofSeconds(10).plus(MeshTls.SKEW);

  @Test
  void connectionsEndWithTheCertificateThatEndsFirst() {
    CompletableFuture.allOf(
            CompletableFuture.runAsync(() -> expectAllEndedBy("client")),
            CompletableFuture.runAsync(() -> expectAllEndedBy("server")))
        .join();
  }

  private static void expectAllEndedBy(String account) {
    var mesh = new TestMesh();
    mesh.believe(account, BELIEVED);
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              String first = c.readUntil("\n");
              if (first != null && first.startsWith("GET")) {
                c.readUntil("\r\n\r\n");
                c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n");
              }
              c.send("first\n");
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(mesh, app.port());
        RawClient raw = pair.connect().deadline(PATIENCE);
        RawClient http = pair.connect().deadline(PATIENCE);
        RawClient plain = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      raw.send("\0\n");
      assertThat(raw.readUntil("first\n")).isEqualTo("first\n");
      http.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(http.readUntil("first\n")).startsWith("HTTP/1.1 200 ");
      plain.send("\0\n");
      assertThat(plain.readUntil("first\n")).isEqualTo("first\n");
      assertThat(toEnd(raw)).isEmpty();
      assertThat(toEnd(http)).as("no last chunk").isBlank();
      assertThat(plain.isQuietFor(Duration.ofMillis(500))).as("without any").isTrue();
      await().atMost(PATIENCE).until(() -> pair.server().process().openConnections() == 1);
      assertThat(pair.server().process().refusals().count(Way.INBOUND, Refusal.CERTIFICATES_ENDED))
          .as("unless the client's side was faster")
          .isBetween(0L, 2L);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of these a connection takes requests for three quarters. */
  private static final Duration DATED = Duration.ofSeconds(40);

  /** Well behind that even where the first connection was made late, and well before the date. */
  private static final Duration LATE = Duration.ofSeconds(36);

  @Test
  void requestsGoToANewConnectionWhileTheOldOneHasTimeForThoseThatRun() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<?> one :
          threads.invokeAll(
              List.of(
                  () -> expectNewConnection("client"),
                  () -> expectNewConnection("server"),
                  () -> expectNewHttp2Connection("client"),
                  () -> expectNewHttp2Connection("server")))) {
        one.get();
      }
    }
  }

  private static boolean expectNewConnection(String account) throws Exception {
    var mesh = new TestMesh();
    mesh.believe(account, DATED.plus(MeshTls.SKEW));
    Instant issued = Instant.now();
    var release = new CountDownLatch(1);
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              for (String head = c.readHead(); head != null; head = c.readHead()) {
                c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh");
                if (head.startsWith("GET /long")) {
                  release.await();
                }
                c.send("i");
              }
            });
        SidecarPair pair = SidecarPair.start(mesh, app.port());
        RawClient running = pair.connect().deadline(PATIENCE);
        RawClient client = pair.connect().deadline(PATIENCE)) {
      running.send("GET /long HTTP/1.1\r\nHost: web\r\n\r\n");
      running.readHead();
      client.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(client.readResponse()).endsWith("hi");
      assertThat(newConnections(pair)).isEqualTo(2);
      renewAndWait(pair, account, issued);
      client.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(client.readResponse()).endsWith("hi");
      assertThat(newConnections(pair)).as("for the second request").isEqualTo(1);
      release.countDown();
      assertThat(running.read(2)).isEqualTo("hi");
    }
    return true;
  }

  private static boolean expectNewHttp2Connection(String account) throws Exception {
    var mesh = new TestMesh();
    mesh.believe(account, DATED.plus(MeshTls.SKEW));
    Instant issued = Instant.now();
    try (var interop = new GrpcInteropPairTest.Interop(mesh)) {
      interop.setUp();
      try {
        interop.emptyUnary();
        assertThat(newConnections(interop.pair())).isEqualTo(1);
        renewAndWait(interop.pair(), account, issued);
        interop.emptyUnary();
        assertThat(newConnections(interop.pair())).as("for the second call").isEqualTo(1);
      } finally {
        interop.tearDown();
      }
    }
    return true;
  }

  private static void renewAndWait(SidecarPair pair, String account, Instant issued)
      throws InterruptedException {
    Instant connected = Instant.now();
    pair.mesh().believe(account);
    pair.client().member().renew();
    pair.server().member().renew();
    // A connection made late is used for longer, and then this would say nothing.
    assumeTrue(connected.isBefore(issued.plusSeconds(10)), "the machine is too slow for this");
    Thread.sleep(Duration.between(Instant.now(), issued.plus(LATE)));
  }

  /** Connections of members that the server's side has accepted since the last call. */
  private static long newConnections(SidecarPair pair) {
    return pair.server().member().report().edges().stream()
        .filter(edge -> edge.peerIdentity().equals(TestMesh.identity("client")))
        .mapToLong(TrafficReport.Edge::opened)
        .sum();
  }

  private static String toEnd(RawClient client) throws IOException {
    try {
      return client.readToEnd();
    } catch (SocketException e) {
      return ""; // a reset
    }
  }
}
