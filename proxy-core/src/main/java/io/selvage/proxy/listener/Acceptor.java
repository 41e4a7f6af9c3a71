// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.transport.EventLoops;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes accepted connections of one listening socket. At a cap the connection that has been silent
 * longest makes room for the next; without one, and while accept(2) fails, accepting stops instead
 * of spinning, and the kernel's backlog holds the clients meanwhile.
 *
 * <p>Runs on the server channel's event loop but for what says otherwise.
 */
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  private final ListenerServer server;
  private final ListenerEnvironment environment;
  private final AtomicInteger open = new AtomicInteger();
  private final Runnable wake = this::onRoom;
  private @Nullable ChannelHandlerContext context;

  /** Read by closing connections on any loop. */
  private volatile boolean full;

  private boolean failing;
  private long pauseMillis = FIRST_PAUSE_MILLIS;

  Acceptor(ListenerServer server, ListenerEnvironment environment) {
    this.server = server;
    this.environment = environment;
  }

  int open() {
    return open.get();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    Channel child = (Channel) message;
    boolean retiring = server.isRetiring();
    pauseMillis = FIRST_PAUSE_MILLIS;
    boolean madeRoom = isFull() && server.silent().resetOldest();
    if (!environment.guard().tryAcquire()) {
      if (!madeRoom) {
        // Another listener took the last place in between.
        child.unsafe().closeForcibly();
        pauseIfFull(ctx);
        return;
      }
      environment.guard().acquire();
    }
    open.incrementAndGet();
    configure(child);
    // Counted out as it was counted in, whatever the listener is called by then.
    ListenerSpec spec = server.live().spec();
    environment.observer().onAccepted(spec);
    child.closeFuture().addListener(closed -> onClosed(child, spec));
    environment.opening().open(child, server, environment);
    EventLoop loop = environment.loops().next();
    loop.register(child)
        .addListener(registered -> {
          if (!registered.isSuccess()) {
            child.unsafe().closeForcibly();
          }
        });
    // Only now, because a drain asks each connection of the listener for its event loop.
    server.add(child, retiring);
    if (!child.isOpen()) {
      server.remove(child);
    }
    pauseIfFull(ctx);
  }

  private void configure(Channel child) {
    Limits.Connection limits = environment.limits().connection();
    child.config().setAllocator(EventLoops.allocator());
    child
        .config()
        .setWriteBufferWaterMark(
            new WriteBufferWaterMark(limits.bufferLowBytes(), limits.bufferHighBytes()));
    child.config().setOption(ChannelOption.TCP_NODELAY, true);
  }

  private void onClosed(Channel child, ListenerSpec spec) {
    open.decrementAndGet();
    server.remove(child);
    environment.observer().onClosed(spec);
    environment.guard().release();
    if (full) {
      onRoom();
    }
  }

  private boolean isFull() {
    return open.get() >= environment.limits().connection().perListener()
        || environment.guard().isFull();
  }

  private void pauseIfFull(ChannelHandlerContext ctx) {
    if (full || !isFull() || !server.silent().isEmpty()) {
      return;
    }
    full = true;
    environment.guard().awaitRoom(wake);
    ctx.channel().config().setAutoRead(false);
    environment.observer().onAcceptPaused(server.live().spec(), true);
    // A connection may have closed before the flag was up.
    onRoom();
  }

  /**
   * None can make room any more; called on any thread. One that is accepted before the loop hears
   * of this is one too many.
   */
  void onNoneSilent() {
    ChannelHandlerContext ctx = context;
    if (ctx != null && isFull()) {
      ctx.executor().execute(() -> pauseIfFull(ctx));
    }
  }

  private void onRoom() {
    ChannelHandlerContext ctx = context;
    if (ctx != null) {
      ctx.executor().execute(() -> resumeIfRoom(ctx));
    }
  }

  private void resumeIfRoom(ChannelHandlerContext ctx) {
    if (!full || isFull()) {
      return;
    }
    full = false;
    environment.guard().stopAwaiting(wake);
    environment.observer().onAcceptPaused(server.live().spec(), false);
    if (!failing && ctx.channel().isOpen()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    environment.observer().onAcceptError(server.live().spec(), cause);
    if (failing) {
      return;
    }
    failing = true;
    ctx.channel().config().setAutoRead(false);
    ctx.executor().schedule(() -> retry(ctx), pauseMillis, TimeUnit.MILLISECONDS);
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  private void retry(ChannelHandlerContext ctx) {
    failing = false;
    if (!full && ctx.channel().isOpen()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    environment.guard().stopAwaiting(wake);
  }
}
