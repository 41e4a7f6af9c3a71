// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who may come in, changed while it serves. */
class PolicyPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

  @Test
  void plaintextIsRefusedWhereAnIdentityIsNeeded() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair =
            SidecarPair.start(app.port(), "--default-inbound-policy=all-authenticated");
        RawClient member = pair.connect();
        RawClient plain = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE);
        RawClient raw = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      member.send(GET);
      assertThat(member.readResponse()).isEqualTo(OK);
      plain.send(GET);
      String refused = plain.readResponse();
      assertThat(refused).startsWith("HTTP/1.1 403 Forbidden\r\n").endsWith("\r\n\r\n");
      plain.send(GET);
      assertThat(plain.readResponse()).as("the connection goes on").startsWith("HTTP/1.1 403 ");
      raw.send("\0\1\2");
      assertThat(raw.readToEnd()).isEmpty();
      assertThat(app.requests()).hasSize(1);
      assertThat(pair.server().process().refusals().metrics())
          .contains("{direction=\"inbound\",reason=\"unauthenticated\"} 1");
      List<TrafficReport.Edge> edges = pair.server().member().report().edges();
      assertThat(
              edges.stream().filter(TrafficReport.Edge::denied).mapToLong(e -> e.requests()).sum())
          .isEqualTo(2);
      assertThat(edges.stream().filter(TrafficReport.Edge::denied).mapToLong(e -> e.opened()).sum())
          .isEqualTo(1);
    }
  }

  @Test
  void aSilentClientThatMayNotComeInDoesNotReachTheApplication() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.send("220 ready"));
        SidecarPair pair = SidecarPair.start(app.port(), "--default-inbound-policy=deny");
        RawClient plain = RawClient.connect(pair.server().inboundPort());
        RawClient member = pair.connect()) {
      assertThat(member.readToEnd()).isEmpty();
      assertThat(plain.isQuietFor(Duration.ofMillis(300))).isTrue();
      assertThat(app.connections()).isEmpty();
    }
  }

  @Test
  void probesPassWhateverThePolicyIs() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port(), "--default-inbound-policy=deny");
        RawClient kubelet = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      pair.server()
          .member()
          .push(
              new InboundSettings(
                  InboundPolicy.DENY,
                  InboundSettings.DEFAULT_CLUSTER_NETWORKS,
                  Set.of(),
                  List.of(new Probe(app.port(), "/ready?a=b")),
                  List.of()));
      kubelet.send("GET /ready?a=b HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(kubelet.readResponse()).isEqualTo(OK);
      kubelet.send("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(kubelet.readResponse()).startsWith("HTTP/1.1 403 ");
    }
  }

  @Test
  void probesByGrpcAndByHttpsPassWhateverThePolicyIs() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              String head = c.readUntil("\n");
              c.send(head != null && head.startsWith("POST ") ? OK : "not TLS\n");
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port(), "--default-inbound-policy=deny");
        RawClient grpc = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE);
        RawClient https = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE);
        RawClient other = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      pair.server()
          .member()
          .push(
              new InboundSettings(
                  InboundPolicy.DENY,
                  InboundSettings.DEFAULT_CLUSTER_NETWORKS,
                  Set.of(),
                  List.of(
                      new Probe(app.port(), Probe.GRPC_HEALTH), new Probe(app.port(), Probe.HTTPS)),
                  List.of("127.0.0.0/8")));
      grpc.send("POST " + Probe.GRPC_HEALTH + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      assertThat(grpc.readResponse()).isEqualTo(OK);
      // A ClientHello that names no protocol of ours, and a byte that ends the application's line.
      https.send("\26\3\1\0\55\1\0\0\51\3\3" + "R".repeat(32) + "\0\0\2\23\1\1\0" + "\n");
      assertThat(https.read(8)).isEqualTo("not TLS\n");
      other.send("POST /else HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      assertThat(other.readResponse()).startsWith("HTTP/1.1 403 ");
    }
  }

  @Test
  void aFlipEndsRawConnectionsAndAnswersRequestsAtOnce() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              String head = c.readUntil("\n");
              while (head != null) {
                c.send(head.startsWith("GET") ? OK : "raw\n");
                head = c.readUntil(head.startsWith("GET") ? "\r\n\r\n" : "\n");
              }
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient raw = pair.connect();
        RawClient http = pair.connect()) {
      raw.send("\0\n");
      assertThat(raw.read(4)).isEqualTo("raw\n");
      http.send(GET);
      assertThat(http.readResponse()).isEqualTo(OK);
      pair.server().member().push(InboundSettings.of(InboundPolicy.DENY));
      assertThat(raw.readToEnd()).isEmpty();
      http.send(GET);
      assertThat(http.readResponse()).startsWith("HTTP/1.1 403 ");
      pair.server().member().push(InboundSettings.of(InboundPolicy.AUDIT));
      http.send(GET);
      assertThat(http.readResponse()).isEqualTo(OK);
      assertThat(pair.server().process().refusals().metrics())
          .contains("reason=\"no_longer_allowed\"} 1");
    }
  }

  @Test
  void aFlipEndsTunnelsAndResponsesThatRun() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              String head = c.readHead();
              if (head != null && head.contains("/socket")) {
                c.send(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        + "Connection: Upgrade\r\n\r\nwelcome");
              } else if (head != null && head.contains("/stream")) {
                c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
              }
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient socket = pair.connect();
        RawClient stream = pair.connect();
        RawClient waiting = pair.connect();
        RawClient probe = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      socket.send(
          "GET /socket HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertThat(socket.readHead()).startsWith("HTTP/1.1 101 ");
      assertThat(socket.read(7)).isEqualTo("welcome");
      stream.send("GET /stream HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(stream.readUntil("first\r\n")).startsWith("HTTP/1.1 200 ");
      waiting.send("GET /waiting HTTP/1.1\r\nHost: web\r\n\r\n");
      probe.send("GET /stream?probe HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(probe.readUntil("first\r\n")).startsWith("HTTP/1.1 200 ");
      await().atMost(PATIENCE).until(() -> app.received().contains("GET /waiting "));
      pair.server()
          .member()
          .push(
              new InboundSettings(
                  InboundPolicy.DENY,
                  InboundSettings.DEFAULT_CLUSTER_NETWORKS,
                  Set.of(),
                  List.of(new Probe(app.port(), "/stream?probe")),
                  List.of()));
      assertThat(socket.readToEnd()).isEmpty();
      assertThat(stream.readToEnd()).as("no last chunk: it is broken off").isEmpty();
      assertThat(waiting.readResponse()).startsWith("HTTP/1.1 403 ");
      assertThat(probe.isQuietFor(Duration.ofMillis(500))).as("a probe goes on").isTrue();
      assertThat(pair.server().process().refusals().metrics())
          .contains("reason=\"no_longer_allowed\"} 3");
    }
  }

  @Test
  void flipsUnderLoadAnswerEveryRequestOneWayOrTheOther() throws Exception {
    var over = new AtomicBoolean();
    var answered = new AtomicInteger();
    var wrong = new AtomicInteger();
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port())) {
      var threads = new Thread[4];
      for (int i = 0; i < threads.length; i++) {
        threads[i] =
            Thread.ofVirtual()
                .start(() -> {
                  try (RawClient client = pair.connect()) {
                    while (!over.get()) {
                      client.send(GET);
                      String response = client.readResponse();
                      answered.incrementAndGet();
                      if (!response.equals(OK) && !response.startsWith("HTTP/1.1 403 ")) {
                        wrong.incrementAndGet();
                      }
                    }
                  } catch (IOException e) {
                    wrong.incrementAndGet();
                  }
                });
      }
      for (int flip = 0; flip < 50; flip++) {
        int before = answered.get();
        await().atMost(PATIENCE).until(() -> answered.get() > before || wrong.get() > 0);
        pair.server()
            .member()
            .push(
                InboundSettings.of(
                    flip % 2 == 0 ? InboundPolicy.DENY : InboundPolicy.ALL_AUTHENTICATED));
      }
      over.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(wrong).hasValue(0);
    }
  }
}
