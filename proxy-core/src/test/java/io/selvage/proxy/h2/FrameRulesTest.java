// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames, stream states and settings (RFC 9113 sections 3 to 7), as bytes on a real socket. */
class FrameRulesTest {
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

  private static WireClient connect() throws Exception {
    return WireClient.connect(server.port());
  }

  @Test
  void announcesItsSettingsFirst() throws Exception {
    try (var c = WireClient.raw(server.port())) {
      c.preface().settings().flush();
      var settings = c.next();
      assertThat(settings.type()).isEqualTo(Http2.SETTINGS);
      assertThat(settings.payload())
          .containsExactly(
              0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0, 0, 6, 0, 0, 64, 0, 0, 8, 0, 0, 0, 1);
      var window = c.next();
      assertThat(window.type()).isEqualTo(Http2.WINDOW_UPDATE);
      assertThat(window.int32(0)).isEqualTo(1024 * 1024 - 65_535);
      var ack = c.next();
      assertThat(ack.type()).isEqualTo(Http2.SETTINGS);
      assertThat(ack.has(Http2.ACK)).isTrue();
    }
  }

  @Test
  void endsForBadPreface() throws Exception {
    try (var c = WireClient.raw(server.port())) {
      c.bytes("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".getBytes());
      c.expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsWhenSettingsAreNotFirst() throws Exception {
    try (var c = WireClient.raw(server.port())) {
      c.preface().frame(Http2.PING, 0, 0, new byte[8]);
      c.expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void takesPrefaceAndFramesByteByByte() throws Exception {
    try (var c = WireClient.raw(server.port())) {
      var all = new java.io.ByteArrayOutputStream();
      all.writeBytes(Http2.PREFACE);
      all.writeBytes(new byte[] {0, 0, 0, Http2.SETTINGS, 0, 0, 0, 0, 0});
      byte[] block = WireClient.block(WireClient.request("GET", "/x"));
      all.writeBytes(new byte[] {0, 0, (byte) block.length, Http2.HEADERS, 5, 0, 0, 0, 1});
      all.writeBytes(block);
      for (byte b : all.toByteArray()) {
        c.bytes(b).flush();
      }
      c.expectStatus(1, 200);
    }
  }

  @Test
  void answersPing() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.PING, 0, 0, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}).flush();
      var pong = c.nextOf(Http2.PING);
      assertThat(pong.has(Http2.ACK)).isTrue();
      assertThat(pong.payload()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }
  }

  @Test
  void ignoresUnknownFrameTypesAndSettings() throws Exception {
    try (var c = connect()) {
      c.frame(99, 0xff, 0, new byte[7]).frame(98, 0, 5, new byte[3]).settings(0x77, 1);
      c.expectAlive(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 3", // DATA
    "1, 4, 3", // HEADERS
    "2, 0, 5", // PRIORITY
    "3, 0, 4", // RST_STREAM
    "9, 4, 3" // CONTINUATION
  })
  void endsForStreamFrameOnStream0(int type, int flags, int length) throws Exception {
    try (var c = connect()) {
      c.frame(type, flags, 0, new byte[length]).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 0", "6, 8", "7, 8"})
  void endsForConnectionFrameOnStream(int type, int length) throws Exception {
    try (var c = connect()) {
      c.frame(type, 0, 1, new byte[length]).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 0, 5", "4, 1, 6", "6, 0, 7", "6, 0, 9", "7, 0, 7", "8, 0, 3", "8, 0, 5"})
  void endsForWrongSizeOfConnectionFrame(int type, int flags, int length) throws Exception {
    try (var c = connect()) {
      c.frame(type, flags, 0, new byte[length]).expectGoAway(Http2.FRAME_SIZE_ERROR);
    }
  }

  @Test
  void endsForWrongSizeOfReset() throws Exception {
    try (var c = connect()) {
      c.get(1, "/never").frame(Http2.RST_STREAM, 0, 1, new byte[3]);
      c.expectGoAway(Http2.FRAME_SIZE_ERROR);
    }
  }

  @Test
  void resetsForWrongSizeOfPriority() throws Exception {
    try (var c = connect()) {
      c.get(1, "/never").frame(Http2.PRIORITY, 0, 1, new byte[4]);
      c.expectReset(1, Http2.FRAME_SIZE_ERROR);
    }
  }

  @Test
  void takesAFrameOf16384BytesButNot16385() throws Exception {
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/echo"));
      c.data(1, 16_384, true).expectStatus(1, 200);
      assertThat(c.readBody(1)).isEqualTo(16_384);
      c.headers(3, false, WireClient.request("POST", "/never"));
      c.data(3, 16_385, true).expectGoAway(Http2.FRAME_SIZE_ERROR);
    }
  }

  @Test
  void handlesPadding() throws Exception {
    try (var c = connect()) {
      byte[] block = WireClient.block(WireClient.request("POST", "/echo"));
      byte[] padded = new byte[block.length + 1 + 5];
      padded[0] = 5;
      System.arraycopy(block, 0, padded, 1, block.length);
      c.frame(Http2.HEADERS, Http2.END_HEADERS | Http2.PADDED, 1, padded);
      c.frame(
          Http2.DATA, Http2.PADDED | Http2.END_STREAM, 1, (byte) 2, (byte) 'x', (byte) 0, (byte) 0);
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).containsExactly('x');
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Http2.DATA, Http2.HEADERS})
  void endsForPaddingLongerThanTheFrame(int type) throws Exception {
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/never"));
      c.frame(
          type, Http2.PADDED | Http2.END_HEADERS, type == Http2.DATA ? 1 : 3, (byte) 9, (byte) 0);
      c.expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForFrameWithinHeaderBlock() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.HEADERS, Http2.END_STREAM, 1, WireClient.block(WireClient.request("GET", "/")));
      c.frame(Http2.PING, 0, 0, new byte[8]).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForContinuationOfAnotherStream() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.HEADERS, Http2.END_STREAM, 1, WireClient.block(WireClient.request("GET", "/")));
      c.frame(Http2.CONTINUATION, Http2.END_HEADERS, 3).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForStrayContinuation() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.CONTINUATION, Http2.END_HEADERS, 1).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForPushPromise() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.PUSH_PROMISE, Http2.END_HEADERS, 1, new byte[4]);
      c.expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForBrokenHeaderBlock() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.HEADERS, Http2.END_HEADERS | Http2.END_STREAM, 1, (byte) 0x80);
      c.expectGoAway(Http2.COMPRESSION_ERROR);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Http2.DATA, Http2.RST_STREAM, Http2.WINDOW_UPDATE})
  void endsForFrameOnIdleStream(int type) throws Exception {
    try (var c = connect()) {
      c.frame(type, 0, 1, WireClient.int32(8)).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsForEvenStreamId() throws Exception {
    try (var c = connect()) {
      c.get(2, "/").expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void endsWhenStreamIdsGoBackwards() throws Exception {
    try (var c = connect()) {
      c.get(5, "/x").expectStatus(5, 200);
      c.get(3, "/x").expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void endsForHeadersOrDataOnClosedStream(boolean headers) throws Exception {
    try (var c = connect()) {
      c.get(1, "/x").expectStatus(1, 200);
      if (headers) {
        c.get(1, "/x");
      } else {
        c.data(1, 3, true);
      }
      c.expectGoAway(Http2.STREAM_CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void resetsForHeadersOrDataOnHalfClosedStream(boolean headers) throws Exception {
    try (var c = connect()) {
      c.get(1, "/never");
      if (headers) {
        c.headers(1, true, "x-t", "1");
      } else {
        c.data(1, 3, true);
      }
      c.expectReset(1, Http2.STREAM_CLOSED);
      c.expectAlive(3);
    }
  }

  @Test
  void endsForStreamThatDependsOnItself() throws Exception {
    try (var c = connect()) {
      c.frame(Http2.PRIORITY, 0, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 1, (byte) 9);
      c.expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void windowUpdateAndResetAfterTheEndAreHarmless() throws Exception {
    try (var c = connect()) {
      c.get(1, "/x").expectStatus(1, 200);
      c.windowUpdate(1, 10).reset(1, Http2.CANCEL).expectAlive(3);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 2, 1", // ENABLE_PUSH
    "4, 0x80000000, 3", // INITIAL_WINDOW_SIZE
    "5, 16383, 1", // MAX_FRAME_SIZE
    "5, 16777216, 1",
    "8, 2, 1" // ENABLE_CONNECT_PROTOCOL
  })
  void endsForBadSetting(int id, String value, int code) throws Exception {
    try (var c = connect()) {
      c.settings(id, (int) (long) Long.decode(value)).expectGoAway(code);
    }
  }

  @Test
  void endsForWindowUpdateOfZeroOnTheConnection() throws Exception {
    try (var c = connect()) {
      c.windowUpdate(0, 0).expectGoAway(Http2.PROTOCOL_ERROR);
    }
  }

  @Test
  void resetsForWindowUpdateOfZeroOnAStream() throws Exception {
    try (var c = connect()) {
      c.get(1, "/never").windowUpdate(1, 0).expectReset(1, Http2.PROTOCOL_ERROR);
      c.expectAlive(3);
    }
  }

  @Test
  void endsForConnectionWindowBeyond31Bits() throws Exception {
    try (var c = connect()) {
      c.windowUpdate(0, Integer.MAX_VALUE - 65_535).expectAlive(1);
      c.windowUpdate(0, Integer.MAX_VALUE).expectGoAway(Http2.FLOW_CONTROL_ERROR);
    }
  }

  @Test
  void resetsForStreamWindowBeyond31Bits() throws Exception {
    try (var c = connect()) {
      c.get(1, "/never").windowUpdate(1, Integer.MAX_VALUE);
      c.expectReset(1, Http2.FLOW_CONTROL_ERROR);
    }
  }

  @Test
  void survivesGarbageOfAllKinds() {
    var random = new java.util.Random(42);
    for (int i = 0; i < 60; i++) {
      assertThatCode(
              () -> {
                try (var c = connect()) {
                  for (int k = 0; k < 30; k++) {
                    byte[] payload = new byte[random.nextInt(50)];
                    random.nextBytes(payload);
                    c.frame(random.nextInt(11), random.nextInt(256), random.nextInt(8), payload);
                  }
                  c.flush();
                  c.expectClosed();
                } catch (java.net.SocketException ended) {
                  // GOAWAY and close while we were still sending.
                }
              })
          .as("round %d", i)
          .doesNotThrowAnyException();
    }
  }
}
