// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests that two parsers could read in two ways: bytes in, bytes out, and the origin sees none.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileRequestTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  private ScriptedOrigin origin;
  private TestGateway gateway;

  /** Behind its own gateway, for requests of which nothing may arrive. */
  private ScriptedOrigin untouched;

  private TestGateway refusing;

  @BeforeAll
  void start() throws Exception {
    origin = ScriptedOrigin.answering(OK);
    gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
    untouched = ScriptedOrigin.answering(OK);
    refusing = TestGateway.start().cluster("c", untouched.port()).route("/", "c").apply();
  }

  @AfterAll
  void stop() throws Exception {
    gateway.close();
    origin.close();
    refusing.close();
    untouched.close();
  }

  private static Arguments row(String name, int status, String bytes) {
    return Arguments.of(name, status, bytes);
  }

  private static String post(String fields) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\nabc";
  }

  private static String get(String fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        // 1
        row(
            "content-length and transfer-encoding",
            400,
            post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")),
        row(
            "transfer-encoding and content-length",
            400,
            post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")),
        row(
            "both in HTTP/1.0",
            400,
            "POST / HTTP/1.0\r\n"
                + "Host: a\r\n"
                + "Content-Length: 3\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "abc"),
        row(
            "transfer-encoding in HTTP/1.0",
            400,
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        row("two equal content-lengths", 400, post("Content-Length: 3\r\nContent-Length: 3\r\n")),
        row(
            "two different content-lengths",
            400,
            post("Content-Length: 3\r\nContent-Length: 4\r\n")),
        row("content-length list", 400, post("Content-Length: 3,3\r\n")),
        row("content-length with a plus", 400, post("Content-Length: +3\r\n")),
        row("negative content-length", 400, post("Content-Length: -1\r\n")),
        row("hexadecimal content-length", 400, post("Content-Length: 0x3\r\n")),
        row("empty content-length", 400, post("Content-Length:\r\n")),
        row("content-length beyond 2^63", 400, post("Content-Length: 9223372036854775808\r\n")),
        // 2
        row("unknown coding", 400, post("Transfer-Encoding: xchunked\r\n")),
        row("chunked not last", 400, post("Transfer-Encoding: chunked, identity\r\n")),
        row("identity", 400, post("Transfer-Encoding: identity\r\n")),
        row("chunked twice", 400, post("Transfer-Encoding: chunked, chunked\r\n")),
        row(
            "two transfer-encodings",
            400,
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
        row("space before the colon", 400, post("Transfer-Encoding : chunked\r\n")),
        row("vertical tab in the coding", 400, post("Transfer-Encoding: \013chunked\r\n")),
        // 3
        row("a coding before chunked", 501, post("Transfer-Encoding: gzip, chunked\r\n")),
        // 4
        row("folded field", 400, get("X-A: b\r\n c\r\n")),
        row("folded with a tab", 400, get("X-A: b\r\n\tc\r\n")),
        row("folded transfer-encoding", 400, post("Transfer-Encoding:\r\n chunked\r\n")),
        row("fold as the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        // 5
        row("bare LF everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n"),
        row("bare LF after a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        row("bare LF as the empty line", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        row("bare CR in a value", 400, get("X-A: b\rc\r\n")),
        row("NUL in a value", 400, get("X-A: b\0c\r\n")),
        row("NUL in a name", 400, get("X\0A: b\r\n")),
        row("DEL in a value", 400, get("X-A: b\177c\r\n")),
        row("space in a name", 400, get("X A: b\r\n")),
        row("no colon", 400, get("XA\r\n")),
        row("empty name", 400, get(": b\r\n")),
        row("leading control bytes", 400, "\0\0GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("leading space", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        // 8
        row("no host", 400, "GET / HTTP/1.1\r\nX: a\r\n\r\n"),
        row("two hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        row("user information in the host", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        row("path in the host", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        row("space in the host", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        row("bad port in the host", 400, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
        // 9
        row("absolute form and another host", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("authority form", 400, "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("fragment", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("CONNECT", 501, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        // 10
        row("space in the path", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("NUL in the path", 400, "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("method not a token", 400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("HTTP/0.9", 400, "GET /\r\n\r\n"),
        row("HTTP/1.9", 505, "GET / HTTP/1.9\r\nHost: a\r\n\r\n"),
        row("HTTP/2.0 as text", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        row("lower-case version", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
        row("two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        // 11
        row("tab as separator", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("two spaces", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        row("raw byte above 0x7f in the path", 400, "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n"),
        // 12
        row("escaped NUL", 400, "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        // 13
        row("unknown expectation", 417, post("Content-Length: 3\r\nExpect: junk\r\n")),
        // 16
        row(
            "upgrade with a body",
            400,
            post("Content-Length: 3\r\nConnection: upgrade\r\nUpgrade: websocket\r\n")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void refusesAndClosesBeforeTheOriginSeesAnything(String name, int status, String bytes)
      throws Exception {
    int before = refusing.ended().size();
    try (var client = RawClient.connect(refusing.port())) {
      // A second request behind it must never be read out of the first.
      client.send(bytes + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 " + status + ' ');
      assertThat(RawClient.header(answer, "connection")).isEqualTo("close");
      assertThat(answer).containsOnlyOnce("HTTP/1.1 ");
    }
    assertThat(untouched.connections()).isEmpty();
    TestGateway.Ended ended = refusing.nth(before + 1);
    assertThat(ended.status()).isEqualTo(status);
    assertThat(ended.outcome()).isEqualTo(Outcome.REJECTED);
    assertThat(ended.rejection()).isNotEmpty();
  }

  static Stream<Arguments> brokenChunks() {
    return Stream.of(
        Arguments.of("LF inside an extension", "3;a\n\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("open quote in an extension", "3;a=\"b\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("0x size", "0x3\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("negative size", "-3\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("space behind the size", "3 \r\nabc\r\n0\r\n\r\n"),
        Arguments.of("empty size", "\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("size beyond 2^60", "1000000000000000\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("no CRLF behind the data", "3\r\nabcX0\r\n\r\n"),
        Arguments.of("LF endings", "3\nabc\n0\n\n"),
        Arguments.of("LF behind the data", "3\r\nabc\n0\r\n\r\n"),
        Arguments.of("size line without end", "3;" + "x".repeat(300) + "\r\nabc\r\n0\r\n\r\n"),
        Arguments.of("bad trailer", "3\r\nabc\r\n0\r\nX Y: z\r\n\r\n"),
        Arguments.of("bare LF in trailers", "3\r\nabc\r\n0\r\nX: z\n\r\n"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("brokenChunks")
  void neverCompletesARequestWhoseChunksBreak(String name, String body) throws Exception {
    int requests = origin.requests().size();
    int ends = ends(origin.received());
    try (var client = RawClient.connect(gateway.port())) {
      client.send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 4");
      assertThat(answer).containsOnlyOnce("HTTP/1.1 ");
    }
    assertThat(origin.requests()).hasSize(requests);
    assertThat(ends(origin.received())).isEqualTo(ends);
  }

  /** Last chunks in {@code bytes}. */
  private static int ends(String bytes) {
    return bytes.split("\r\n0\r\n", -1).length;
  }

  @Test
  void takesChunkedInCapitals() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(
          post("Transfer-Encoding: CHUNKED\r\n").replace("abc", "3;a=\"b c\"\r\nabc\r\n0\r\n\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.requests().getLast())
          .contains("\r\ntransfer-encoding: chunked\r\n")
          .endsWith("\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    }
  }

  @Test
  void takesTheAbsoluteFormOverAnEqualHost() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send("GET http://A:80/x HTTP/1.1\r\nHost: a:80\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.requests().getLast()).startsWith("GET /x HTTP/1.1\r\nhost: ");
    }
  }

  @Test
  void forgivesOneEmptyLineBeforeARequest() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void ignoresAnUpgradeToH2c() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(
          get(
              "Connection: Upgrade, HTTP2-Settings\r\n"
                  + "Upgrade: h2c\r\n"
                  + "HTTP2-Settings: AAMAAABkAAQ\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      String seen = origin.requests().getLast().toLowerCase(java.util.Locale.ROOT);
      assertThat(seen).doesNotContain("upgrade").doesNotContain("http2-settings");
    }
  }

  @Test
  void refusesAnUpgradeTheRouteDoesNotAllow() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(get("Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void dropsWhatConnectionNominatesButNotWhatItAddsItself() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(
          get(
              "Connection: close, X-Forwarded-For, X-Secret, Host\r\n"
                  + "X-Secret: 1\r\n"
                  + "X-Forwarded-For: 6.6.6.6\r\n"
                  + "Keep-Alive: 5\r\n"
                  + "Proxy-Connection: x\r\n"
                  + "TE: gzip\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      String seen = origin.requests().getLast();
      assertThat(RawClient.header(seen, "x-forwarded-for")).isEqualTo("127.0.0.1");
      assertThat(RawClient.header(seen, "host")).isEqualTo("a");
      assertThat(seen.toLowerCase(java.util.Locale.ROOT))
          .doesNotContain("x-secret")
          .doesNotContain("\nconnection")
          .doesNotContain("keep-alive")
          .doesNotContain("proxy-connection")
          .doesNotContain("\nte:");
    }
  }

  @Test
  void dropsForgedIdentityAndUnderscoreTwins() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(
          get(
              "X_Forwarded_For: 6.6.6.6\r\n"
                  + "X-Forwarded-For: 7.7.7.7\r\n"
                  + "X-Forwarded-Proto: https\r\n"
                  + "X-Envoy-Internal: true\r\n"
                  + "X-Envoy-Original-Path: /x\r\n"
                  + "L5d-Client-Id: me\r\n"
                  + "X-Forwarded-Client-Cert: me\r\n"
                  + "Forwarded: for=6.6.6.6\r\n"
                  + "X-Real-IP: 6.6.6.6\r\n"
                  + "X-Forwarded-Host: evil\r\n"
                  + "X-Request-Id: mine\r\n"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      String seen = origin.requests().getLast();
      assertThat(RawClient.header(seen, "x-forwarded-for")).isEqualTo("7.7.7.7, 127.0.0.1");
      assertThat(RawClient.header(seen, "x-forwarded-proto")).isEqualTo("http");
      assertThat(RawClient.header(seen, "x-request-id")).hasSize(36);
      assertThat(seen.toLowerCase(java.util.Locale.ROOT))
          .doesNotContain("x_forwarded_for")
          .doesNotContain("x-envoy-internal")
          .doesNotContain("x-envoy-original-path")
          .doesNotContain("l5d-")
          .doesNotContain("client-cert")
          .doesNotContain("\nforwarded:")
          .doesNotContain("x-real-ip")
          .doesNotContain("evil");
    }
  }

  @Test
  void dropsTrailersThatCouldPassForFields() throws Exception {
    try (var client = RawClient.connect(gateway.port())) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "1\r\nx\r\n0\r\nX-Sum: 1\r\nAuthorization: me\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.requests().getLast()).endsWith("1\r\nx\r\n0\r\n\r\n");
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.requests().getLast()).endsWith("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n");
    }
  }
}
