// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request's fields may say (RFC 9113 section 8), as bytes on a real socket. */
class RequestRulesTest {
  private static final ScriptedExchanges EXCHANGES = new ScriptedExchanges();
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server = new TestServer(EXCHANGES);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void forget() {
    EXCHANGES.seen.clear();
    EXCHANGES.rejected.clear();
    EXCHANGES.malformed.clear();
  }

  private void expectMalformed(boolean end, String... fields) throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, end, fields).expectReset(1, Http2.PROTOCOL_ERROR);
      assertThat(EXCHANGES.seen).isEmpty();
      assertThat(EXCHANGES.rejected).hasSize(1);
      c.expectAlive(3);
    }
  }

  private void expectRefused(int status, String... fields) throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, fields).expectStatus(1, status);
      assertThat(EXCHANGES.seen).isEmpty();
      assertThat(EXCHANGES.rejected).hasSize(1);
      assertThat(EXCHANGES.rejected.getFirst().status()).isEqualTo(status);
      c.expectAlive(3);
    }
  }

  private static String[] get(String... more) {
    return WireClient.request("GET", "/", more);
  }

  @Test
  void passesAPlainRequestOn() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, WireClient.request("GET", "/a?b=c", "x-one", "1", "te", "trailers"));
      c.expectStatus(1, 200);
    }
    assertThat(EXCHANGES.seen).containsExactly("GET /a?b=c a.test\nx-one: 1\nte: trailers\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Upper",
        "x y",
        "x:y",
        "",
        "x\u0000y",
        "x\r\ny",
        "x\u007fy",
        "x\u00e4",
        "x(y)",
        "x\"y"
      })
  void resetsForBadHeaderName(String name) throws Exception {
    expectMalformed(true, get(name, "v"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a\rb", "a\nb", "a\u0000b", "a\r\nx: y", " a", "a ", "\ta", "a\u0001b", "a\u007f"})
  void resetsForBadHeaderValue(String value) throws Exception {
    expectMalformed(true, get("x-v", value));
  }

  @Test
  void acceptsTabAndHighBytesWithinAValue() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, get("x-v", "a\tb\u00e4")).expectStatus(1, 200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {":path", ":authority", ":method", ":scheme"})
  void resetsForLineBreakInPseudoHeader(String name) throws Exception {
    String[] fields = get();
    for (int i = 0; i < fields.length; i += 2) {
      if (fields[i].equals(name)) {
        fields[i + 1] += "\r\nx: y";
      }
    }
    expectMalformed(true, fields);
  }

  @ParameterizedTest
  @CsvSource({
    "connection, close", "connection, x-a", "keep-alive, timeout=5", "proxy-connection, close",
    "transfer-encoding, chunked", "upgrade, h2c", "te, gzip", "te, 'trailers, deflate'"
  })
  void resetsForConnectionSpecificField(String name, String value) throws Exception {
    expectMalformed(true, get(name, value));
  }

  @ParameterizedTest
  @ValueSource(strings = {":method", ":scheme", ":path"})
  void resetsForMissingPseudoHeader(String name) throws Exception {
    List<String> fields = new ArrayList<>(Arrays.asList(get()));
    int i = fields.indexOf(name);
    fields.subList(i, i + 2).clear();
    expectMalformed(true, fields.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource({":method, GET", ":scheme, http", ":path, /", ":authority, a.test"})
  void resetsForDuplicatePseudoHeader(String name, String value) throws Exception {
    List<String> fields = new ArrayList<>(Arrays.asList(get()));
    fields.addFirst(value);
    fields.addFirst(name);
    expectMalformed(true, fields.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {":status", ":unknown", ":", ":Path"})
  void resetsForUnknownPseudoHeader(String name) throws Exception {
    List<String> fields = new ArrayList<>(Arrays.asList(get()));
    fields.addFirst("200");
    fields.addFirst(name);
    expectMalformed(true, fields.toArray(String[]::new));
  }

  @Test
  void resetsForPseudoHeaderAfterRegularField() throws Exception {
    expectMalformed(
        true, ":method", "GET", ":scheme", "http", "x-a", "1", ":path", "/", ":authority", "a");
  }

  @Test
  void resetsForEmptyPath() throws Exception {
    expectMalformed(true, WireClient.request("GET", ""));
  }

  @Test
  void resetsWhenHostIsNotTheAuthority() throws Exception {
    expectMalformed(true, get("host", "b.test"));
  }

  @Test
  void acceptsHostEqualToTheAuthority() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, get("host", "A.test")).expectStatus(1, 200);
    }
    // Said once, by the authority.
    assertThat(EXCHANGES.seen).containsExactly("GET / a.test\n");
  }

  @Test
  void takesHostWhereThereIsNoAuthority() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, ":method", "GET", ":scheme", "http", ":path", "/", "host", "h.test")
          .expectStatus(1, 200);
    }
    assertThat(EXCHANGES.seen).containsExactly("GET / h.test\n");
  }

  @Test
  void resetsForTwoHosts() throws Exception {
    expectMalformed(true, get("host", "a.test", "host", "a.test"));
  }

  @Test
  void resetsForUserInfo() throws Exception {
    expectMalformed(
        true, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "me@a.test");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a b", "a", "http://a.test/", "/a#b", "/%00", "*", "/\u00e4"})
  void answers400ToBadPath(String path) throws Exception {
    expectRefused(400, WireClient.request("GET", path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ftp", "", "http://", "HTTP"})
  void answers400ToOtherScheme(String scheme) throws Exception {
    expectRefused(400, ":method", "GET", ":scheme", scheme, ":path", "/", ":authority", "a.test");
  }

  @Test
  void answers400WithoutAuthorityAndHost() throws Exception {
    expectRefused(400, ":method", "GET", ":scheme", "http", ":path", "/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "a/c", "a:99999", "[::1"})
  void answers400ToBadAuthority(String authority) throws Exception {
    expectRefused(400, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", authority);
  }

  @Test
  void answers400ToMethodThatIsNoToken() throws Exception {
    expectRefused(400, WireClient.request("G T", "/"));
  }

  @Test
  void answers501ToPlainConnect() throws Exception {
    expectRefused(501, ":method", "CONNECT", ":authority", "a.test:443");
  }

  @Test
  void answers417ToUnknownExpectation() throws Exception {
    expectRefused(417, get("expect", "200-ok"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "+3", "3,3", "0x3", "", "9999999999999999999"})
  void resetsForBadContentLength(String value) throws Exception {
    expectMalformed(false, get("content-length", value));
  }

  @Test
  void resetsForTwoContentLengthsEvenIfEqual() throws Exception {
    expectMalformed(false, get("content-length", "3", "content-length", "3"));
  }

  @Test
  void resetsForContentLengthWithoutBody() throws Exception {
    expectMalformed(true, get("content-length", "3"));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void resetsWhenDataIsNotTheContentLength(int length) throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/never", "content-length", "3"));
      c.data(1, length, true).expectReset(1, Http2.PROTOCOL_ERROR);
      assertThat(EXCHANGES.malformed).hasSize(1);
      c.expectAlive(3);
    }
  }

  @Test
  void acceptsDataOfExactlyTheContentLengthOverTwoFrames() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/echo", "content-length", "3"));
      c.data(1, 1, false).data(1, 2, true).expectStatus(1, 200);
    }
    assertThat(EXCHANGES.malformed).isEmpty();
  }

  @Test
  void resetsWhenTrailersComeBeforeTheContentLength() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/never", "content-length", "3"));
      c.headers(1, true, "x-t", "1").expectReset(1, Http2.PROTOCOL_ERROR);
      assertThat(EXCHANGES.malformed).hasSize(1);
    }
  }

  @Test
  void passesTrailersOnWithoutFramingAndCredentials() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/echo")).data(1, 2, false);
      c.headers(1, true, "x-t", "1", "content-length", "9", "authorization", "x", "host", "b");
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).hasSize(2);
      var trailers = c.nextOfStreams();
      assertThat(trailers.has(Http2.END_STREAM)).isTrue();
      assertThat(c.decode(trailers)).containsOnlyKeys("x-t");
    }
    assertThat(EXCHANGES.seen).contains("trailers\nx-t: 1\n");
  }

  @Test
  void resetsForPseudoHeaderInTrailers() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/never"));
      c.headers(1, true, ":path", "/x").expectReset(1, Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void resetsForTrailersWithoutEndStream() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/never"));
      c.headers(1, false, "x-t", "1").expectReset(1, Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void joinsCookieCrumbs() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, get("cookie", "a=1", "x-m", "1", "cookie", "b=2")).expectStatus(1, 200);
    }
    assertThat(EXCHANGES.seen).containsExactly("GET / a.test\nx-m: 1\ncookie: a=1; b=2\n");
  }

  @Test
  void dropsUnderscoreNamesByDefault() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, true, get("x_forwarded_for", "1.2.3.4", "x-ok", "1")).expectStatus(1, 200);
    }
    assertThat(EXCHANGES.seen).containsExactly("GET / a.test\nx-ok: 1\n");
  }

  @Test
  void sendsInterimResponseBeforeTheFinalOne() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.get(1, "/early");
      assertThat(c.expectStatus(1, 103)).containsEntry("link", "</a.css>; rel=preload");
      c.expectStatus(1, 200);
    }
  }

  @Test
  void abortedResponseIsReset() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.get(1, "/abort");
      c.expectStatus(1, 200);
      c.expectReset(1, Http2.INTERNAL_ERROR);
    }
  }

  @Test
  void asksToStopARequestThatIsAnsweredEarly() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(1, false, WireClient.request("POST", "/done")).expectStatus(1, 200);
      c.expectReset(1, Http2.NO_ERROR);
      // What was on its way is harmless.
      c.data(1, 100, false).data(1, 0, true).expectAlive(3);
    }
  }

  @Test
  void resetByTheClientEndsTheExchange() throws Exception {
    int before = EXCHANGES.gone.get();
    try (var c = WireClient.connect(server.port())) {
      c.get(1, "/never").reset(1, Http2.CANCEL).expectAlive(3);
      assertThat(EXCHANGES.gone).hasValue(before + 1);
    }
  }

  @Test
  void closingTheConnectionEndsItsExchanges() throws Exception {
    int before = EXCHANGES.gone.get();
    try (var c = WireClient.connect(server.port())) {
      c.get(1, "/never").get(3, "/never").expectAlive(5);
    }
    await().untilAsserted(() -> assertThat(EXCHANGES.gone).hasValue(before + 2));
  }

  @Test
  void carriesAWebSocketByExtendedConnect() throws Exception {
    try (var c = WireClient.connect(server.port())) {
      c.headers(
          1,
          false,
          ":method",
          "CONNECT",
          ":protocol",
          "websocket",
          ":scheme",
          "https",
          ":path",
          "/ws",
          ":authority",
          "a.test",
          "sec-websocket-version",
          "13");
      var head = c.expectStatus(1, 200);
      assertThat(head).doesNotContainKeys("upgrade", "connection", "sec-websocket-accept");
      c.data(1, 5, false).flush();
      assertThat(c.nextOfStreams().payload()).hasSize(5);
      c.data(1, 0, true).flush();
      assertThat(c.nextOfStreams().has(Http2.END_STREAM)).isTrue();
    }
    assertThat(EXCHANGES.seen.getFirst())
        .startsWith("GET /ws a.test\nsec-websocket-version: 13\n")
        .contains("sec-websocket-key: ");
  }

  @Test
  void answers501ToOtherProtocols() throws Exception {
    expectRefused(
        501,
        ":method",
        "CONNECT",
        ":protocol",
        "connect-udp",
        ":scheme",
        "https",
        ":path",
        "/",
        ":authority",
        "a.test");
  }

  @Test
  void resetsForProtocolWithoutConnect() throws Exception {
    expectMalformed(
        true,
        ":method",
        "GET",
        ":protocol",
        "websocket",
        ":scheme",
        "https",
        ":path",
        "/",
        ":authority",
        "a.test");
  }
}
