// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.mesh.MeshProtocol;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * How the bytes of a raw connection travel within mutual TLS ({@link MeshProtocol#ALPN_TCP}):
 * pieces, each behind its length in four bytes, big-endian; a length of 0 ends the direction, and
 * the other one goes on. TLS itself could not say this: BoringSSL answers the end of one direction
 * by ending the other, and a FIN without it could come from anybody on the way. A connection that
 * closes without its end is a cut, and is passed on as a reset.
 *
 * <p>Confined to the channel's event loop.
 */
public final class MeshFrames extends ChannelDuplexHandler {
  private static final int HEADER = 4;

  private @Nullable ChannelHandlerContext context;
  private int headerBytes;
  private int header;

  /** Payload of the current piece that is still to come. */
  private int left;

  private boolean ended;
  private boolean cut;

  /**
   * Adds the handler at the end of the pipeline where the channel's handshake has agreed on it, and
   * it is not there yet.
   */
  public static void addIfAgreed(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls != null
        && MeshProtocol.ALPN_TCP.equals(tls.applicationProtocol())
        && channel.pipeline().get(MeshFrames.class) == null) {
      channel.pipeline().addLast("frames", new MeshFrames());
    }
  }

  /** True if the other side has said that no more bytes come. */
  boolean hasEnded() {
    return ended;
  }

  /** Says that no more bytes come, behind all that was written. */
  ChannelFuture endOutput() {
    ChannelHandlerContext ctx = requireNonNull(context, "not in a pipeline");
    return ctx.writeAndFlush(ctx.alloc().buffer(HEADER).writeInt(0));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf data && data.isReadable()) {
      ctx.write(ctx.alloc().buffer(HEADER).writeInt(data.readableBytes()), ctx.voidPromise());
    }
    ctx.write(message, promise);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ctx.fireChannelRead(message);
      return;
    }
    try {
      while (in.isReadable() && !cut) {
        if (left > 0) {
          int length = Math.min(left, in.readableBytes());
          left -= length;
          ctx.fireChannelRead(in.readRetainedSlice(length));
        } else {
          readHeader(ctx, in);
        }
      }
    } finally {
      ReferenceCountUtil.release(in);
    }
  }

  private void readHeader(ChannelHandlerContext ctx, ByteBuf in) {
    if (ended) {
      cut(ctx, "bytes behind the end");
      return;
    }
    header = header << 8 | in.readUnsignedByte();
    if (++headerBytes < HEADER) {
      return;
    }
    left = header;
    header = 0;
    headerBytes = 0;
    if (left < 0) {
      cut(ctx, "a length that is none");
    } else if (left == 0) {
      ended = true;
      ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
      if (!ended) {
        cut(ctx, "closed before the end");
      }
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!ended) {
      cut(ctx, "closed before the end");
    }
    ctx.fireChannelInactive();
  }

  private void cut(ChannelHandlerContext ctx, String why) {
    if (cut) {
      return;
    }
    cut = true;
    if (!ctx.equals(ctx.pipeline().lastContext())) {
      ctx.fireExceptionCaught(new IOException(why));
    } else if (ctx.channel().isOpen()) {
      // Nobody is there to pass it on yet, and whoever comes would wait for bytes for ever.
      ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      ctx.close();
    }
  }
}
