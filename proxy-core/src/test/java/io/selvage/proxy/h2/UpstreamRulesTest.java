// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.exchange.UpstreamStream;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.UpstreamConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The upstream side against a server that is written frame by frame. */
class UpstreamRulesTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<String> poolEvents = new CopyOnWriteArrayList<>();
  private ServerSocket listening;
  private Channel channel;
  private UpstreamConnection upstream;
  private WireClient server;

  /** One attempt: notes what it is told. */
  private static final class Attempt implements ResponseSink {
    final List<String> events = new CopyOnWriteArrayList<>();
    final List<UpstreamFailure> failures = new CopyOnWriteArrayList<>();
    volatile @Nullable UpstreamStream stream;
    volatile int body;

    @Override
    public void onStream(UpstreamStream ready) {
      stream = ready;
    }

    @Override
    public void onInformational(ResponseHead head) {
      events.add("interim " + head.status());
    }

    @Override
    public void onHead(ResponseHead head, boolean end) {
      events.add("head " + head.status() + (end ? " end" : "") + '\n' + head.headers());
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
      body += data.readableBytes();
      data.release();
      if (end) {
        events.add("end");
      }
    }

    @Override
    public void onTrailers(HeaderBlock trailers) {
      events.add("trailers\n" + trailers);
    }

    @Override
    public void onFailed(UpstreamFailure failure) {
      failures.add(failure);
    }

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @Override
    public void onReadComplete() {}

    void awaitEvent(String event) {
      await().untilAsserted(() -> assertThat(events).contains(event));
    }

    void awaitFailure(UpstreamFailure failure) {
      await().untilAsserted(() -> assertThat(failures).containsExactly(failure));
    }
  }

  @BeforeEach
  void start() throws Exception {
    open(Http2Limits.of(Limits.DEFAULT));
  }

  private void open(Http2Limits limits) throws Exception {
    listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    channel =
        new Bootstrap()
            .group(group)
            .channel(EpollSocketChannel.class)
            .handler(new ChannelInboundHandlerAdapter())
            .connect(InetAddress.getLoopbackAddress(), listening.getLocalPort())
            .sync()
            .channel();
    upstream =
        onLoop(() ->
            Http2UpstreamConnection.install(
                channel,
                Limits.DEFAULT,
                limits,
                new UpstreamConnection.Listener() {
                  @Override
                  public void onAvailable(UpstreamConnection c) {
                    poolEvents.add("available");
                  }

                  @Override
                  public void onUnusable(UpstreamConnection c) {
                    poolEvents.add("unusable");
                  }

                  @Override
                  public void onClosed(UpstreamConnection c) {
                    poolEvents.add("closed");
                  }
                }));
    server = new WireClient(listening.accept());
    server.skipPreface();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    listening.close();
    channel.close().sync();
    await().untilAsserted(() -> assertThat(poolEvents).containsOnlyOnce("closed"));
    group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).sync();
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return channel.eventLoop().submit(work).get();
  }

  private void handshake(int... settings) throws Exception {
    server.settings(settings).frame(Http2.SETTINGS, Http2.ACK, 0).flush();
  }

  /** Begins an attempt and sends its head. */
  private Attempt send(String method, boolean end, String... fields) throws Exception {
    var attempt = new Attempt();
    onLoop(() -> {
      upstream.begin(attempt);
      var head = new RequestHead();
      head.setMethod(method);
      head.setBody(!end, -1);
      for (int i = 0; i < fields.length; i += 2) {
        head.headers().add(fields[i], fields[i + 1]);
      }
      attempt.stream.sendHead(head, "/p?q", "b.test:81", end);
      attempt.stream.flush();
      return null;
    });
    return attempt;
  }

  private Attempt get() throws Exception {
    return send("GET", true);
  }

  @Test
  void saysTheRequestInPseudoFields() throws Exception {
    handshake();
    send("GET", true, "Host", "other", "X-One", "1", "Connection", "close", "TE", "trailers, gzip");
    var f = server.nextOfStreams();
    assertThat(f.stream()).isEqualTo(1);
    assertThat(f.has(Http2.END_STREAM)).isTrue();
    assertThat(server.decode(f).toString())
        .isEqualTo(
            "{:method=GET, :scheme=http, :path=/p?q, :authority=b.test:81, x-one=1, te=trailers}");
  }

  @Test
  void sendsBodyAndTrailers() throws Exception {
    handshake();
    Attempt a = send("POST", false);
    var trailers = new HeaderBlock();
    trailers.add("x-t", "1");
    onLoop(() -> {
      a.stream.sendData(Unpooled.wrappedBuffer(new byte[70_000]), false);
      a.stream.sendTrailers(trailers);
      a.stream.flush();
      return null;
    });
    // The block given is ours again after the call, even while the body waits for the window.
    trailers.clear();
    server.nextOf(Http2.HEADERS);
    int got = 0;
    while (got < 65_535) {
      got += server.nextOfStreams().payload().length;
    }
    server.windowUpdate(0, 100_000).windowUpdate(1, 100_000).flush();
    assertThat(server.nextOfStreams().payload()).hasSize(70_000 - 65_535);
    var end = server.nextOfStreams();
    assertThat(end.has(Http2.END_STREAM)).isTrue();
    assertThat(server.decode(end)).containsOnlyKeys("x-t");
  }

  @Test
  void deliversInterimHeadBodyAndTrailers() throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, false, ":status", "103", "link", "x");
    server.headers(1, false, ":status", "102");
    server.headers(1, false, ":status", "200", "x-a", "1");
    server.data(1, 5, false).headers(1, true, "grpc-status", "0").flush();
    a.awaitEvent("trailers\ngrpc-status: 0\n");
    assertThat(a.events)
        .containsExactly(
            "interim 103", "interim 102", "head 200\nx-a: 1\n", "trailers\ngrpc-status: 0\n");
    assertThat(a.body).isEqualTo(5);
    assertThat(a.failures).isEmpty();
    await().untilAsserted(() -> assertThat(upstream.active()).isZero());
  }

  @Test
  void deliversTrailersOnlyAsAHeadThatEnds() throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, true, ":status", "200", "grpc-status", "5").flush();
    a.awaitEvent("head 200 end\ngrpc-status: 5\n");
  }

  private void expectProtocolError(Attempt a) throws Exception {
    server.flush();
    a.awaitFailure(UpstreamFailure.PROTOCOL_ERROR);
    server.nextOf(Http2.HEADERS);
    server.expectReset(1, Http2.PROTOCOL_ERROR);
    // Only that stream: the connection goes on.
    Attempt next = get();
    server.headers(3, true, ":status", "204").flush();
    next.awaitEvent("head 204 end\n");
  }

  @ParameterizedTest
  @CsvSource({
    "x-a, 1",
    ":status, 20",
    ":status, 2000",
    ":status, abc",
    ":status, 099",
    ":status, 101",
    ":path, /"
  })
  void refusesBadStatus(String name, String value) throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, true, name, value);
    expectProtocolError(a);
  }

  @ParameterizedTest
  @CsvSource({
    "connection, close",
    "transfer-encoding, chunked",
    "keep-alive, x",
    "upgrade, x",
    "X-A, 1",
    "x a, 1",
    "content-length, -1",
    ":status, 200",
    ":path, /"
  })
  void refusesBadResponseField(String name, String value) throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, false, ":status", "200", name, value);
    expectProtocolError(a);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\rb", "a\nb", "a\u0000b"})
  void refusesControlsInResponseValues(String value) throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, true, ":status", "200", "x-a", value);
    expectProtocolError(a);
  }

  @Test
  void refusesTwoContentLengths() throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, false, ":status", "200", "content-length", "1", "content-length", "1");
    expectProtocolError(a);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 6})
  void refusesABodyThatIsNotTheContentLength(int length) throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, false, ":status", "200", "content-length", "5").data(1, length, true);
    expectProtocolError(a);
    assertThat(a.events).doesNotContain("end");
  }

  @Test
  void takesContentLengthOfAHeadResponse() throws Exception {
    handshake();
    Attempt a = send("HEAD", true);
    server.headers(1, true, ":status", "200", "content-length", "5").flush();
    a.awaitEvent("head 200 end\ncontent-length: 5\n");
  }

  @Test
  void refusesDataBeforeTheHead() throws Exception {
    handshake();
    Attempt a = get();
    server.data(1, 3, true);
    expectProtocolError(a);
  }

  @Test
  void takes16InterimResponsesButNot17() throws Exception {
    handshake();
    for (int n : new int[] {16, 17}) {
      Attempt a = get();
      int id = server.nextOf(Http2.HEADERS).stream();
      for (int i = 0; i < n; i++) {
        server.headers(id, false, ":status", "103");
      }
      server.headers(id, true, ":status", "200").flush();
      if (n == 16) {
        a.awaitEvent("head 200 end\n");
      } else {
        a.awaitFailure(UpstreamFailure.PROTOCOL_ERROR);
      }
    }
  }

  @Test
  void takes200FieldsButNot201() throws Exception {
    handshake();
    for (int n : new int[] {200, 201}) {
      Attempt a = get();
      int id = server.nextOf(Http2.HEADERS).stream();
      String[] fields = new String[2 + 2 * n];
      fields[0] = ":status";
      fields[1] = "200";
      for (int i = 1; i <= n; i++) {
        fields[2 * i] = "x-" + i;
        fields[2 * i + 1] = "1";
      }
      server.headers(id, true, fields).flush();
      if (n == 200) {
        await().untilAsserted(() -> assertThat(a.events).hasSize(1));
      } else {
        a.awaitFailure(UpstreamFailure.PROTOCOL_ERROR);
      }
    }
  }

  @Test
  void aRefusedStreamMayBeRepeated() throws Exception {
    handshake();
    Attempt a = get();
    server.reset(1, Http2.REFUSED_STREAM).flush();
    a.awaitFailure(UpstreamFailure.REFUSED);
  }

  @Test
  void anotherResetMayNot() throws Exception {
    handshake();
    Attempt a = get();
    server.reset(1, Http2.INTERNAL_ERROR).flush();
    a.awaitFailure(UpstreamFailure.RESET);
  }

  @Test
  void aResetAfterTheHeadIsMidResponse() throws Exception {
    handshake();
    Attempt a = get();
    server.headers(1, false, ":status", "200").reset(1, Http2.REFUSED_STREAM).flush();
    a.awaitFailure(UpstreamFailure.RESET_MID_RESPONSE);
  }

  @Test
  void closingFailsWhatRuns() throws Exception {
    handshake();
    Attempt a = get();
    Attempt b = get();
    server.nextOf(Http2.HEADERS);
    server.nextOf(Http2.HEADERS);
    server.headers(3, false, ":status", "200").flush();
    b.awaitEvent("head 200\n");
    server.close();
    a.awaitFailure(UpstreamFailure.RESET);
    b.awaitFailure(UpstreamFailure.RESET_MID_RESPONSE);
  }

  @Test
  void goAwayRefusesStreamsAboveTheLastAndFinishesTheOthers() throws Exception {
    handshake();
    Attempt a = get();
    Attempt b = get();
    server.frame(Http2.GOAWAY, 0, 0, new byte[] {0, 0, 0, 1, 0, 0, 0, 0}).flush();
    b.awaitFailure(UpstreamFailure.REFUSED);
    await().untilAsserted(() -> assertThat(poolEvents).contains("unusable"));
    assertThat(onLoop(() -> upstream.available())).isZero();
    Attempt late = get();
    late.awaitFailure(UpstreamFailure.REFUSED);
    server.headers(1, true, ":status", "200").flush();
    a.awaitEvent("head 200 end\n");
    server.expectClosed();
  }

  @Test
  void keepsWithinThePeersStreams() throws Exception {
    handshake(Http2.SETTINGS_MAX_CONCURRENT_STREAMS, 2);
    await().untilAsserted(() -> assertThat(onLoop(() -> upstream.available())).isEqualTo(2));
    get();
    assertThat(onLoop(() -> upstream.available())).isEqualTo(1);
    get();
    assertThat(onLoop(() -> upstream.available())).isZero();
    poolEvents.clear();
    server.headers(1, true, ":status", "200").flush();
    await().untilAsserted(() -> assertThat(poolEvents).contains("available"));
    assertThat(onLoop(() -> upstream.available())).isEqualTo(1);
  }

  @Test
  void cancelResetsTheStream() throws Exception {
    handshake();
    Attempt a = get();
    server.nextOf(Http2.HEADERS);
    onLoop(() -> {
      a.stream.cancel();
      return null;
    });
    server.expectReset(1, Http2.CANCEL);
    // A response that was on its way disturbs nobody.
    server.headers(1, false, ":status", "200").data(1, 10, true);
    Attempt b = get();
    server.nextOf(Http2.HEADERS);
    server.headers(3, true, ":status", "200").flush();
    b.awaitEvent("head 200 end\n");
    assertThat(a.events).isEmpty();
  }

  @Test
  void stopsSendingWhenAnsweredEarly() throws Exception {
    handshake();
    Attempt a = send("POST", false);
    server.nextOf(Http2.HEADERS);
    server.headers(1, true, ":status", "413");
    server.expectReset(1, Http2.NO_ERROR);
    a.awaitEvent("head 413 end\n");
    onLoop(() -> {
      a.stream.sendData(Unpooled.wrappedBuffer("late".getBytes(StandardCharsets.US_ASCII)), true);
      return null;
    });
    assertThat(a.failures).isEmpty();
  }

  @Test
  void anAttemptThatIsGivenUpBeforeItsHeadFreesItsPlace() throws Exception {
    handshake(Http2.SETTINGS_MAX_CONCURRENT_STREAMS, 1);
    await().untilAsserted(() -> assertThat(onLoop(() -> upstream.available())).isEqualTo(1));
    var attempt = new Attempt();
    int free =
        onLoop(() -> {
          upstream.begin(attempt);
          int before = upstream.available();
          attempt.stream.cancel();
          return before * 10 + upstream.available();
        });
    assertThat(free).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"2, 0, 0", "5, 4, 1", "1, 4, 2"})
  void anEndpointThatBreaksTheProtocolLosesItsConnection(int type, int flags, int stream)
      throws Exception {
    handshake();
    Attempt a = get();
    server.frame(type, flags, stream, new byte[5]).flush();
    server.nextOf(Http2.GOAWAY);
    a.awaitFailure(UpstreamFailure.PROTOCOL_ERROR);
    await().untilAsserted(() -> assertThat(poolEvents).contains("unusable"));
  }

  @Test
  void retireFinishesWhatRunsAndCloses() throws Exception {
    handshake();
    Attempt a = get();
    server.nextOf(Http2.HEADERS);
    onLoop(() -> {
      upstream.retire();
      return null;
    });
    assertThat(server.nextOf(Http2.GOAWAY).int32(4)).isEqualTo(Http2.NO_ERROR);
    server.headers(1, true, ":status", "200").flush();
    a.awaitEvent("head 200 end\n");
    server.expectClosed();
  }

  @Test
  void probesASilentPeerAndGivesItUp() throws Exception {
    server.close();
    channel.close().sync();
    await().untilAsserted(() -> assertThat(poolEvents).contains("closed"));
    poolEvents.clear();
    listening.close();
    open(Http2Limits.of(Limits.DEFAULT).withPing(Duration.ofMillis(500), Duration.ofSeconds(1)));
    handshake();
    Attempt a = get();
    server.nextOf(Http2.PING);
    a.awaitFailure(UpstreamFailure.RESET);
  }

  @Test
  void withholdsWindowUpdatesWhileTheResponseIsNotRead() throws Exception {
    handshake();
    Attempt a = get();
    onLoop(() -> {
      a.stream.setReadable(false);
      return null;
    });
    server.headers(1, false, ":status", "200");
    for (int i = 0; i < 4; i++) {
      server.data(1, 16_384, false);
    }
    server.frame(Http2.PING, 0, 0, new byte[8]).flush();
    // Nothing but the PING's answer: no credit was given.
    var seen = new java.util.HashSet<Integer>();
    for (var f = server.next(); f.type() != Http2.PING; f = server.next()) {
      if (f.stream() == 1 || f.type() != Http2.WINDOW_UPDATE) {
        seen.add(f.type());
      }
    }
    assertThat(seen).isSubsetOf(Http2.SETTINGS, Http2.HEADERS);
    onLoop(() -> {
      a.stream.setReadable(true);
      return null;
    });
    var credit = server.next();
    assertThat(credit.type()).isEqualTo(Http2.WINDOW_UPDATE);
    assertThat(credit.int32(0)).isEqualTo(65_536);
  }

  @Test
  void carriesAWebSocketByExtendedConnect() throws Exception {
    handshake(Http2.SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
    await().untilAsserted(() -> assertThat(poolEvents).isNotEmpty());
    var a = new Attempt();
    onLoop(() -> {
      upstream.begin(a);
      var head = new RequestHead();
      head.setUpgrade("websocket");
      head.headers().add("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
      head.headers().add("sec-websocket-version", "13");
      a.stream.sendHead(head, "/ws", "b.test", true);
      a.stream.flush();
      // Another attempt, perhaps over HTTP/1.1, must find the key.
      assertThat(head.headers().indexOf(HeaderName.SEC_WEBSOCKET_KEY)).isNotNegative();
      return null;
    });
    var f = server.nextOf(Http2.HEADERS);
    assertThat(f.has(Http2.END_STREAM)).isFalse();
    assertThat(server.decode(f).toString())
        .isEqualTo(
            "{:method=CONNECT, :scheme=http, :path=/ws, :authority=b.test, :protocol=websocket,"
                + " sec-websocket-version=13}");
    server.headers(1, false, ":status", "200").flush();
    // The accept value of RFC 6455 section 1.3 for that key.
    await()
        .untilAsserted(() ->
            assertThat(a.events)
                .first(InstanceOfAssertFactories.STRING)
                .startsWith("head 101\n")
                .contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  }

  @Test
  void anUpgradeFailsWhereThePeerHasNoExtendedConnect() throws Exception {
    handshake();
    var a = new Attempt();
    onLoop(() -> {
      upstream.begin(a);
      var head = new RequestHead();
      head.setUpgrade("websocket");
      a.stream.sendHead(head, "/ws", "b.test", true);
      return null;
    });
    a.awaitFailure(UpstreamFailure.PROTOCOL_ERROR);
    assertThat(onLoop(() -> upstream.active())).isZero();
  }
}
