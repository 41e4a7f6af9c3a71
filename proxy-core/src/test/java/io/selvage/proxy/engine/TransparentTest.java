// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static io.selvage.proxy.engine.MeshProxy.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.proxy.exchange.Admission;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What passes a proxy of the mesh unchanged, and what does not pass it at all. */
class TransparentTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final TargetSpec UNEDITED =
      new TargetSpec("t", 1_000, false, HeaderEdits.NONE, Admission.EVERYBODY);

  /** Requests as a client sends them; the application gets the very same bytes. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        // Paths that a gateway would normalise or refuse
        "GET //a/./b/../c%2f%2E%41;x=1?q=%zz&r=a/../b#f HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\\b|{c}^`\"<> HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /? HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        // Other forms of a target
        "GET http://other.example:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET HTTPS://other.example HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        // Whom it is for is the application's business
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nX-First: 1\r\nHOST: A_b..Example.:080\r\nX-Last: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a%41\r\n\r\n",
        // What others add or strip
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 5.6.7.8\r\n"
            + "Forwarded: for=1.2.3.4\r\nX-Envoy-Internal: true\r\nl5d-dst: x\r\n"
            + "X-Request-Id: mine\r\nx_under_score: 1\r\nX-Real-IP: 1.1.1.1\r\n\r\n",
        "PURGE / HTTP/1.1\r\nHost: a\r\nExpect: the-unexpected\r\nVia: 1.0 x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Latin: \u00e4\u00f6\u00fc\r\nX-Tab: a\tb\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n\r\n",
      })
  void passesARequestByteByByte(String request) throws Exception {
    String response =
        "HTTP/1.1 299 Mine\r\nSERVER: app\r\nX_y: \u00e9\r\nx-envoy-upstream-service-time: 1\r\n"
            + "Content-Length: 3\r\n\r\nyes";
    try (var app = ScriptedOrigin.answering(response);
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send(request);
      assertThat(client.readResponse()).isEqualTo(response);
      assertThat(app.received()).isEqualTo(request);
      // And the connection goes on
      client.send(request);
      assertThat(client.readResponse()).isEqualTo(response);
      assertThat(app.received()).isEqualTo(request + request);
    }
  }

  @Test
  void makesUpTheHostOfAnOldClientOnly() throws Exception {
    try (var app = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var proxy = MeshProxy.outside()) {
      int port = http1(proxy, app.port());
      try (var client = RawClient.connect(port).deadline(LONG)) {
        client.send("GET /old HTTP/1.0\r\nX-A: 1\r\n\r\n");
        assertThat(client.readToEnd()).startsWith("HTTP/1.1 200 OK\r\n");
      }
      assertThat(app.received())
          .isEqualTo("GET /old HTTP/1.1\r\nX-A: 1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n");
    }
  }

  @Test
  void passesTrailersAndInterimResponses() throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("HTTP/1.1 102 Processing\r\n\r\n");
              connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
              connection.readUntil("x-t: 1\r\n\r\n");
              connection.send(
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      + "3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n");
              connection.readToEnd();
            });
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      client.send("2\r\nhi\r\n0\r\nx-t: 1\r\n\r\n");
      assertThat(client.readHead()).isEqualTo("HTTP/1.1 102 Processing\r\n\r\n");
      assertThat(client.readHead()).isEqualTo("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(client.readUntil("grpc-status: 0\r\n\r\n")).contains("abc");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "tcp", "x-mine"})
  void tunnelsAnyUpgrade(String token) throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: "
                      + token
                      + "\r\n\r\nfirst");
              assertThat(connection.read(4)).isEqualTo("ping");
              connection.send("pong");
              connection.readToEnd();
            });
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send(
          "GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + token + "\r\n\r\n");
      assertThat(client.readHead())
          .startsWith("HTTP/1.1 101 ")
          .containsIgnoringCase("\r\nupgrade: " + token + "\r\n");
      assertThat(client.read(5)).isEqualTo("first");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("pong");
      client.shutdownOutput();
      assertThat(client.readToEnd()).isEmpty();
      assertThat(app.failures()).isEmpty();
    }
  }

  @Test
  void tunnelsConnect() throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno");
              connection.readHead();
              connection.send("HTTP/1.0 200 Connection established\r\nVia: 1.0 p\r\n\r\nfirst");
              assertThat(connection.read(4)).isEqualTo("ping");
              connection.send("pong");
              connection.readToEnd();
            });
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      String connect = "CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n\r\n";
      client.send(connect);
      assertThat(client.readResponse()).startsWith("HTTP/1.1 407 ").endsWith("no");
      client.send(connect);
      assertThat(client.readHead())
          .isEqualTo("HTTP/1.1 200 Connection established\r\nVia: 1.0 p\r\n\r\n");
      assertThat(client.read(5)).isEqualTo("first");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("pong");
      client.shutdownOutput();
      assertThat(client.readToEnd()).isEmpty();
      assertThat(app.failures()).isEmpty();
      assertThat(app.received()).startsWith(connect + connect);
    }
  }

  /** A server that knows no tunnels would take what is sent through one for requests. */
  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 0", "Transfer-Encoding: chunked", "Content-Length: 2"})
  void makesNoTunnelOfAFramedAnswerToConnect(String framing) throws Exception {
    try (var app = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n0\r\n\r\n");
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(client.readToEnd()).startsWith("HTTP/1.1 502 ");
      assertThat(app.received()).doesNotContain("GET");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 4\r\n\r\nbody",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
      })
  void keepsTheUpgradeOfARequestWithABody(String rest) throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.readUntil(rest.endsWith("0\r\n\r\n") ? "0\r\n\r\n" : "body");
              connection.send(
                  "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n");
              assertThat(connection.read(4)).as("no chunks any more").isEqualTo("ping");
              connection.send("pong");
              connection.readToEnd();
            });
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send(
          "POST /attach HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" + rest);
      assertThat(client.readHead()).startsWith("HTTP/1.1 101 ");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("pong");
      assertThat(app.failures()).isEmpty();
    }
  }

  /** An h2c upgrade is optional for the server: here it never hears of it. */
  @Test
  void leavesAnUpgradeToHttp2Away() throws Exception {
    try (var app = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send(
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
              + "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
      assertThat(app.received()).isEqualTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
  }

  /** Framing is judged as at the gateway: nothing reaches the application. */
  @ParameterizedTest
  @CsvSource({
    "'POST / HTTP/1.1|Host: a|Content-Length: 1|Transfer-Encoding: chunked||', 400",
    "'POST / HTTP/1.1|Host: a|Content-Length: 1|Content-Length: 2||', 400",
    "'POST / HTTP/1.1|Host: a|Transfer-Encoding: gzip, chunked||', 501",
    "'GET / HTTP/1.1|Host: a|Host: b||', 400",
    "'GET / HTTP/1.1|Host : a||', 400",
    "'GET / HTTP/1.1|Host: a| folded||', 400",
    "'GET /a b HTTP/1.1|Host: a||', 400",
    "'GET a HTTP/1.1|Host: a||', 400",
    "'GET * HTTP/1.1|Host: a||', 400",
    "'CONNECT a HTTP/1.1|Host: a||', 400",
    "'CONNECT /a:443 HTTP/1.1|Host: a||', 400",
    "'CONNECT a:443 HTTP/1.1|Host: a:443|Content-Length: 0||', 400",
    "'CONNECT a:443 HTTP/1.1|Host: a:443|Transfer-Encoding: chunked||', 400",
    "'GET / HTTP/2.0|Host: a||', 505",
  })
  void refusesWhatTwoParsersCouldReadInTwoWays(String request, int status) throws Exception {
    try (var app = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var proxy = MeshProxy.outside();
        var client = RawClient.connect(http1(proxy, app.port())).deadline(LONG)) {
      client.send(request.replace("|", "\r\n"));
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
      assertThat(answer.toLowerCase(Locale.ROOT)).doesNotContain("\r\nserver:");
      assertThat(app.connections()).isEmpty();
    }
  }

  // ---- Answers of our own

  @Test
  void saysWhatIsWrongWithTheOtherSide() throws Exception {
    int closed = ClosedPort.take();
    try (var reset = ScriptedOrigin.start(connection -> connection.readHead());
        var garbage =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send("220 smtp ready\r\n\r\n");
            });
        var proxy = MeshProxy.outside()) {
      assertAnswer(proxy, closed, 502, 14, Outcome.CONNECT_FAILED);
      assertAnswer(proxy, reset.port(), 502, 14, Outcome.UPSTREAM_RESET);
      assertAnswer(proxy, garbage.port(), 502, 14, Outcome.UPSTREAM_PROTOCOL);
      Target nobody = proxy.target(UNEDITED);
      assertAnswer(proxy, proxy.outbound(nobody, Protocol.HTTP1), 504, 4);
      assertThat(proxy.ended.getLast().outcome()).isEqualTo(Outcome.NO_ENDPOINTS);
    }
  }

  private static void assertAnswer(MeshProxy proxy, int port, int status, int grpc, Outcome outcome)
      throws Exception {
    assertAnswer(proxy, http1(proxy, port), status, grpc);
    assertThat(proxy.ended.getLast().outcome()).isEqualTo(outcome);
  }

  private static void assertAnswer(MeshProxy proxy, int port, int status, int grpc)
      throws Exception {
    int before = proxy.ended.size();
    try (var client = RawClient.connect(port).deadline(LONG)) {
      client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      String answer = client.readResponse();
      assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
      assertThat(answer.toLowerCase(Locale.ROOT)).doesNotContain("\r\nserver:", "x-envoy");
      client.send(
          "POST /a HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
              + "Content-Length: 0\r\n\r\n");
      assertThat(client.readResponse())
          .startsWith("HTTP/1.1 200 ")
          .contains("\r\ngrpc-status: " + grpc + "\r\n");
    }
    await().atMost(LONG).until(() -> proxy.ended.size() == before + 2);
  }

  private static int http1(MeshProxy proxy, int port) throws Exception {
    return proxy.outbound(proxy.target(UNEDITED, endpoint(port, "")), Protocol.HTTP1);
  }

  // ---- HTTP/2

  @Test
  void passesHttp2WithTrailersOnlyAnswersAndItsScheme() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (var proxy = MeshProxy.outside()) {
      HttpServer app =
          vertx
              .createHttpServer()
              .requestHandler(request -> {
                var response = request.response();
                response.putHeader("x-seen", request.method() + " " + request.uri());
                response.putHeader("x-scheme", String.valueOf(request.scheme()));
                response.putHeader("x-fields", String.join(",", request.headers().names()));
                response.putHeader("x-cookies", "" + request.headers().getAll("cookie").size());
                response.putHeader("content-type", "application/grpc");
                response.putHeader("grpc-status", "5");
                response.end();
              })
              .listen(0, "127.0.0.1")
              .toCompletionStage()
              .toCompletableFuture()
              .get(20, TimeUnit.SECONDS);
      int port =
          proxy.outbound(proxy.target(UNEDITED, endpoint(app.actualPort(), "")), Protocol.HTTP2);
      var client =
          vertx.createHttpClient(
              new HttpClientOptions()
                  .setProtocolVersion(HttpVersion.HTTP_2)
                  .setHttp2ClearTextUpgrade(false));
      var headers =
          client
              .request(HttpMethod.GET, port, "127.0.0.1", "//a/../b%2f?x#y")
              .compose(request -> request.putHeader("te", "trailers").putHeader("x_y", "1").send())
              .map(response -> response.headers())
              .toCompletionStage()
              .toCompletableFuture()
              .get(20, TimeUnit.SECONDS);
      assertThat(headers.get("x-seen")).isEqualTo("GET //a/../b%2f?x#y");
      assertThat(headers.get("x-scheme")).isEqualTo("http");
      assertThat(headers.get("x-fields")).contains("te").contains("x_y");
      assertThat(headers.get("x-fields")).doesNotContain("x-forwarded", "x-envoy", "x-request-id");
      assertThat(headers.get("grpc-status")).isEqualTo("5");
      assertThat(headers.names()).doesNotContain("server", "date", "x-envoy-upstream-service-time");
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void http2IsToldOfAClosedPortAsGrpc() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (var proxy = MeshProxy.outside()) {
      int port =
          proxy.outbound(proxy.target(UNEDITED, endpoint(ClosedPort.take(), "")), Protocol.HTTP2);
      var client =
          vertx.createHttpClient(
              new HttpClientOptions()
                  .setProtocolVersion(HttpVersion.HTTP_2)
                  .setHttp2ClearTextUpgrade(false));
      var response =
          client
              .request(HttpMethod.POST, port, "127.0.0.1", "/a.B/c")
              .compose(request -> request.putHeader("content-type", "application/grpc").send(""))
              .toCompletionStage()
              .toCompletableFuture()
              .get(20, TimeUnit.SECONDS);
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().get("grpc-status")).isEqualTo("14");
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
  }

  /** The one asked first is the one that began last. */
  @Test
  void aFaultInJudgingOneExchangeKeepsNobodyElse() throws Exception {
    var admission =
        new Admission() {
          @Override
          public boolean permits(ConnectionInfo connection, RequestHead request) {
            return true;
          }

          @Override
          public boolean keeps(ConnectionInfo connection, RequestHead request) {
            if (request.target().path().equals("/fault")) {
              throw new IllegalStateException("a fault that a test asked for");
            }
            return false;
          }
        };
    try (var app =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.readToEnd();
            });
        var proxy = MeshProxy.outside()) {
      int port =
          proxy.outbound(
              proxy.target(
                  new TargetSpec("", 1_000, false, TargetSpec.VERIFIED_CLIENT, admission),
                  endpoint(app.port(), "")),
              Protocol.HTTP1);
      try (var other = RawClient.connect(port).deadline(Duration.ofSeconds(30));
          var faulty = RawClient.connect(port).deadline(Duration.ofSeconds(30))) {
        other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
        await().atMost(Duration.ofSeconds(30)).until(() -> app.received().contains("/other"));
        faulty.send("GET /fault HTTP/1.1\r\nHost: a\r\n\r\n");
        await().atMost(Duration.ofSeconds(30)).until(() -> app.received().contains("/fault"));
        proxy.path.judgeRunning(0);
        assertThat(other.readResponse()).startsWith("HTTP/1.1 403 ");
        assertThat(faulty.readResponse()).startsWith("HTTP/1.1 403 ");
      }
    }
  }
}
