// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.proxy.exchange.DownstreamStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Windows in both directions, draining, and random interleavings. */
class FlowControlTest {
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
    EXCHANGES.silent.clear();
    EXCHANGES.received.set(0);
    EXCHANGES.poured.set(0);
  }

  private static WireClient connect() throws Exception {
    return WireClient.connect(server.port());
  }

  @Test
  void sendsNoMoreThanTheStreamWindow() throws Exception {
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 10).get(1, "/bytes/25");
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).hasSize(10);
      c.windowUpdate(1, 7).flush();
      assertThat(c.nextOfStreams().payload()).hasSize(7);
      // One byte at a time is slow but legal.
      for (int left = 8; left > 0; left--) {
        c.windowUpdate(1, 1).flush();
        var f = c.nextOfStreams();
        assertThat(f.payload()).hasSize(1);
        assertThat(f.has(Http2.END_STREAM)).isEqualTo(left == 1);
      }
      c.expectAlive(3);
    }
  }

  @Test
  void sendsNoMoreThanTheConnectionWindow() throws Exception {
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
      c.get(1, "/bytes/100000").expectStatus(1, 200);
      int got = 0;
      while (got < 65_535) {
        got += c.nextOfStreams().payload().length;
      }
      assertThat(got).isEqualTo(65_535);
      // Heads need no window; another stream's data waits too.
      c.get(3, "/bytes/5").expectStatus(3, 200);
      c.windowUpdate(0, 1 << 20).flush();
      Map<Integer, Integer> bytes = new HashMap<>();
      for (int ended = 0; ended < 2; ) {
        var f = c.nextOfStreams();
        bytes.merge(f.stream(), f.payload().length, Integer::sum);
        ended += f.has(Http2.END_STREAM) ? 1 : 0;
      }
      assertThat(bytes).containsEntry(1, 100_000 - 65_535).containsEntry(3, 5);
    }
  }

  @Test
  void aSmallerInitialWindowMayGoNegative() throws Exception {
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 100).get(1, "/bytes/200");
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).hasSize(100);
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 50);
      // -50 now: this opens it to 10.
      c.windowUpdate(1, 60).flush();
      assertThat(c.nextOfStreams().payload()).hasSize(10);
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 1_000).flush();
      assertThat(c.readBody(1)).isEqualTo(90);
    }
  }

  @Test
  void servesStreamsInTurn() throws Exception {
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
      // The connection's 65,535 bytes are used up; then two streams wait for more.
      c.get(1, "/bytes/65535").get(3, "/bytes/40000").get(5, "/bytes/40000").flush();
      int used = 0;
      while (used < 65_535) {
        var f = c.nextOfStreams();
        used += f.type() == Http2.DATA ? f.payload().length : 0;
      }
      c.windowUpdate(0, 80_000).flush();
      var order = new StringBuilder();
      for (int got = 0; got < 80_000; ) {
        var f = c.nextOfStreams();
        if (f.type() == Http2.DATA) {
          got += f.payload().length;
          order.append(f.stream());
        }
      }
      assertThat(order.toString()).contains("35").contains("53");
    }
  }

  @Test
  void withholdsWindowUpdatesWhileTheBodyIsNotRead() throws Exception {
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/paused"));
      for (int i = 0; i < 4; i++) {
        c.data(1, 16_384, false);
      }
      c.flush();
      await().untilAsserted(() -> assertThat(EXCHANGES.received).hasValue(65_536));
      // Nothing but the PING's answer comes: no credit was given.
      c.frame(Http2.PING, 0, 0, new byte[8]).flush();
      var f = c.next();
      while (f.type() == Http2.SETTINGS || f.type() == Http2.WINDOW_UPDATE && f.stream() == 0) {
        f = c.next();
      }
      assertThat(f.type()).isEqualTo(Http2.PING);
      DownstreamStream stream = EXCHANGES.silent.getFirst();
      stream.eventLoop().execute(() -> stream.setReadable(true));
      var credit = c.nextOf(Http2.WINDOW_UPDATE);
      assertThat(credit.stream()).isEqualTo(1);
      assertThat(credit.int32(0)).isEqualTo(65_536);
    }
  }

  @Test
  void resetsAStreamThatExceedsItsWindow() throws Exception {
    try (var c = connect()) {
      c.headers(1, false, WireClient.request("POST", "/paused"));
      for (int i = 0; i < 4; i++) {
        c.data(1, 16_384, false);
      }
      c.data(1, 1, false).expectReset(1, Http2.FLOW_CONTROL_ERROR);
      c.expectAlive(3);
    }
  }

  @Test
  void endsAConnectionThatExceedsItsWindow() throws Exception {
    try (var c = connect()) {
      // 1 MiB less one byte over 16 paused streams, then two bytes.
      for (int s = 0; s < 16; s++) {
        c.headers(2 * s + 1, false, WireClient.request("POST", "/paused"));
        for (int i = 0; i < 4; i++) {
          c.data(2 * s + 1, 16_384, false);
        }
      }
      c.flush();
      await().untilAsserted(() -> assertThat(EXCHANGES.received).hasValue(1024 * 1024));
      c.headers(41, false, WireClient.request("POST", "/paused")).data(41, 1, false);
      c.expectGoAway(Http2.FLOW_CONTROL_ERROR);
    }
  }

  @Test
  void aZeroWindowBoundsWhatIsHeld() throws Exception {
    try (var c = connect()) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 0);
      for (int s = 0; s < 100; s++) {
        c.get(2 * s + 1, "/bytes/10000000").expectStatus(2 * s + 1, 200);
      }
      // Each pour stopped at its stream's or the connection's mark.
      assertThat(EXCHANGES.poured).hasValueBetween(1, 1024 * 1024 + 16_384);
    }
  }

  @Test
  void goesOnWhenResetsHaveMadeRoomInTheQueues() throws Exception {
    try (var c = connect()) {
      // Given: streams whose data nobody takes fill what a connection may hold
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 0);
      for (int id = 1; id < 41; id += 2) {
        c.get(id, "/bytes/200000").expectStatus(id, 200);
      }
      c.get(41, "/bytes/10").expectStatus(41, 200);
      // When: they are given up
      for (int id = 1; id < 41; id += 2) {
        c.reset(id, Http2.CANCEL);
      }
      c.windowUpdate(41, 100).flush();
      // Then: the one that had to wait is not forgotten
      assertThat(c.nextOfStreams().payload()).hasSize(10);
    }
  }

  @Test
  void drainsGracefully() throws Exception {
    var exchanges = new ScriptedExchanges();
    try (var own = new TestServer(exchanges);
        var c = WireClient.connect(own.port())) {
      c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, 10).get(1, "/bytes/30");
      c.expectStatus(1, 200);
      assertThat(c.nextOfStreams().payload()).hasSize(10);
      own.drain();
      var first = c.nextOf(Http2.GOAWAY);
      assertThat(first.int32(0)).isEqualTo(Integer.MAX_VALUE);
      assertThat(first.int32(4)).isEqualTo(Http2.NO_ERROR);
      var ping = c.nextOf(Http2.PING);
      // A request that crossed the GOAWAY is still served.
      c.get(3, "/x").expectStatus(3, 200);
      c.frame(Http2.PING, Http2.ACK, 0, ping.payload()).flush();
      var second = c.nextOf(Http2.GOAWAY);
      assertThat(second.int32(0)).isEqualTo(3);
      // What runs is finished; later requests are not taken.
      c.get(5, "/x").windowUpdate(1, 100).flush();
      assertThat(c.readBody(1)).isEqualTo(20);
      c.expectClosed();
      assertThat(exchanges.seen).hasSize(2);
    }
  }

  @Test
  void drainDoesNotWaitForThePing() throws Exception {
    try (var own = new TestServer(new ScriptedExchanges());
        var c = WireClient.connect(own.port())) {
      c.expectAlive(1);
      own.drain();
      c.nextOf(Http2.GOAWAY);
      c.expectGoAway(Http2.NO_ERROR);
    }
  }

  @Test
  void randomInterleavingsDeliverEveryByte() throws Exception {
    for (int round = 0; round < 8; round++) {
      var random = new Random(20261121 + round);
      try (var c = connect()) {
        c.settings(Http2.SETTINGS_INITIAL_WINDOW_SIZE, random.nextInt(2_000));
        Map<Integer, Integer> wanted = new HashMap<>();
        Map<Integer, Integer> got = new HashMap<>();
        int streams = 1 + random.nextInt(40);
        for (int s = 0; s < streams; s++) {
          int id = 2 * s + 1;
          int bytes = random.nextInt(30_000);
          wanted.put(id, bytes);
          got.put(id, 0);
          c.get(id, "/bytes/" + bytes);
          if (random.nextInt(4) == 0) {
            c.windowUpdate(id, 1 + random.nextInt(5_000));
          }
        }
        c.flush();
        for (int open = streams; open > 0; ) {
          var f = c.nextOfStreams();
          if (f.type() == Http2.DATA) {
            got.merge(f.stream(), f.payload().length, Integer::sum);
            c.windowUpdate(0, Math.max(1, f.payload().length));
          }
          if (f.has(Http2.END_STREAM)) {
            open--;
          } else {
            c.windowUpdate(f.stream(), 1 + random.nextInt(9_000));
          }
          c.flush();
        }
        assertThat(got).as("round %d", round).isEqualTo(wanted);
      }
    }
  }
}
