// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.selvage.proxy.transport.Cut;
import java.io.IOException;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Carries plain bytes between two epoll sockets without a Netty pipeline in between: small pieces
 * by recv and send through one buffer per thread, bulk by splice(2), which moves pages inside the
 * kernel.
 *
 * <p>The channels are taken off the event loop and their sockets registered on it again, edge
 * triggered, under this class. Netty's own {@code spliceTo} cannot be used: once the peer's FIN is
 * seen it stops after the piece at hand, and its end of input does not say how much was moved.
 *
 * <p>Confined to the event loop of both channels.
 */
final class SplicePump implements Carrier {
  private static final EpollIoOps EVERYTHING =
      EpollIoOps.EPOLLIN
          .with(EpollIoOps.EPOLLOUT)
          .with(EpollIoOps.EPOLLRDHUP)
          .with(EpollIoOps.EPOLLET);

  private final EpollSocketChannel client;
  private final EpollSocketChannel upstream;
  private final IdleWatch idle;
  private final SpliceDirection fromClient;
  private final SpliceDirection toClient;
  private @Nullable IoRegistration clientRegistration;
  private @Nullable IoRegistration upstreamRegistration;
  private boolean stopped;
  private boolean waiting;

  SplicePump(Channel client, Channel upstream, long idleMillis) {
    this.client = (EpollSocketChannel) client;
    this.upstream = (EpollSocketChannel) upstream;
    idle = new IdleWatch(client, upstream, idleMillis);
    fromClient = new SpliceDirection((Socket) this.client.fd(), (Socket) this.upstream.fd());
    toClient = new SpliceDirection((Socket) this.upstream.fd(), (Socket) this.client.fd());
  }

  /** True if both ends are epoll sockets with nothing between wire and bytes. */
  static boolean canCarry(Channel client, Channel upstream) {
    return isPlainEpoll(client) && isPlainEpoll(upstream);
  }

  private static boolean isPlainEpoll(Channel channel) {
    return channel instanceof EpollSocketChannel
        && channel.pipeline().get(SslHandler.class) == null
        && channel.pipeline().get(LooksAtBytes.class) == null;
  }

  @Override
  public void start(Queue<ByteBuf> early, Queue<ByteBuf> greeting) {
    for (ByteBuf bytes = early.poll(); bytes != null; bytes = early.poll()) {
      fromClient.prepend(bytes);
    }
    for (ByteBuf bytes = greeting.poll(); bytes != null; bytes = greeting.poll()) {
      toClient.prepend(bytes);
    }
    idle.start();
    client.pipeline().addLast("stray", new StrayBytes(fromClient));
    upstream.pipeline().addLast("stray", new StrayBytes(toClient));
    client
        .deregister()
        .addListener(off -> upstream.deregister().addListener(bothOff -> register()));
  }

  private void register() {
    if (stopped) {
      return;
    }
    IoEventLoop loop = (IoEventLoop) client.eventLoop();
    loop.register(new Handle(client.fd(), fromClient, toClient))
        .addListener(done -> {
          if (done.isSuccess()) {
            clientRegistration = (IoRegistration) done.getNow();
            loop.register(new Handle(upstream.fd(), toClient, fromClient))
                .addListener(this::onRegistered);
          } else {
            client.close();
          }
        });
  }

  private void onRegistered(Future<? super IoRegistration> done) {
    IoRegistration first = clientRegistration;
    if (!done.isSuccess() || first == null || stopped) {
      client.close();
      return;
    }
    IoRegistration second = (IoRegistration) done.getNow();
    upstreamRegistration = second;
    // Edge triggered: what is ready already is told once, now.
    first.submit(EVERYTHING);
    second.submit(EVERYTHING);
  }

  @Override
  public void stop() {
    stopped = true;
    idle.stop();
    cancel(clientRegistration);
    cancel(upstreamRegistration);
    fromClient.release();
    toClient.release();
  }

  private static void cancel(@Nullable IoRegistration registration) {
    if (registration != null) {
      registration.cancel();
    }
  }

  @Override
  public long bytesFromClient() {
    return fromClient.carried();
  }

  @Override
  public long bytesToClient() {
    return toClient.carried();
  }

  @Override
  public boolean wasIdle() {
    return idle.hasFired();
  }

  /** Moves what can be moved; closes both channels when both directions are over or one broke. */
  private void move(SpliceDirection direction) {
    if (stopped) {
      return;
    }
    try {
      if (direction.move()) {
        // Its share of this turn is used up: others first.
        client.eventLoop().execute(() -> move(direction));
      }
    } catch (IOException e) {
      reset();
      return;
    }
    if (fromClient.isOver() && toClient.isOver()) {
      client.close();
      upstream.close();
    } else if (fromClient.isOver() && toClient.isDeaf()) {
      waitForEndOf(upstream);
    } else if (toClient.isOver() && fromClient.isDeaf()) {
      waitForEndOf(client);
    }
  }

  /**
   * Everything is delivered, and nobody takes the bytes of this side any more: it has time to end.
   * Closed with bytes unread, it would be reset in front of what it has not read.
   */
  private void waitForEndOf(Channel channel) {
    if (!waiting) {
      waiting = true;
      Cut.closeLater(channel);
    }
  }

  /** A reset is passed on as one, so that neither end takes a cut for an end. */
  private void reset() {
    Cut.reset(client);
    Cut.reset(upstream);
  }

  @Override
  public boolean outlives(Channel closed) {
    if (!stopped && !idle.hasFired() && !(fromClient.isOver() && toClient.isOver())) {
      Cut.reset(closed.equals(client) ? upstream : client);
    }
    return false;
  }

  /**
   * Keeps what Netty reads before its channel is off the loop: with a FIN it reads, whether it was
   * told to or not.
   */
  private final class StrayBytes extends ChannelInboundHandlerAdapter {
    private final SpliceDirection direction;

    StrayBytes(SpliceDirection direction) {
      this.direction = direction;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf bytes && !stopped) {
        direction.prepend(bytes);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      reset();
    }
  }

  /** One socket on the event loop: the source of one direction and the sink of the other. */
  private final class Handle implements EpollIoHandle {
    private final FileDescriptor socket;
    private final SpliceDirection out;
    private final SpliceDirection in;

    Handle(FileDescriptor socket, SpliceDirection out, SpliceDirection in) {
      this.socket = socket;
      this.out = out;
      this.in = in;
    }

    @Override
    public FileDescriptor fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      if (stopped) {
        return;
      }
      idle.onActivity();
      EpollIoOps ops = ((EpollIoEvent) event).ops();
      boolean error = ops.contains(EpollIoOps.EPOLLERR);
      boolean ended = ops.contains(EpollIoOps.EPOLLRDHUP);
      if (ops.contains(EpollIoOps.EPOLLOUT) || error) {
        in.onSinkWritable();
        move(in);
      }
      if (!stopped && (ops.contains(EpollIoOps.EPOLLIN) || ended || error)) {
        out.onSourceReadable(ended);
        move(out);
      }
    }

    /** The event loop is shutting down. */
    @Override
    public void close() {
      client.close();
    }
  }
}
