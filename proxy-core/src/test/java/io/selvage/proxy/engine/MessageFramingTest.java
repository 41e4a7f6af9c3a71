// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bodies of every framing in both directions, pipelining, interim responses, ends of connections.
 */
class MessageFramingTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  private static TestGateway gateway(ScriptedOrigin origin) {
    return TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  @Test
  void passesABodyOfKnownLengthInAnyPieces() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      String request = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world";
      for (int i = 0; i < request.length(); i++) {
        client.send(request.substring(i, i + 1));
      }
      assertThat(client.readResponse()).endsWith("hi");
      assertThat(origin.requests().getFirst())
          .contains("\r\nContent-Length: 11\r\n")
          .endsWith("\r\n\r\nhello world");
      assertThat(gateway.only().requestBytes()).isEqualTo(11);
    }
  }

  @Test
  void passesALargeBodyBothWays() throws Exception {
    String large = "0123456789abcdef".repeat(64 * 1024);
    try (var origin =
            ScriptedOrigin.start(c -> {
              String head = c.readHead();
              String body = c.readBody(head);
              c.send("HTTP/1.1 200 OK\r\ncontent-length: " + body.length() + "\r\n\r\n" + body);
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      var sender =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.send(
                      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
                          + large.length()
                          + "\r\n\r\n"
                          + large);
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      String head = client.readHead();
      assertThat(head).startsWith("HTTP/1.1 200");
      byte[] body = client.socket().getInputStream().readNBytes(large.length());
      sender.join();
      assertThat(new String(body, java.nio.charset.StandardCharsets.ISO_8859_1)).isEqualTo(large);
      assertThat(gateway.only().responseBytes()).isEqualTo(large.length());
    }
  }

  @Test
  void passesChunkedResponsesWithTrailers() throws Exception {
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\ngrpc-status: 5\r\n\r\n");
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      String head = client.readHead();
      assertThat(RawClient.header(head, "transfer-encoding")).isEqualTo("chunked");
      assertThat(client.readBody(head))
          .isEqualTo("3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\ngrpc-status: 5\r\n\r\n");
      assertThat(gateway.only().grpcStatus()).isEqualTo(5);
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.connections()).hasSize(1);
    }
  }

  @Test
  void endsACloseDelimitedResponseWithTheLastChunk() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      String head = client.readHead();
      assertThat(client.readUntil("0\r\n\r\n")).contains("until the end");
      assertThat(RawClient.header(head, "transfer-encoding")).isEqualTo("chunked");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.OK);
      client.send(get("/"));
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void givesAnHttp10ClientACloseDelimitedBody() throws Exception {
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 200").endsWith("\r\n\r\nabc");
      assertThat(RawClient.header(answer, "transfer-encoding")).isNull();
      assertThat(RawClient.header(answer, "connection")).isEqualTo("close");
    }
  }

  @Test
  void keepsAnHttp10ConnectionOnlyIfAsked() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin);
        var kept = RawClient.connect(gateway.port());
        var single = RawClient.connect(gateway.port())) {
      kept.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
      assertThat(RawClient.header(kept.readResponse(), "connection")).isEqualTo("keep-alive");
      kept.send("GET / HTTP/1.0\r\n\r\n");
      assertThat(kept.readToEnd()).endsWith("hi");
      single.send("GET / HTTP/1.0\r\n\r\n");
      assertThat(single.readToEnd()).endsWith("hi");
    }
  }

  @Test
  void sendsNoBodyForHead204And304() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
              c.readRequest();
              c.send("HTTP/1.1 204 No Content\r\n\r\n");
              c.readRequest();
              c.send("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n");
              c.readRequest();
              c.send(OK);
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(RawClient.header(client.readHead(), "content-length")).isEqualTo("5");
      client.send(get("/"));
      String none = client.readHead();
      assertThat(none).startsWith("HTTP/1.1 204");
      assertThat(RawClient.header(none, "content-length")).isNull();
      client.send(get("/"));
      assertThat(RawClient.header(client.readHead(), "content-length")).isEqualTo("9");
      client.send(get("/"));
      assertThat(client.readResponse()).endsWith("hi");
      assertThat(origin.connections()).hasSize(1);
    }
  }

  @Test
  void answersPipelinedRequestsInOrder() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              String request;
              while ((request = c.readRequest()) != null) {
                String path = request.substring(5, request.indexOf(' ', 5));
                c.send("HTTP/1.1 200 OK\r\ncontent-length: " + path.length() + "\r\n\r\n" + path);
              }
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      var all = new StringBuilder();
      for (int i = 0; i < 50; i++) {
        all.append(get("/n" + i));
      }
      client.send(all.toString());
      for (int i = 0; i < 50; i++) {
        assertThat(client.readResponse()).endsWith("\r\n\r\nn" + i);
      }
      assertThat(gateway.nth(50).status()).isEqualTo(200);
    }
  }

  @Test
  void relaysContinueAndEarlyHints() throws Exception {
    var asked = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              String head = c.readHead();
              asked.countDown();
              c.send("HTTP/1.1 100 Continue\r\n\r\n");
              String body = c.readBody(head == null ? "" : head);
              c.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n" + body);
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(client.readHead()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      client.send("abc");
      assertThat(client.readHead()).isEqualTo("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
      assertThat(client.readResponse()).endsWith("abc");
    }
  }

  @Test
  void closesAfterAFinalAnswerToAnUnsentBody() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno");
              c.readToEnd();
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 401").endsWith("no");
      assertThat(RawClient.header(answer, "connection")).isEqualTo("close");
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
    }
  }

  @Test
  void relaysAnEarlyAnswerAndPoolsNeitherConnection() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno");
              c.readToEnd();
            });
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
      assertThat(client.readToEnd()).startsWith("HTTP/1.1 413").endsWith("no");
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.OK);
    }
  }

  @Test
  void tunnelsAnAllowedUpgradeWithEarlyBytesAndHalfCloses() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send(
                  "HTTP/1.1 101 Switching Protocols\r\n"
                      + "connection: Upgrade\r\n"
                      + "upgrade: WebSocket\r\n\r\n"
                      + "first");
              assertThat(c.read(5)).isEqualTo("early");
              assertThat(c.read(4)).isEqualTo("late");
              c.readToEnd(); // the client's half-close arrives as one
              c.send("last");
            });
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.upgrades("c", "websocket"))
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(
          "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Key: x\r\n\r\nearly");
      String head = client.readHead();
      assertThat(head).startsWith("HTTP/1.1 101");
      assertThat(RawClient.header(head, "upgrade")).isEqualTo("websocket");
      assertThat(RawClient.header(head, "connection")).isEqualTo("upgrade");
      assertThat(client.read(5)).isEqualTo("first");
      client.send("late");
      client.shutdownOutput();
      assertThat(client.readToEnd()).isEqualTo("last");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.TUNNEL_CLOSED);
      assertThat(gateway.only().tunnel()).isEqualTo("websocket");
      assertThat(origin.failures()).isEmpty();
      String seen = origin.connections().getFirst().received();
      assertThat(RawClient.header(seen, "upgrade")).isEqualTo("websocket");
    }
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {"POST /ws HTTP/1.1\r\nSec-WebSocket-Key: x", "GET /ws HTTP/1.1\r\nX-A: b"})
  void refusesAWebSocketHandshakeThatIsNone(String lines) throws Exception {
    try (var origin = ScriptedOrigin.answering("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.upgrades("c", "websocket"))
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(lines + "\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 400 ");
      assertThat(origin.requests()).isEmpty();
    }
  }

  @Test
  void answers502ToA101NobodyAskedFor() throws Exception {
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
        var gateway = gateway(origin);
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 502");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.UPSTREAM_PROTOCOL);
    }
  }

  @Test
  void closesOnRequestAndIsQuietOtherwise() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin);
        var open = RawClient.connect(gateway.port());
        var closed = RawClient.connect(gateway.port())) {
      open.send(get("/"));
      assertThat(RawClient.header(open.readResponse(), "connection")).isNull();
      assertThat(open.isQuietFor(Duration.ofMillis(100))).isTrue();
      closed.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      String answer = closed.readToEnd();
      assertThat(RawClient.header(answer, "connection")).isEqualTo("close");
      assertThat(answer).endsWith("hi");
    }
  }

  @Test
  void cancelsTheUpstreamWhenTheClientLeaves() throws Exception {
    var asked = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readHead();
              asked.countDown();
              c.readToEnd();
            });
        var gateway = gateway(origin)) {
      try (var client = RawClient.connect(gateway.port())) {
        client.send(get("/"));
        assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      }
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.CLIENT_GONE);
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
    }
  }
}
