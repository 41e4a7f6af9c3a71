// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MeshFramesTest {
  private static final byte[] NO_LENGTH = {-1, 0, 0, 0};

  @Test
  void aCutThatNobodyHearsEndsTheConnection() {
    var channel = new EmbeddedChannel(new MeshFrames());
    channel.writeInbound(Unpooled.wrappedBuffer(NO_LENGTH));
    assertThat(channel.isOpen()).isFalse();
    channel.finishAndReleaseAll();
  }

  @Test
  void aCutIsToldToWhoeverListens() {
    var heard = new AtomicReference<Throwable>();
    var channel =
        new EmbeddedChannel(
            new MeshFrames(),
            new ChannelInboundHandlerAdapter() {
              @Override
              public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                heard.set(cause);
              }
            });
    channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {0, 0, 0, 2, 'h', 'i'}));
    ByteBuf piece = channel.readInbound();
    assertThat(piece.readableBytes()).isEqualTo(2);
    piece.release();
    channel.writeInbound(Unpooled.wrappedBuffer(NO_LENGTH));
    assertThat(heard.get()).isInstanceOf(IOException.class);
    channel.finishAndReleaseAll();
  }
}
