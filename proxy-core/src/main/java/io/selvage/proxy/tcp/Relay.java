// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes between two channels of one event loop, both ways: what one end cannot take is not
 * read from the other, and the end of one direction is passed on while the other goes on. When both
 * have ended, or one channel breaks, both are closed.
 */
final class Relay implements Carrier {
  private final Direction fromClient;
  private final Direction toClient;
  private final IdleWatch idle;

  Relay(Channel client, Channel upstream, long idleMillis) {
    idle = new IdleWatch(client, idleMillis);
    fromClient = new Direction(client, upstream);
    toClient = new Direction(upstream, client);
    fromClient.back = toClient;
    toClient.back = fromClient;
  }

  @Override
  public void start(Queue<ByteBuf> early, Queue<ByteBuf> greeting) {
    fromClient.from.pipeline().addLast("relay", fromClient);
    toClient.from.pipeline().addLast("relay", toClient);
    fromClient.forwardAll(early);
    toClient.forwardAll(greeting);
    idle.start();
    fromClient.begin();
    toClient.begin();
  }

  @Override
  public long bytesFromClient() {
    return fromClient.bytes;
  }

  @Override
  public long bytesToClient() {
    return toClient.bytes;
  }

  @Override
  public boolean wasIdle() {
    return idle.hasFired();
  }

  @Override
  public void stop() {
    idle.stop();
  }

  /** One direction: sits at the end of the pipeline it reads from. */
  private final class Direction extends ChannelInboundHandlerAdapter {
    private final Channel from;
    private final Channel to;
    private @Nullable Direction back;
    private long bytes;
    private boolean over;

    Direction(Channel from, Channel to) {
      this.from = from;
      this.to = to;
    }

    void forwardAll(Queue<ByteBuf> kept) {
      for (ByteBuf data = kept.poll(); data != null; data = kept.poll()) {
        forward(data);
      }
      to.flush();
    }

    /** An end that was told before there was a relay is not told again. */
    void begin() {
      if (hasEnded()) {
        end();
      } else {
        from.config().setAutoRead(to.isWritable());
      }
    }

    private boolean hasEnded() {
      MeshFrames frames = from.pipeline().get(MeshFrames.class);
      if (frames != null) {
        return frames.hasEnded();
      }
      SslHandler tls = from.pipeline().get(SslHandler.class);
      return tls != null && tls.engine().isInboundDone()
          || from instanceof DuplexChannel duplex && duplex.isInputShutdown();
    }

    void forward(ByteBuf data) {
      bytes += data.readableBytes();
      to.write(data, to.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf data) {
        forward(data);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      idle.onActivity();
      to.flush();
      if (!to.isWritable()) {
        from.config().setAutoRead(false);
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      Direction other = back;
      if (other == null) {
        return;
      }
      idle.onActivity();
      // This channel is where the other direction writes to.
      other.from.config().setAutoRead(from.isWritable());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
        end();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      end();
      Direction other = back;
      if (other != null) {
        other.end();
      }
    }

    /** No more bytes will come: says so to the other end once what was read is on its way. */
    private void end() {
      if (over) {
        return;
      }
      over = true;
      MeshFrames frames = to.pipeline().get(MeshFrames.class);
      ChannelFuture told =
          frames == null ? to.writeAndFlush(Unpooled.EMPTY_BUFFER) : frames.endOutput();
      told.addListener(flushed -> {
        Direction other = back;
        if (!flushed.isSuccess() || other == null || other.over) {
          from.close();
          to.close();
        } else if (frames == null) {
          shutdownOutput();
        }
      });
    }

    private void shutdownOutput() {
      SslHandler tls = to.pipeline().get(SslHandler.class);
      if (tls != null) {
        tls.closeOutbound();
      } else if (to instanceof DuplexChannel duplex) {
        duplex.shutdownOutput();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // A reset is passed on as one, so that the other end does not take a cut for an end.
      if (to.isOpen()) {
        to.config().setOption(ChannelOption.SO_LINGER, 0);
      }
      to.close();
      from.close();
    }
  }
}
