// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

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

  private Detection.Builder builder() {
    return new Detection.Builder(new Found(), new WhoSpeaksFirst(), SETTINGS);
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
