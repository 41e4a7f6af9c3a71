// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
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
