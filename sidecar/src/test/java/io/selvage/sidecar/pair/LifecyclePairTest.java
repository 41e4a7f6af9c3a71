// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.proxy.transport.EventLoops;
import io.selvage.sidecar.logging.LogLevels;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.process.SidecarProcess;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The admin port, and how a sidecar leaves. */
class LifecyclePairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

  @Test
  void adminPagesSayHowItIs() throws IOException {
    var mesh = new TestMesh();
    try (TestSidecar ready = TestSidecar.start(mesh, "a", "--inbound=127.0.0.1:0=127.0.0.1:9");
        TestSidecar young = TestSidecar.start(mesh, "", "--inbound=127.0.0.1:0=127.0.0.1:9")) {
      assertThat(ask(ready, "GET", "/live")).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nlive\n");
      assertThat(ask(ready, "GET", "/ready"))
          .startsWith("HTTP/1.1 200 ")
          .endsWith("\r\n\r\nready\n");
      assertThat(ask(young, "GET", "/live")).startsWith("HTTP/1.1 200 ");
      assertThat(ask(young, "GET", "/ready"))
          .startsWith("HTTP/1.1 503 ")
          .contains("not ready\ncertificate: there is no certificate yet\n");
      assertThat(ask(ready, "GET", "/metrics"))
          .startsWith("HTTP/1.1 200 ")
          .contains("selvage_sidecar_inbound_policy{policy=\"all-unauthenticated\"} 1\n")
          .contains("selvage_sidecar_accepted_connections_total{direction=\"inbound\"} 0\n");
      assertThat(ask(ready, "POST", "/metrics")).startsWith("HTTP/1.1 405 ");
      assertThat(ask(ready, "GET", "/nothing")).startsWith("HTTP/1.1 404 ");
      assertThat(ask(ready, "POST", "/shutdown"))
          .startsWith("HTTP/1.1 404 ")
          .contains("not enabled");
    }
  }

  @Test
  void theLogLevelIsChangedByThePort() throws IOException {
    var mesh = new TestMesh();
    try (TestSidecar sidecar = TestSidecar.start(mesh, "a", "--inbound=127.0.0.1:0=127.0.0.1:9")) {
      assertThat(ask(sidecar, "POST", "/log-level")).startsWith("HTTP/1.1 405 ");
      assertThat(put(sidecar, "")).startsWith("HTTP/1.1 400 ");
      assertThat(put(sidecar, "loud")).startsWith("HTTP/1.1 400 ").contains("expected a level");
      assertThat(put(sidecar, "x".repeat(4_097))).startsWith("HTTP/1.1 413 ");
      assertThat(put(sidecar, "debug\n")).startsWith("HTTP/1.1 200 ");
      assertThat(LogLevels.PROCESS.levelOf("io.selvage.sidecar.Any")).isEqualTo("debug");
      assertThat(ask(sidecar, "GET", "/log-level"))
          .startsWith("HTTP/1.1 200 ")
          .contains("\r\n\r\ndebug\n");
      assertThat(put(sidecar, "INFO")).startsWith("HTTP/1.1 200 ");
      assertThat(LogLevels.PROCESS.levelOf("io.selvage.sidecar.Any")).isEqualTo("info");
    }
  }

  private static String put(TestSidecar sidecar, String level) throws IOException {
    try (RawClient client = RawClient.connect(sidecar.process().adminPort()).deadline(PATIENCE)) {
      client.send(
          "PUT /log-level HTTP/1.1\r\nHost: a\r\nContent-Length: "
              + level.length()
              + "\r\n\r\n"
              + level);
      return client.readResponse();
    }
  }

  @Test
  void shutdownByTheAdminPortIsWhatSigtermIs() throws Exception {
    var mesh = new TestMesh();
    try (TestSidecar sidecar =
        TestSidecar.start(
            mesh,
            "a",
            "--inbound=127.0.0.1:0=127.0.0.1:9",
            "--admin-shutdown=true",
            "--shutdown-quiet=100ms")) {
      assertThat(ask(sidecar, "GET", "/shutdown")).startsWith("HTTP/1.1 405 ");
      assertThat(sidecar.process().stopped()).isNotDone();
      assertThat(ask(sidecar, "POST", "/shutdown")).startsWith("HTTP/1.1 200 ");
      sidecar.process().stopped().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void aLeavingSidecarServesOldAndNewConnectionsUntilTheApplicationIsGone() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair =
            SidecarPair.start(app.port(), "--shutdown-quiet=500ms", "--shutdown-grace=10m");
        RawClient before = pair.connect()) {
      before.send(GET);
      assertThat(before.readResponse()).isEqualTo(OK);
      pair.client().process().leave();
      assertThat(pair.client().process().readiness().isReady()).isFalse();
      for (int i = 0; i < 3; i++) {
        try (RawClient later = pair.connect()) {
          later.send(GET);
          assertThat(later.readResponse()).as("nothing says it is leaving").isEqualTo(OK);
        }
        before.send(GET);
        assertThat(before.readResponse()).isEqualTo(OK);
      }
      Thread.sleep(1_000); // longer than the quiet time: a connection is open
      before.send(GET);
      assertThat(before.readResponse()).isEqualTo(OK);
      assertThat(pair.client().process().stopped()).isNotDone();
      before.close();
      pair.client().process().stopped().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void aLeavingSidecarSendsItsPeersAwayAndEndsWithTheLastRequest() throws Exception {
    var answer = new CountDownLatch(1);
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              for (String head = c.readHead(); head != null; head = c.readHead()) {
                if (head.contains("/slow")) {
                  try {
                    answer.await(90, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                }
                c.send(OK);
              }
            });
        SidecarPair pair =
            SidecarPair.start(app.port(), "--shutdown-quiet=100ms", "--shutdown-grace=10m");
        RawClient member = pair.connect();
        RawClient idle = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE);
        RawClient two = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE);
        RawClient slow = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      member.send(GET);
      assertThat(member.readResponse()).isEqualTo(OK);
      idle.send(GET);
      assertThat(idle.readResponse()).isEqualTo(OK);
      two.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
      assertThat(two.read(4)).as("its settings").endsWith("\4");
      slow.send("GET /slow HTTP/1.1\r\nHost: web\r\n\r\n");
      await().atMost(PATIENCE).until(() -> app.received().contains("/slow"));
      pair.server().process().leave();
      assertThat(idle.readToEnd()).isEmpty();
      assertThat(two.readToEnd()).as("GOAWAY is a frame of type 7").contains("\7\0\0\0\0\0");
      try (RawClient late = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
        late.send(GET);
        assertThat(late.readResponse()).contains("connection: close").endsWith("hi");
      }
      assertThat(pair.server().process().stopped()).as("a request runs").isNotDone();
      answer.countDown();
      assertThat(slow.readResponse()).contains("connection: close").endsWith("hi");
      pair.server().process().stopped().get(20, TimeUnit.SECONDS);
    }
  }

  private static final String[] PATIENT = {"--shutdown-quiet=100ms", "--shutdown-grace=10m"};

  private static void leave(SidecarPair pair) {
    pair.server().process().leave();
    pair.client().process().leave();
  }

  private static void assertStays(SidecarPair pair) {
    assertThat(pair.server().process().stopped()).isNotDone();
    assertThat(pair.client().process().stopped()).isNotDone();
  }

  private static void awaitStopped(SidecarPair pair) throws Exception {
    pair.client().process().stopped().get(20, TimeUnit.SECONDS);
    pair.server().process().stopped().get(20, TimeUnit.SECONDS);
  }

  @Test
  void anOpenWebSocketGoesOnThroughTwoLeavingSidecarsToItsEnd() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send(
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      + "Connection: Upgrade\r\n\r\n");
              for (int i = 0; i < 4; i++) {
                c.send(c.read(4));
              }
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port(), PATIENT);
        RawClient client = pair.connect()) {
      client.send(
          "GET /chat HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 101 ");
      client.send("one.");
      assertThat(client.read(4)).isEqualTo("one.");
      leave(pair);
      for (String said : List.of("two.", "and.", "more")) {
        Thread.sleep(300); // longer than the quiet time
        client.send(said);
        assertThat(client.read(4)).isEqualTo(said);
        assertStays(pair);
      }
      client.close();
      awaitStopped(pair);
    }
  }

  /** What was on its way when the sidecar began to leave is answered, and is the last. */
  @Test
  void aRequestOnItsWayIsStillAnswered() throws Exception {
    boolean answered = false;
    // Half a second is little on a machine that is busy: one of several tries must make it.
    for (int i = 0; i < 5 && !answered; i++) {
      try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
          SidecarPair pair = SidecarPair.start(app.port(), "--shutdown-grace=10m");
          RawClient plain = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
        await().atMost(PATIENCE).until(() -> pair.server().process().openConnections() > 0);
        pair.server().process().leave();
        Thread.sleep(50); // it has heard of it
        plain.send(GET);
        String all = plain.readToEnd();
        answered = all.contains("connection: close") && all.endsWith("hi");
      } catch (IOException reset) {
        // too late
      }
    }
    assertThat(answered).isTrue();
  }

  @Test
  void whatCannotStartLeavesNothingBehind() throws Exception {
    var made = new AtomicReference<EventLoops>();
    assertThatThrownBy(() ->
            SidecarProcess.start(
                OptionParser.parse(
                    List.of("--control-plane=127.0.0.1:1", "--pod-ips=10.0.0.1"), Map.of()),
                "test",
                (options, loops, tls) -> {
                  made.set(loops);
                  throw new IllegalStateException("no member");
                }))
        .hasMessage("no member");
    assertThat(made.get().workers().isTerminated()).isTrue();
  }

  @Test
  void lateInTheGracePeriodConnectionsAreAskedToEndAndThenCut() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.readUntil("\n");
              c.send("stream\n");
              c.readToEnd();
            });
        ScriptedOrigin web = ScriptedOrigin.answering(OK);
        SidecarPair raw = SidecarPair.start(app.port(), "--shutdown-grace=2s");
        SidecarPair http = SidecarPair.start(web.port(), "--shutdown-grace=2s");
        RawClient stream = raw.connect();
        RawClient requests = http.connect()) {
      stream.send("\0\n");
      assertThat(stream.readUntil("\n")).isEqualTo("stream\n");
      raw.client().process().leave();
      http.client().process().leave();
      await().atMost(PATIENCE).until(() -> isAskedToEnd(requests));
      assertThat(stream.readToEnd()).isEmpty();
      raw.client().process().stopped().get(20, TimeUnit.SECONDS);
      http.client().process().stopped().get(20, TimeUnit.SECONDS);
    }
  }

  /** A busy connection hears of it with its next answer, an idle one is closed. */
  private static boolean isAskedToEnd(RawClient requests) {
    try {
      requests.send(GET);
      return requests.readResponse().toLowerCase(Locale.ROOT).contains("connection: close");
    } catch (IOException e) {
      return true;
    }
  }

  private static String ask(TestSidecar sidecar, String method, String path) throws IOException {
    try (RawClient client = RawClient.connect(sidecar.process().adminPort()).deadline(PATIENCE)) {
      client.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      return client.readResponse();
    }
  }
}
