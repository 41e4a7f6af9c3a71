// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.http.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every bound of an HTTP/2 connection, at its limit and one beyond. */
class FloodTest {
  private final ScriptedExchanges exchanges = new ScriptedExchanges();
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server = new TestServer(exchanges);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private WireClient connect() throws Exception {
    return WireClient.connect(server.port());
  }

  private void restart(Limits limits) throws Exception {
    server.close();
    server = new TestServer(exchanges, limits, Settings.defaults(), 100, null, 0);
  }

  @Test
  void takes200RapidResetsButNot201() throws Exception {
    try (var c = connect()) {
      for (int i = 0; i < 200; i++) {
        c.get(2 * i + 1, "/never").reset(2 * i + 1, Http2.CANCEL);
      }
      c.expectAlive(401);
      assertThat(exchanges.gone).hasValue(200);
      c.get(403, "/never").reset(403, Http2.CANCEL).expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
    // Every exchange was cancelled, the last one too.
    await().untilAsserted(() -> assertThat(exchanges.gone).hasValue(201));
  }

  @Test
  void countsResetsThatTheClientProvokes() throws Exception {
    // MadeYouReset: the client never sends RST_STREAM itself.
    try (var c = connect()) {
      for (int i = 0; i < 200; i++) {
        c.get(2 * i + 1, "/never").windowUpdate(2 * i + 1, 0);
        c.expectReset(2 * i + 1, Http2.PROTOCOL_ERROR);
      }
      c.expectAlive(401);
      c.get(403, "/never").windowUpdate(403, 0).expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void takes100StreamsButRefusesThe101st() throws Exception {
    try (var c = connect()) {
      for (int i = 0; i < 100; i++) {
        c.get(2 * i + 1, "/never");
      }
      c.get(201, "/never").expectReset(201, Http2.REFUSED_STREAM);
      assertThat(exchanges.silent).hasSize(100);
      c.reset(1, Http2.CANCEL).expectAlive(203);
    }
  }

  @Test
  void takes16ContinuationsButNot17() throws Exception {
    byte[] block = WireClient.block(WireClient.request("GET", "/x"));
    for (int continuations : new int[] {16, 17}) {
      try (var c = connect()) {
        c.frame(Http2.HEADERS, Http2.END_STREAM, 1, block);
        for (int i = 1; i < continuations; i++) {
          c.frame(Http2.CONTINUATION, 0, 1);
        }
        c.frame(Http2.CONTINUATION, Http2.END_HEADERS, 1);
        if (continuations == 16) {
          c.expectStatus(1, 200);
        } else {
          c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
        }
      }
    }
  }

  @Test
  void endsForCompressedHeaderBlockBeyond32KiB() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.HEADERS, Http2.END_STREAM, 1, new byte[16_384]);
      c.frame(Http2.CONTINUATION, 0, 1, new byte[16_384]);
      c.frame(Http2.CONTINUATION, Http2.END_HEADERS, 1, (byte) 0);
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void takesTwoEmptyDataFramesInARowButNotThree() throws Exception {
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/never"));
      c.data(1, 0, false).data(1, 0, false).data(1, 1, false).data(1, 0, false).data(1, 0, false);
      c.expectAlive(3);
      c.data(1, 1, false).data(1, 0, false).data(1, 0, false).data(1, 0, false);
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void takes100ControlFramesInASecondButNot101() throws Exception {
    // The handshake's SETTINGS and its acknowledgement count as two.
    for (int more : new int[] {98, 99}) {
      try (var c = WireClient.raw(server.port())) {
        // All in one go: the second may not pass on the way.
        c.preface().settings().frame(Http2.SETTINGS, Http2.ACK, 0);
        for (int i = 0; i < more; i++) {
          if (i % 2 == 0) {
            c.settings();
          } else {
            c.frame(Http2.PRIORITY, 0, 7, new byte[5]);
          }
        }
        if (more == 98) {
          c.expectAlive(1);
        } else {
          c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
        }
      }
    }
  }

  @Test
  void endsForPingFlood() throws Exception {
    try (var c = connect()) {
      for (int i = 0; i < 200; i++) {
        c.frame(Http2.PING, 0, 0, new byte[8]);
      }
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void takesAPingAfterEachRequest() throws Exception {
    // gRPC measures its bandwidth so.
    try (var c = connect()) {
      for (int i = 0; i < 300; i++) {
        c.frame(Http2.PING, 0, 0, new byte[8]).expectAlive(2 * i + 1);
      }
    }
  }

  @Test
  void endsForWindowUpdateFlood() throws Exception {
    try (var c = connect()) {
      for (int i = 0; i < 1_000; i++) {
        c.windowUpdate(0, 1);
      }
      c.expectAlive(1);
      for (int i = 0; i < 1_100; i++) {
        c.windowUpdate(0, 1);
      }
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void takes100FieldsButAnswers431To101() throws Exception {
    for (int count : new int[] {100, 101}) {
      List<String> fields = new ArrayList<>(Arrays.asList(WireClient.request("GET", "/x")));
      for (int i = 0; i < count; i++) {
        // Half of them cookie crumbs, which are fields here.
        fields.add(i % 2 == 0 ? "cookie" : "x-" + i);
        fields.add("1");
      }
      try (var c = connect()) {
        c.headers(1, true, fields.toArray(String[]::new));
        c.expectStatus(1, count == 100 ? 200 : 431);
        c.expectAlive(3);
      }
    }
  }

  @Test
  void takes16KiBOfFieldsButAnswers431ToOneByteMore() throws Exception {
    int pseudo = ":method: GET\r\n:scheme: http\r\n:authority: a.test\r\n:path: /x\r\n".length();
    for (int total : new int[] {16_384, 16_385}) {
      int left = total - pseudo - "x-a: \r\n".length();
      try (var c = connect()) {
        byte[] block = WireClient.block(WireClient.request("GET", "/x", "x-a", "v".repeat(left)));
        c.frame(Http2.HEADERS, Http2.END_STREAM, 1, Arrays.copyOf(block, 16_000));
        c.frame(
            Http2.CONTINUATION,
            Http2.END_HEADERS,
            1,
            Arrays.copyOfRange(block, 16_000, block.length));
        c.expectStatus(1, total == 16_384 ? 200 : 431);
        c.expectAlive(3);
      }
    }
  }

  @Test
  void answers431ToAHeaderBomb() throws Exception {
    // One entry of almost 4 KiB, named a thousand times by one byte each.
    byte[] first = WireClient.block(WireClient.request("GET", "/x"));
    byte[] entry = WireClient.block("x-b", "v".repeat(4_000));
    entry[0] = 0x40;
    byte[] bomb = new byte[first.length + entry.length + 1_000];
    System.arraycopy(first, 0, bomb, 0, first.length);
    System.arraycopy(entry, 0, bomb, first.length, entry.length);
    Arrays.fill(bomb, first.length + entry.length, bomb.length, (byte) (0x80 | 62));
    try (var c = connect()) {
      c.frame(Http2.HEADERS, Http2.END_HEADERS | Http2.END_STREAM, 1, bomb);
      c.expectStatus(1, 431);
      c.expectAlive(3);
    }
  }

  @Test
  void takesAPathOf8KiBButAnswers414ToOneByteMore() throws Exception {
    for (int length : new int[] {8_192, 8_193}) {
      try (var c = connect()) {
        c.get(1, "/" + "p".repeat(length - 1)).expectStatus(1, length == 8_192 ? 200 : 414);
        c.expectAlive(3);
      }
    }
  }

  @Test
  void endsWhenTheHeaderBlockNeverEnds() throws Exception {
    restart(limits(3_000, 30_000));
    try (var c = connect()) {
      c.expectAlive(1);
      c.frame(Http2.HEADERS, Http2.END_STREAM, 3, WireClient.block(WireClient.request("GET", "/")));
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
      assertThat(exchanges.rejected.getFirst().status()).isEqualTo(408);
    }
  }

  @Test
  void endsWhenAFrameNeverEnds() throws Exception {
    restart(limits(1_000, 30_000));
    try (var c = connect()) {
      c.frameHeader(100, Http2.HEADERS, Http2.END_HEADERS, 1).bytes(new byte[10]);
      c.expectGoAway(Http2.ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void endsWhenThePrefaceNeverEnds() throws Exception {
    restart(limits(1_000, 30_000));
    try (var c = WireClient.raw(server.port())) {
      c.bytes((byte) 'P').flush();
      c.nextOf(Http2.GOAWAY);
      c.expectClosed();
    }
  }

  @Test
  void waitsForAPrefaceThatIsOnlySlow() throws Exception {
    try (var c = WireClient.raw(server.port())) {
      c.bytes((byte) 'P').flush();
      Thread.sleep(2_500);
      c.bytes(Arrays.copyOfRange(Http2.PREFACE, 1, Http2.PREFACE.length));
      c.settings().expectAlive(1);
    }
  }

  @Test
  void endsWhenSettingsAreNeverAcknowledged() throws Exception {
    restart(limits(1_000, 30_000));
    try (var c = WireClient.raw(server.port())) {
      c.preface().settings().expectGoAway(Http2.SETTINGS_TIMEOUT);
    }
  }

  @Test
  void resetsAStreamWhoseWindowStaysClosed() throws Exception {
    restart(limits(10_000, 1_000));
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 0).get(1, "/bytes/1000000");
      c.expectStatus(1, 200);
      c.expectReset(1, Http2.CANCEL);
      assertThat(exchanges.gone).hasValue(1);
      c.expectAlive(3);
    }
  }

  @Test
  void refusesABodyThatStops() throws Exception {
    restart(limits(10_000, 1_000));
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/never")).data(1, 10, false);
      // gRPC streams may be silent.
      c.headers(
          3, false, WireClient.request("POST", "/never", "content-type", "application/grpc+x"));
      c.flush();
      await().untilAsserted(() -> assertThat(exchanges.malformed).hasSize(1));
      assertThat(exchanges.malformed.getFirst().reason()).isEqualTo("body_idle");
      assertThat(exchanges.malformed.getFirst().status()).isEqualTo(408);
    }
  }

  @Test
  void refusesABodyThatDrips() throws Exception {
    restart(limits(10_000, 3_000));
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/never"));
      for (int i = 0; i < 300 && exchanges.malformed.isEmpty(); i++) {
        c.data(1, 1, false).flush();
        Thread.sleep(100);
      }
      assertThat(exchanges.malformed.getFirst().reason()).isEqualTo("body_too_slow");
    }
  }

  @Test
  void closesAConnectionThatIsIdle() throws Exception {
    server.close();
    Settings d = Settings.defaults();
    var settings =
        new Settings(
            d.serverName(),
            d.mergeSlashes(),
            d.rejectEscapedSlashes(),
            d.stripMatchingHostPort(),
            d.http10(),
            d.underscores(),
            d.preserveRequestId(),
            d.maxRequestHeaderBytes(),
            1_000,
            d.ipAllow(),
            d.ipDeny());
    server = new TestServer(exchanges, Limits.DEFAULT, settings, 100, null, 0);
    try (var c = connect()) {
      c.expectAlive(1);
      c.expectGoAway(Http2.NO_ERROR);
    }
  }

  private static Limits limits(long headerMillis, long bodyIdleMillis) {
    Limits.Request r = Limits.DEFAULT.request();
    return Limits.DEFAULT.withRequest(
        new Limits.Request(
            r.lineBytes(),
            r.headerBytes(),
            r.headerCount(),
            r.chunkLineBytes(),
            r.trailerBytes(),
            headerMillis,
            bodyIdleMillis,
            r.bodyMinBytesPerSecond()));
  }
}
