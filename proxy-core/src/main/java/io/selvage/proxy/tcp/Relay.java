// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.selvage.proxy.transport.Cut;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes between two channels of one event loop, both ways: what one end cannot take is not
 * read from the other, and the end of one direction is passed on while the other goes on. When both
 * have ended, both channels are closed; when one breaks, the other one is reset.
 *
 * <p>An end that has been said stands, whatever becomes of its channel afterwards: what came before
 * it is delivered, however slow the reader, while bytes for the end that is gone are dropped.
 */
final class Relay implements Carrier {
  private final Direction fromClient;
  private final Direction toClient;
  private final IdleWatch idle;
  private boolean stopped;

  Relay(Channel client, Channel upstream, long idleMillis) {
    idle = new IdleWatch(client, upstream, idleMillis);
    fromClient = new Direction(client, upstream);
    toClient = new Direction(upstream, client);
    fromClient.back = toClient;
    toClient.back = fromClient;
  }

  @Override
  public void start(Queue<ByteBuf> early, Queue<ByteBuf> greeting) {
    fromClient.from.pipeline().addLast("relay", fromClient);
    toClient.from.pipeline().addLast("relay", toClient);
    // A write that fails says nothing about what the same peer has said before.
    fromClient.from.config().setAutoClose(false);
    toClient.from.config().setAutoClose(false);
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
  public boolean outlives(Channel closed) {
    Direction direction = closed.equals(fromClient.from) ? fromClient : toClient;
    if (!direction.over && !idle.hasFired()) {
      reset(direction);
    }
    boolean delivering = !stopped && !idle.hasFired() && direction.isDelivering();
    if (delivering) {
      Cut.closeLater(direction.to);
    }
    return delivering;
  }

  @Override
  public void stop() {
    stopped = true;
    idle.stop();
  }

  /** A cut is passed on as one, so that the other end does not take it for an end. */
  private void reset(Direction cut) {
    if (!stopped) {
      stopped = true;
      cut.to.flush();
      Cut.reset(cut.to);
      Cut.reset(cut.from);
    }
  }

  /** One direction: sits at the end of the pipeline it reads from. */
  private final class Direction extends ChannelInboundHandlerAdapter {
    private final Channel from;
    private final Channel to;
    private @Nullable Direction back;
    private long bytes;

    /** The source has said that no more bytes come. */
    private boolean over;

    /** The sink has taken everything, the end included. */
    private boolean delivered;

    /** Nobody is there to take what comes: it is dropped. */
    private boolean deaf;

    /** The sink has been told the end by TLS's word for it, in which it cannot be read from. */
    private boolean saidInTls;

    /** The source's channel is closed as soon as its peer's FIN is here. */
    private boolean left;

    /** The source has been reset: the end that is read from it is none. */
    private boolean cut;

    Direction(Channel from, Channel to) {
      this.from = from;
      this.to = to;
    }

    private Direction back() {
      return requireNonNull(back, "not begun");
    }

    /** True while there is something that the sink is still to be given, or may not have read. */
    private boolean isDelivering() {
      return over && to.isOpen() && (!delivered && !deaf || back().left);
    }

    void forwardAll(Queue<ByteBuf> kept) {
      for (ByteBuf data = kept.poll(); data != null; data = kept.poll()) {
        forward(data);
      }
      to.flush();
    }

    /** An end that was told before there was a relay is not told again. */
    void begin() {
      MeshFrames frames = from.pipeline().get(MeshFrames.class);
      boolean shut = from instanceof DuplexChannel duplex && duplex.isInputShutdown();
      if (frames != null ? frames.hasEnded() : isEnded(shut)) {
        end();
      } else if (shut && frames == null) {
        reset(this);
      } else {
        from.config().setAutoRead(to.isWritable());
      }
    }

    /**
     * @param shut whether there was a FIN
     */
    private boolean isEnded(boolean shut) {
      SslHandler tls = from.pipeline().get(SslHandler.class);
      return tls == null ? shut : tls.engine().isInboundDone();
    }

    void forward(ByteBuf data) {
      if (deaf) {
        data.release();
        return;
      }
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
      if (!deaf && !to.isWritable()) {
        from.config().setAutoRead(false);
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      idle.onActivity();
      // This channel is where the other direction writes to.
      Direction other = back();
      other.from.config().setAutoRead(other.deaf || from.isWritable());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslCloseCompletionEvent closed) {
        if (closed.isSuccess() && !back().saidInTls) {
          // Behind an end of ours TLS can not be read from any more: that is not the peer's word.
          end();
        }
      } else if (event instanceof ChannelOutputShutdownEvent) {
        // A write has failed, or we have ended the direction ourselves.
        back().sinkLost();
      } else if (event instanceof ChannelInputShutdownEvent && left) {
        from.close();
      } else if (event instanceof ChannelInputShutdownEvent) {
        // Frames tell their end by this event, and judge the socket's themselves.
        boolean framed = from.pipeline().get(MeshFrames.class) != null;
        if (!over && !framed && (cut || Cut.isTruncated(from))) {
          reset(this);
        } else {
          end();
        }
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      lost();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      switch (Cut.failure(cause)) {
        case GONE, NOTHING -> {}
        case BROKEN_WRITE -> cut = true;
        case BROKEN -> lost();
      }
    }

    /** The source's channel is of no use any more, to read from or to write to. */
    private void lost() {
      if (stopped) {
        return;
      }
      if (over) {
        back().sinkLost();
      } else {
        reset(this);
      }
    }

    /** No more bytes will come: says so to the other end once what was read is on its way. */
    private void end() {
      if (over || stopped) {
        return;
      }
      over = true;
      if (deaf) {
        finish();
        return;
      }
      MeshFrames frames = to.pipeline().get(MeshFrames.class);
      ChannelFuture told =
          frames == null ? to.writeAndFlush(Unpooled.EMPTY_BUFFER) : frames.endOutput();
      told.addListener(flushed -> {
        if (flushed.isSuccess()) {
          delivered = true;
          if (frames == null && !back().over) {
            shutdownOutput();
          }
          finish();
        } else {
          sinkLost();
        }
      });
    }

    private void shutdownOutput() {
      SslHandler tls = to.pipeline().get(SslHandler.class);
      if (tls != null) {
        saidInTls = true;
        tls.closeOutbound();
      } else if (to instanceof DuplexChannel duplex) {
        duplex.shutdownOutput();
      }
    }

    /**
     * The sink is gone, after it had said that it has nothing more to say: what it said before is
     * still delivered.
     */
    private void sinkLost() {
      if (stopped || delivered || deaf) {
        return;
      }
      deaf = true;
      from.config().setAutoRead(true);
      finish();
    }

    /**
     * Closes both channels once nothing is left to be delivered. A source whose bytes are dropped
     * is given time to end its side: closed with bytes unread, it would be reset in front of what
     * it has not read.
     */
    private void finish() {
      Direction other = back();
      if (!delivered && !deaf || !other.delivered && !other.deaf) {
        return;
      }
      Direction waiting = deaf ? this : other;
      if (waiting.deaf && !waiting.over && waiting.from.isOpen()) {
        waiting.left = true;
        Cut.closeLater(waiting.from);
      } else {
        leave();
        other.leave();
      }
    }

    /** Closes the source's channel, of which nothing is wanted any more. */
    private void leave() {
      boolean heard = from instanceof DuplexChannel socket && socket.isInputShutdown();
      if (heard || !back().saidInTls || left) {
        from.close();
        return;
      }
      // Once we have said our end in TLS its own is not heard any more, and may not have been said.
      left = true;
      deaf = true;
      from.config().setAutoRead(true);
      Cut.endForGood(from);
      Cut.closeLater(from);
    }
  }
}
