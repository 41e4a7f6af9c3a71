// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.selvage.proxy.tcp.SpeculativeTcp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Detection by a clock that the test moves. */
class DetectionTest {
  private static final DetectionSettings SETTINGS = new DetectionSettings(20, 1_000, 8_192, 5_000);

  private final List<String> found = new ArrayList<>();

  /** Remembers what it hears. */
  private final class Found implements Detected {
    @Override
    public SpeculativeTcp speculate(Channel channel, SpeculativeTcp.Listener listener) {
      found.add("asked");
      return new SpeculativeTcp() {
        @Override
        public void carry(@Nullable ByteBuf first) {
          found.add("carried");
        }

        @Override
        public void drop() {
          found.add("dropped");
        }
      };
    }

    @Override
    public void onHeard(Channel channel) {
      found.add("heard");
    }

    @Override
    public void onSilent(ChannelHandlerContext ctx) {
      found.add("silent");
      ctx.close();
    }

    @Override
    public void onHttp(ChannelHandlerContext ctx, Protocol version) {
      found.add(version.name());
    }

    @Override
    public void onTls(ChannelHandlerContext ctx) {
      found.add("TLS");
    }

    @Override
    public void onRaw(ChannelHandlerContext ctx) {
      found.add("RAW");
    }

    @Override
    public boolean permitsCarrying(ChannelHandlerContext ctx) {
      return true;
    }

    @Override
    public void onServerUnreachable(ChannelHandlerContext ctx) {
      found.add("unreachable");
    }
  }

  private static void pass(EmbeddedChannel channel, long millis) {
    channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();
  }

  private EmbeddedChannel channel(Detection.Builder builder) {
    var channel = new EmbeddedChannel();
    channel.freezeTime();
    channel.pipeline().addLast(builder.build());
    return channel;
  }

  private final WhoSpeaksFirst memory = new WhoSpeaksFirst();

  private Detection.Builder builder() {
    return new Detection.Builder(new Found(), memory, SETTINGS);
  }

  private void say(EmbeddedChannel channel, String bytes) {
    channel.writeInbound(Unpooled.wrappedBuffer(bytes.getBytes(ISO_8859_1)));
  }

  /** The start of a ClientHello (RFC 8446, sections 4 and 5.1). */
  private static final String CLIENT_HELLO = "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001";

  /** Members of the mesh and plain clients come to the same port of a server that greets. */
  @Test
  void aMembersHandshakeDoesNotKeepTheNextClientWaiting() {
    EmbeddedChannel member = channel(builder());
    say(member, CLIENT_HELLO);
    assertThat(found).containsExactly("heard", "TLS");
    assertThat(memory.side()).isEqualTo(WhoSpeaksFirst.Side.UNKNOWN);
    member.finishAndReleaseAll();

    found.clear();
    EmbeddedChannel plain = channel(builder());
    pass(plain, 20);
    assertThat(found).containsExactly("asked");
    plain.finishAndReleaseAll();
  }

  @Test
  void tlsThatIsCarriedWasSpokenByTheClientFirst() {
    EmbeddedChannel client = channel(builder().passingTls());
    say(client, CLIENT_HELLO);
    assertThat(found).contains("RAW");
    assertThat(memory.side()).isEqualTo(WhoSpeaksFirst.Side.CLIENT);
    client.finishAndReleaseAll();
  }

  /** Whoever spoke last time, a greeting comes within 100 ms. */
  @Test
  void whereClientsSpokeFirstAServerIsAskedLaterButSoon() {
    EmbeddedChannel http = channel(builder());
    say(http, "GET / HTTP/1.1\r\n");
    assertThat(memory.side()).isEqualTo(WhoSpeaksFirst.Side.CLIENT);
    http.finishAndReleaseAll();

    found.clear();
    EmbeddedChannel silent = channel(builder());
    pass(silent, 20);
    assertThat(found).as("a slow client is given a little longer").isEmpty();
    pass(silent, 40);
    assertThat(found).containsExactly("asked");
    silent.finishAndReleaseAll();
    assertThat(memory.patience(DetectionSettings.DEFAULT.graceMillis())).isBetween(21L, 99L);
  }

  @Test
  void aServerThatSpokeIsAskedAtOnceUntilAClientSpeaks() {
    memory.saw(WhoSpeaksFirst.Side.SERVER);
    EmbeddedChannel first = channel(builder());
    assertThat(found).containsExactly("asked");
    say(first, "GET / HTTP/1.1\r\n");
    first.finishAndReleaseAll();
    assertThat(memory.patience(20)).isEqualTo(60);
  }

  @Test
  void silenceOnBothSidesHasABound() {
    EmbeddedChannel channel = channel(builder());
    pass(channel, 20);
    assertThat(found).containsExactly("asked");
    pass(channel, 4_999);
    assertThat(found).containsExactly("asked");
    pass(channel, 1);
    assertThat(found).containsExactly("asked", "dropped", "silent");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aClientKnownToSpeakFirstHasTheSameBound() {
    EmbeddedChannel channel = channel(builder().clientSpeaks());
    pass(channel, 4_999);
    assertThat(found).isEmpty();
    pass(channel, 1);
    assertThat(found).containsExactly("silent");
  }

  @Test
  void whoHasSaidSomethingIsNotSilent() {
    EmbeddedChannel channel = channel(builder());
    pass(channel, 20);
    channel.writeInbound(Unpooled.wrappedBuffer("GET / HTTP/1.1\r\n".getBytes()));
    assertThat(found).containsExactly("asked", "heard", "dropped", "HTTP1");
    pass(channel, 10_000);
    assertThat(found).doesNotContain("silent");
    channel.finishAndReleaseAll();
  }
}
