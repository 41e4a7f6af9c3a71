// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.engine.TestGateway;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1.1 and HTTP/2 in front and behind, through the whole data plane. */
class CombinationsTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  private final ScriptedExchanges behind = new ScriptedExchanges();
  private TestServer h2Origin;

  @BeforeEach
  void start() throws Exception {
    h2Origin = new TestServer(behind);
  }

  @AfterEach
  void stop() {
    h2Origin.close();
  }

  private static ClusterSpec http2(String name) {
    return http2(name, Optional.empty());
  }

  private static ClusterSpec http2(String name, Optional<ClusterSpec.UpstreamTls> tls) {
    ClusterSpec d = ClusterSpec.http(name);
    return new ClusterSpec(
        d.name(),
        d.statsName(),
        d.endpoints(),
        ClusterSpec.Protocol.HTTP2,
        tls,
        d.loadBalancer(),
        d.connectTimeoutMillis(),
        d.idleTimeoutMillis(),
        d.maxConnectionLifetimeMillis(),
        d.defaultBreakers(),
        d.highBreakers(),
        Optional.empty(),
        d.healthCheck(),
        d.tcpKeepalive());
  }

  private static TestGateway gateway(ClusterSpec cluster, int port) {
    RouteAction.Forward f = RouteAction.Forward.to(cluster.name());
    var tunnels =
        new RouteAction.Forward(
            f.cluster(),
            f.pathRewrite(),
            f.host(),
            f.requestHeaders(),
            f.responseHeaders(),
            f.timeouts(),
            f.retry(),
            f.affinity(),
            Set.of("websocket"),
            f.shadows(),
            f.cors(),
            f.priority(),
            f.maxRequestBodyBytes(),
            f.errorResponses());
    return TestGateway.start().cluster(cluster, port).route("/", tunnels).apply();
  }

  private static TestGateway toHttp1(int port) {
    return gateway(ClusterSpec.http("c"), port);
  }

  private TestGateway toHttp2() {
    return gateway(http2("c"), h2Origin.port());
  }

  // ---- HTTP/2 in front of HTTP/1.1

  @Test
  void http2ToHttp1WritesAPlainRequest() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(
          1,
          true,
          WireClient.request("GET", "/a?b=c", "cookie", "a=1", "cookie", "b=2", "x-one", "1"));
      var head = c.expectStatus(1, 200);
      assertThat(head).containsEntry("content-length", "2").containsEntry("server", "selvage");
      assertThat(c.readBody(1)).isEqualTo(2);
      String request = origin.requests().getFirst();
      assertThat(request).startsWith("GET /a?b=c HTTP/1.1\r\nhost: a.test\r\n");
      assertThat(RawClient.header(request, "cookie")).isEqualTo("a=1; b=2");
      assertThat(RawClient.header(request, "x-one")).isEqualTo("1");
      assertThat(RawClient.header(request, "content-length")).isNull();
      assertThat(RawClient.header(request, "transfer-encoding")).isNull();
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.OK);
    }
  }

  @Test
  void http2ToHttp1ChunksABodyWithoutLengthAndPassesTrailers() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/")).data(1, 3, false);
      c.headers(1, true, "x-t", "1").expectStatus(1, 200);
      String request = origin.received();
      assertThat(RawClient.header(request, "transfer-encoding")).isEqualTo("chunked");
      assertThat(request).endsWith("0\r\nx-t: 1\r\n\r\n");
    }
  }

  @Test
  void http2ToHttp1KeepsTheContentLength() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/", "content-length", "3"));
      c.data(1, 3, true).expectStatus(1, 200);
      String request = origin.requests().getFirst();
      assertThat(RawClient.header(request, "content-length")).isEqualTo("3");
      assertThat(RawClient.header(request, "transfer-encoding")).isNull();
    }
  }

  @Test
  void http2ToHttp1SaysLength0ForAPostWithoutBody() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, true, WireClient.request("POST", "/")).expectStatus(1, 200);
      assertThat(RawClient.header(origin.requests().getFirst(), "content-length")).isEqualTo("0");
    }
  }

  @Test
  void http1TrailersReachTheHttp2Client() throws Exception {
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n");
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.get(1, "/");
      assertThat(c.expectStatus(1, 200)).doesNotContainKey("transfer-encoding");
      assertThat(c.nextOfStreams().payload()).hasSize(2);
      var trailers = c.nextOfStreams();
      assertThat(trailers.has(Http2.END_STREAM)).isTrue();
      assertThat(c.decode(trailers)).containsOnlyKeys("x-t");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "GET"})
  void bodylessResponsesEndWithTheirHead(String method) throws Exception {
    String response =
        method.equals("HEAD")
            ? "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
            : "HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n";
    try (var origin = ScriptedOrigin.answering(response);
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, true, WireClient.request(method, "/")).flush();
      var f = c.nextOfStreams();
      assertThat(f.has(Http2.END_STREAM)).isTrue();
      if (method.equals("HEAD")) {
        assertThat(c.decode(f)).containsEntry("content-length", "5");
      }
    }
  }

  @Test
  void aBodyThatBreaksItsLengthNeverLooksCompleteToTheOrigin() throws Exception {
    var closed = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.readToEnd();
              closed.countDown();
            });
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/", "content-length", "5"));
      c.data(1, 2, false).flush();
      await().until(() -> origin.received().contains("\r\n\r\n"));
      c.data(1, 1, true).expectReset(1, Http2.PROTOCOL_ERROR);
      assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(origin.received().split("\r\n\r\n", 2)[1]).hasSizeLessThan(5);
      assertThat(gateway.only().rejection()).isEqualTo("content_length_mismatch");
      // The connection itself goes on.
      c.frame(Http2.PING, 0, 0, new byte[8]).flush();
      assertThat(c.nextOf(Http2.PING).has(Http2.ACK)).isTrue();
    }
  }

  @Test
  void aResetCancelsTheOriginsRequest() throws Exception {
    var closed = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.readToEnd();
              closed.countDown();
            });
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.get(1, "/").flush();
      await().until(() -> origin.received().contains("\r\n\r\n"));
      c.reset(1, Http2.CANCEL).flush();
      assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.CLIENT_GONE);
    }
  }

  @Test
  void anOriginThatDiesInMidResponseResetsOnlyItsStream() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
              connection.reset();
            });
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.get(1, "/").expectStatus(1, 200);
      var f = c.nextOfStreams();
      if (f.type() == Http2.DATA) {
        assertThat(f.has(Http2.END_STREAM)).isFalse();
        f = c.nextOfStreams();
      }
      assertThat(f.type()).isEqualTo(Http2.RST_STREAM);
      assertThat(f.int32(0)).isEqualTo(Http2.INTERNAL_ERROR);
      c.get(3, "/").expectStatus(3, 200);
    }
  }

  @Test
  void http2ClientOpensAWebSocketToHttp1() throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                      + "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
              connection.send(connection.read(4).toUpperCase(java.util.Locale.ROOT));
              connection.readToEnd();
            });
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(
          1,
          false,
          WireClient.request(
              "CONNECT", "/ws", ":protocol", "websocket", "sec-websocket-version", "13"));
      assertThat(c.expectStatus(1, 200)).doesNotContainKeys("upgrade", "sec-websocket-accept");
      c.frame(Http2.DATA, 0, 1, "ping".getBytes()).flush();
      assertThat(c.nextOfStreams().payload()).isEqualTo("PING".getBytes());
      String request = origin.requests().isEmpty() ? origin.received() : origin.requests().get(0);
      assertThat(request).startsWith("GET /ws HTTP/1.1\r\n");
      assertThat(RawClient.header(request, "upgrade")).isEqualTo("websocket");
      assertThat(RawClient.header(request, "sec-websocket-key")).hasSize(24);
    }
  }

  /** RFC 9113 section 8.5: a reset of the one is CONNECT_ERROR for the other, and vice versa. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aResetOfAWebSocketIsOneForTheOtherSideToo(boolean byClient) throws Exception {
    var opened = new CompletableFuture<ScriptedOrigin.Connection>();
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                      + "Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhi");
              opened.complete(connection);
              while (!connection.socket().isClosed()) {
                Thread.sleep(20);
              }
            });
        var gateway = toHttp1(origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("CONNECT", "/ws", ":protocol", "websocket"));
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).isEqualTo("hi".getBytes());
      ScriptedOrigin.Connection there = opened.get(20, TimeUnit.SECONDS);
      if (byClient) {
        c.frame(Http2.RST_STREAM, 0, 1, new byte[] {0, 0, 0, Http2.CANCEL}).flush();
        there.socket().setSoTimeout(20_000);
        assertThatThrownBy(() -> there.socket().getInputStream().read())
            .hasMessageContaining("reset");
        there.socket().close();
      } else {
        there.reset();
        var frame = c.nextOfStreams();
        assertThat(frame.type()).isEqualTo(Http2.RST_STREAM);
        assertThat(frame.payload()).isEqualTo(new byte[] {0, 0, 0, Http2.CONNECT_ERROR});
      }
    }
  }

  // ---- HTTP/1.1 in front of HTTP/2

  @Test
  void http1ToHttp2() throws Exception {
    try (var gateway = toHttp2();
        var client = RawClient.connect(gateway.port())) {
      client.send("GET /bytes/5 HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
      String response = client.readResponse();
      assertThat(response).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(RawClient.header(response, "content-length")).isEqualTo("5");
      client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\ncontent-length: 5\r\n\r\nhello");
      response = client.readResponse();
      assertThat(RawClient.header(response, "transfer-encoding")).isEqualTo("chunked");
      assertThat(response).contains("hello").endsWith("0\r\n\r\n");
      assertThat(behind.seen.getFirst())
          .startsWith("GET /bytes/5 a.test\n")
          .doesNotContain("host:");
    }
  }

  @Test
  void http1WebSocketMayBeTheFirstOnItsConnectionToHttp2() throws Exception {
    try (var gateway = toHttp2();
        var client = RawClient.connect(gateway.port())) {
      client.send(
          "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 101 ");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("ping");
    }
  }

  @Test
  void http1WebSocketToHttp2() throws Exception {
    try (var gateway = toHttp2();
        var client = RawClient.connect(gateway.port())) {
      // The first request brings the endpoint's SETTINGS, which allow extended CONNECT.
      client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
      client.readResponse();
      client.send(
          "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      String head = client.readHead();
      assertThat(head).startsWith("HTTP/1.1 101 ");
      assertThat(RawClient.header(head, "upgrade")).isEqualTo("websocket");
      assertThat(RawClient.header(head, "sec-websocket-accept"))
          .isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("ping");
    }
  }

  // ---- HTTP/2 on both sides

  @Test
  void http2ToHttp2CarriesBodiesAndTrailersBothWays() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/echo", "te", "trailers"));
      c.data(1, 1000, false).headers(1, true, "x-t", "1").expectStatus(1, 200);
      int got = 0;
      var f = c.nextOfStreams();
      for (; f.type() == Http2.DATA; f = c.nextOfStreams()) {
        got += f.payload().length;
      }
      assertThat(got).isEqualTo(1000);
      assertThat(c.decode(f)).containsEntry("x-t", "1");
      assertThat(behind.seen.getFirst()).contains("te: trailers");
    }
  }

  @Test
  void http2ToHttp2KeepsTrailersOnlyResponsesAsTheyAre() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.headers(
          1,
          true,
          WireClient.request("POST", "/trailers-only", "content-type", "application/grpc"));
      c.flush();
      var f = c.nextOfStreams();
      assertThat(f.has(Http2.END_STREAM)).isTrue();
      assertThat(c.decode(f)).containsEntry("grpc-status", "5");
      assertThat(gateway.only().grpcStatus()).isEqualTo(5);
    }
  }

  @Test
  void http2ToHttp2StreamsBothWaysAtOnce() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/echo", "content-type", "application/grpc"));
      c.expectStatus(1, 200);
      // Each message comes back before the next one is sent.
      for (int i = 1; i <= 20; i++) {
        c.data(1, i, false).flush();
        assertThat(c.nextOfStreams().payload()).hasSize(i);
      }
      c.headers(1, true, "grpc-status", "0").flush();
      assertThat(c.decode(c.nextOfStreams())).containsEntry("grpc-status", "0");
      assertThat(gateway.only().grpcStatus()).isZero();
    }
  }

  @Test
  void http2ToHttp2OverTls() throws Exception {
    var ca = TestCa.root("endpoints");
    var certificate = ca.serverFor("endpoint.test");
    var context =
        TestServer.serverTls(
            certificate.key(), certificate.chain().toArray(X509Certificate[]::new));
    var tls =
        new ClusterSpec.UpstreamTls(
            "endpoint.test",
            Optional.of(new TrustSpec("ca", ca.pem(), "")),
            "",
            Optional.empty(),
            List.of("h2"),
            Optional.empty(),
            Optional.empty(),
            List.of());
    try (var origin = new TestServer(behind, Limits.DEFAULT, Settings.defaults(), 100, context, 0);
        var gateway = gateway(http2("c", Optional.of(tls)), origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20).windowUpdate(0, 1 << 24);
      for (int i = 0; i < 16; i++) {
        c.get(2 * i + 1, "/bytes/65536");
      }
      c.flush();
      int got = 0;
      for (int ended = 0; ended < 16; ) {
        var f = c.nextOfStreams();
        got += f.type() == Http2.DATA ? f.payload().length : 0;
        ended += f.has(Http2.END_STREAM) ? 1 : 0;
      }
      assertThat(got).isEqualTo(16 * 65_536);
    }
  }

  @Test
  void http2ToHttp2SharesOneConnection() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.expectAlive(1);
      int before = h2Origin.connectionCount();
      for (int i = 0; i < 50; i++) {
        c.get(2 * i + 3, "/never");
      }
      c.flush();
      await().until(() -> behind.seen.size() == 51);
      assertThat(h2Origin.connectionCount()).isEqualTo(before);
      c.close();
      await().untilAsserted(() -> assertThat(behind.gone).hasValue(50));
    }
  }

  @Test
  void http2ToHttp2OpensAnotherConnectionBeyondThePeersStreams() throws Exception {
    var exchanges = new ScriptedExchanges();
    try (var origin = new TestServer(exchanges, Limits.DEFAULT, Settings.defaults(), 5, null, 0);
        var gateway = gateway(http2("c"), origin.port());
        var c = WireClient.connect(gateway.port())) {
      c.expectAlive(1);
      for (int i = 0; i < 12; i++) {
        c.get(2 * i + 3, "/never");
      }
      c.flush();
      await().until(() -> exchanges.silent.size() == 12);
      assertThat(origin.connectionCount()).isEqualTo(3);
    }
  }

  @Test
  void aSlowClientHoldsTheEndpointBack() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 100);
      c.get(1, "/bytes/20000000").expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).hasSize(100);
      Thread.sleep(300);
      // A window and two queues, not twenty megabytes.
      assertThat(behind.poured.get()).isLessThan(512 * 1024);
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30);
      c.windowUpdate(0, 1 << 30).flush();
      assertThat(c.readBody(1)).isEqualTo(20_000_000 - 100);
    }
  }

  @Test
  void aSlowEndpointHoldsTheClientBack() throws Exception {
    try (var gateway = toHttp2();
        var c = WireClient.connect(gateway.port())) {
      c.headers(1, false, WireClient.request("POST", "/paused"));
      for (int i = 0; i < 4; i++) {
        c.data(1, 16_384, false);
      }
      c.flush();
      await().until(() -> behind.received.get() == 65_536);
      // The endpoint gives no credit, so after a queue's worth neither do we.
      int credit = 0;
      c.socket().setSoTimeout(500);
      try {
        while (true) {
          var f = c.next();
          credit += f.type() == Http2.WINDOW_UPDATE && f.stream() == 1 ? f.int32(0) : 0;
          if (f.type() == Http2.WINDOW_UPDATE && f.stream() == 1) {
            c.data(1, Math.min(16_384, f.int32(0)), false).flush();
          }
        }
      } catch (java.net.SocketTimeoutException quiet) {
        assertThat(credit).isLessThanOrEqualTo(256 * 1024);
      }
    }
  }
}
