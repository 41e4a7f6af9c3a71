// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Bytes through two sidecars, whoever speaks first. */
class RawPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Less than the sidecar waits for a client's first bytes where it must have them. */
  private static final Duration AT_ONCE = Duration.ofSeconds(8);

  @Test
  void aServerThatSpeaksFirstIsHeardAtOnce() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send("220 ready\r\n");
              c.send("250 " + c.readUntil("\r\n"));
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port())) {
      for (int i = 0; i < 3; i++) {
        long start = System.nanoTime();
        try (RawClient client = pair.connect()) {
          assertThat(client.readUntil("\r\n")).isEqualTo("220 ready\r\n");
          assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(AT_ONCE);
          client.send("HELO me\r\n");
          assertThat(client.readUntil("\r\n")).isEqualTo("250 HELO me\r\n");
        }
      }
      assertThat(app.connections()).as("none was opened in vain").hasSize(3);
    }
  }

  @Test
  void aSilentClientThatTurnsOutToSpeakHttpIsServedAsHttp() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      await().atMost(PATIENCE).until(() -> app.connections().size() == 1);
      client.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(app.requests().getFirst()).containsIgnoringCase("selvage-client-id: spiffe://");
      await().atMost(PATIENCE).until(() -> app.isFirstClosedByPeer());
      assertThat(app.connections().getFirst().received()).isEmpty();
    }
  }

  @Test
  void bytesThatAreNothingKnownAreCarried() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send("+" + c.readUntil("\r\n"));
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      client.send("*1\r\n");
      assertThat(client.readUntil("\r\n")).isEqualTo("+*1\r\n");
      TrafficReport.Edge in = pair.server().member().report().edges().getFirst();
      assertThat(in.open()).isEqualTo(1);
      assertThat(in.opened()).isEqualTo(1);
    }
  }

  @Test
  void aHalfClosedClientStillGetsItsAnswer() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.readToEnd();
              c.send("got " + c.received().length());
            });
        SidecarPair pair = SidecarPair.start(app.port())) {
      for (String sent : new String[] {"\0hello", ""}) {
        try (RawClient client = pair.connect()) {
          client.send(sent).shutdownOutput();
          assertThat(client.readToEnd()).isEqualTo("got " + sent.length());
        }
      }
    }
  }

  @Test
  void aHalfClosedServerStillHears() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send("bye");
              c.shutdownOutput();
              c.readUntil("end");
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      assertThat(client.readToEnd()).isEqualTo("bye");
      client.send("and the end");
      await().atMost(PATIENCE).until(() -> app.received().equals("and the end"));
    }
  }

  @Test
  void aPrefixThatNeverEndsIsCarriedAfterABound() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send(c.read(1));
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      client.send("G");
      assertThat(client.read(1)).isEqualTo("G");
    }
  }

  /** No codec of ours would let it pass: it has no Host, and a field that is not the client's. */
  private static final String LIKE_HTTP = "GET / HTTP/1.1\r\nselvage-client-id: me\r\n\r\n";

  private static ScriptedOrigin echo() throws IOException {
    return ScriptedOrigin.start(c -> {
      c.send("got " + c.read(LIKE_HTTP.length()));
      c.readToEnd();
    });
  }

  private static void assertUntouched(SidecarPair pair) throws IOException {
    try (RawClient client = pair.connect()) {
      client.send(LIKE_HTTP);
      assertThat(client.read(4 + LIKE_HTTP.length())).isEqualTo("got " + LIKE_HTTP);
    }
  }

  /** The pod says that its only port is opaque. */
  private static void markOpaque(SidecarPair pair, ScriptedOrigin app) {
    pair.server()
        .member()
        .push(
            new InboundSettings(
                InboundPolicy.ALL_UNAUTHENTICATED,
                InboundSettings.DEFAULT_CLUSTER_NETWORKS,
                Set.of(app.port()),
                List.of(),
                List.of()));
  }

  @Test
  void anOpaqueServiceIsNotLookedAt() throws IOException {
    try (ScriptedOrigin app = echo();
        SidecarPair pair = SidecarPair.start(app.port(), ProtocolHint.OPAQUE)) {
      markOpaque(pair, app);
      assertUntouched(pair);
    }
  }

  /** The annotation of a pod counts through its Service too, which says nothing. */
  @Test
  void anOpaqueEndpointIsNotLookedAtThroughItsService() throws IOException {
    try (ScriptedOrigin app = echo();
        SidecarPair pair = SidecarPair.start(app.port())) {
      markOpaque(pair, app);
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              TestMesh.service(
                  ProtocolHint.DETECT,
                  TestMesh.endpoint(
                      pair.server().inboundPort(),
                      TestMesh.identity("server"),
                      ProtocolHint.OPAQUE)));
      assertUntouched(pair);
    }
  }

  /** Whatever the other proxy took the bytes for, which may not have heard of it yet. */
  @Test
  void anOpaquePortIsNotLookedAtWhereTheClientsProxyFoundHttp() throws Exception {
    try (ScriptedOrigin app =
            ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      markOpaque(pair, app);
      client.send("GET / HTTP/1.1\r\nHost: web\r\nselvage-client-id: me\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(app.requests().getFirst())
          .as("neither what the client said nor what a codec would have put in")
          .doesNotContainIgnoringCase("selvage-client-id");
    }
  }

  @Test
  void aRequestTooSlowToBeSeenIsCutOffBeforeItsFields() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.readToEnd());
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send("GET / HTTP");
      await().atMost(PATIENCE).until(() -> app.received().equals("GET / HTTP"));
      client.send("/1.1\r\nselvage-client-id: admin\r\n\r\n");
      assertThat(client.readToEnd()).isEmpty();
      assertThat(app.received()).isEqualTo("GET / HTTP");
      assertThat(pair.server().process().refusals().metrics())
          .contains("reason=\"late_request\"} 1");
    }
  }

  @Test
  void aPrefaceTooSlowToBeSeenIsCutOffBeforeItsFields() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.readToEnd());
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send("PRI * HTTP/2.0\r\n");
      await().atMost(PATIENCE).until(() -> app.received().equals("PRI * HTTP/2.0\r\n"));
      client.send("\r\nSM\r\n\r\nfields");
      assertThat(client.readToEnd()).isEmpty();
      assertThat(app.received()).isEqualTo("PRI * HTTP/2.0\r\n");
    }
  }

  @Test
  void aRequestBehindAGreetingIsCutOffBeforeItsFields() throws Exception {
    for (String request :
        new String[] {
          "GET / HTTP/1.1\r\nselvage-client-id: admin\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        }) {
      try (ScriptedOrigin app =
              ScriptedOrigin.start(c -> {
                c.send("hello\r\n");
                c.readToEnd();
              });
          SidecarPair pair = SidecarPair.start(app.port());
          RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
        assertThat(client.readUntil("\r\n")).isEqualTo("hello\r\n");
        client.send(request);
        assertThat(client.readToEnd()).isEmpty();
        assertThat(app.received()).isEmpty();
      }
    }
  }

  @Test
  void anHttp2ServerThatSendsItsSettingsFirstIsStillSpokenToInHttp2() throws Exception {
    String settings = "\0\0\0\4\0\0\0\0\0";
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send(settings);
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      await().atMost(PATIENCE).until(() -> app.connections().size() == 1);
      await().atMost(PATIENCE).until(() -> app.isFirstClosedByPeer());
      client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
      assertThat(client.read(4)).as("the proxy's own settings").endsWith("\4");
      assertThat(app.received()).as("nothing is carried as it is").isEmpty();
    }
  }
}
