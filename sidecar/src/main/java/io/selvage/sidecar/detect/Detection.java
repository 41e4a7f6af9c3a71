// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.Future;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.tcp.SpeculativeTcp;
import io.selvage.sidecar.detect.WhoSpeaksFirst.Side;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Finds out what a connection speaks. The client's first bytes decide. A client that is silent for
 * the grace gets its server connected to; if the server speaks then, the connection carries raw
 * bytes, and if the client speaks after all, its bytes decide as before. Settings of HTTP/2 do not
 * count as speaking: servers send them without waiting for the client's. Which side was first is
 * remembered, but not of TLS that ends here: it is the proxies' own, and says nothing of what is
 * spoken within.
 *
 * <p>Sits in the client's pipeline, reading on ({@code autoRead}), until it is certain. Confined to
 * the channel's event loop.
 */
public final class Detection extends ChannelInboundHandlerAdapter
    implements SpeculativeTcp.Listener {
  /** What may be found. */
  public enum Scope {
    /** Everything. */
    ALL,
    /** TLS or raw bytes: HTTP is not looked for. */
    OPAQUE
  }

  /** Longer than a client's first bytes are on their way. */
  private static final long LEAVING_MILLIS = 500;

  private final Detected detected;
  private final Scope scope;
  private final WhoSpeaksFirst memory;
  private final DetectionSettings settings;

  /** Whether a silent client's server is connected to at all. */
  private final boolean mayServerSpeak;

  private final boolean passesTls;
  private final @Nullable Runnable onLateRequest;
  private final FirstBytes first = new FirstBytes();
  private final long startNanos = System.nanoTime();

  private @Nullable ChannelHandlerContext context;
  private @Nullable ByteBuf received;
  private boolean draining;
  private @Nullable SpeculativeTcp speculation;
  private @Nullable Future<?> timer;
  private boolean begun;
  private boolean serverSpoke;
  private boolean over;

  private Detection(Builder from) {
    this.detected = from.detected;
    this.scope = from.scope;
    this.memory = from.memory;
    this.settings = from.settings;
    this.mayServerSpeak = from.mayServerSpeak;
    this.passesTls = from.passesTls;
    this.onLateRequest = from.onLateRequest;
  }

  /** How a connection is looked at. */
  public static final class Builder {
    private final Detected detected;
    private final WhoSpeaksFirst memory;
    private final DetectionSettings settings;
    private Scope scope = Scope.ALL;
    private boolean mayServerSpeak = true;
    private boolean passesTls;
    private @Nullable Runnable onLateRequest;

    /**
     * @param detected hears what was found
     * @param memory of the destination
     */
    public Builder(Detected detected, WhoSpeaksFirst memory, DetectionSettings settings) {
      this.detected = detected;
      this.memory = memory;
      this.settings = settings;
    }

    /** HTTP is not looked for. */
    public Builder opaque() {
      scope = Scope.OPAQUE;
      return this;
    }

    /** The client is known to speak first, however long that takes. */
    public Builder clientSpeaks() {
      mayServerSpeak = false;
      return this;
    }

    /** TLS is the application's and carried as bytes. */
    public Builder passingTls() {
      passesTls = true;
      return this;
    }

    /**
     * A request whose first line was waited for too long, or came after the server had spoken, is
     * cut off; {@code heard} is told.
     */
    public Builder cuttingLateRequests(Runnable heard) {
      onLateRequest = heard;
      return this;
    }

    public Detection build() {
      return new Detection(this);
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    if (ctx.channel().isActive()) {
      begin(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    begin(ctx);
    ctx.fireChannelActive();
  }

  private void begin(ChannelHandlerContext ctx) {
    if (begun) {
      return;
    }
    begun = true;
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    if (!mayServerSpeak) {
      watchSilence(ctx);
      return;
    }
    long patience = memory.patience(settings.graceMillis());
    if (patience == 0) {
      askServer(ctx);
    } else {
      schedule(ctx, () -> askServer(ctx), patience);
    }
  }

  /** The client is silent: its server may be the one to speak. */
  private void askServer(ChannelHandlerContext ctx) {
    timer = null;
    if (!over && received == null && speculation == null) {
      speculation = detected.speculate(ctx.channel(), this);
      watchSilence(ctx);
    }
  }

  /** Silence on both sides is nothing wrong, but not for ever: it holds connections. */
  private void watchSilence(ChannelHandlerContext ctx) {
    schedule(ctx, () -> silentTooLong(ctx), settings.silentMillis());
  }

  private void silentTooLong(ChannelHandlerContext ctx) {
    if (!over && received == null && !serverSpoke) {
      end();
      detected.onSilent(ctx);
      leave(ctx);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (over || !(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    boolean silentBefore = received == null;
    if (silentBefore) {
      detected.onHeard(ctx.channel());
    }
    Protocol found = look(bytes);
    received =
        received == null
            ? bytes
            : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), received, bytes);
    if (found == Protocol.TLS && passesTls) {
      decide(ctx, Protocol.RAW);
    } else if (found != null) {
      decide(ctx, found);
    } else if (received.readableBytes() >= settings.prefixBytes()) {
      // A codec knows what to say to a long request line.
      boolean request = scope == Scope.ALL && first.looksLikeRequest();
      decide(ctx, request ? Protocol.HTTP1 : Protocol.RAW);
    } else if (serverSpoke && !first.mayBeTls()) {
      decide(ctx, Protocol.RAW);
    } else if (silentBefore) {
      schedule(ctx, () -> decide(ctx, Protocol.RAW), settings.prefixMillis());
    }
  }

  private @Nullable Protocol look(ByteBuf bytes) {
    Protocol found = first.look(bytes, bytes.readerIndex(), bytes.writerIndex());
    if (scope == Scope.OPAQUE && found != Protocol.TLS) {
      return found == null && first.mayBeTls() ? null : Protocol.RAW;
    }
    return found;
  }

  private void decide(ChannelHandlerContext ctx, Protocol found) {
    if (over) {
      return;
    }
    if (!serverSpoke && found != Protocol.TLS) {
      memory.saw(Side.CLIENT);
    }
    switch (found) {
      case HTTP1, HTTP2 -> {
        end();
        ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        detected.onHttp(ctx, found);
        leave(ctx);
        if (draining) {
          // Who speaks HTTP from here on was not there yet when it was said.
          ctx.pipeline().fireUserEventTriggered(ServerCodec.Drain.INSTANCE);
        }
      }
      case TLS -> {
        end();
        detected.onTls(ctx);
        leave(ctx);
      }
      case RAW -> carry(ctx);
    }
  }

  /** Whatever comes from either side is carried from here on. */
  private void carry(ChannelHandlerContext ctx) {
    detected.onHeard(ctx.channel());
    SpeculativeTcp begunAlready = speculation;
    if (scope == Scope.ALL && onLateRequest != null) {
      var guard = new LateRequestGuard(first, onLateRequest);
      if (received != null && guard.mustNotPass(received)) {
        end();
        releaseReceived();
        guard.cut(ctx);
        return;
      }
      ctx.pipeline().addBefore(ctx.name(), null, guard);
    }
    if (begunAlready == null) {
      end();
      detected.onRaw(ctx);
      leave(ctx);
      return;
    }
    speculation = null;
    end();
    if (!detected.permitsCarrying(ctx)) {
      begunAlready.drop();
      leave(ctx);
      return;
    }
    ByteBuf bytes = received;
    received = null;
    begunAlready.carry(bytes);
    leave(ctx);
  }

  // ---- The server

  @Override
  public void onServerSpoke(ByteBuf said) {
    ChannelHandlerContext ctx = context;
    if (over || ctx == null) {
      return;
    }
    SpeculativeTcp unwanted = speculation;
    if (scope == Scope.ALL && unwanted != null && ServerSettings.begin(said)) {
      // No greeting: the client of HTTP/2 speaks all the same, and is to be heard as such.
      speculation = null;
      unwanted.drop();
      memory.saw(Side.CLIENT);
      return;
    }
    serverSpoke = true;
    if (received != null) {
      carry(ctx);
      return;
    }
    long age = (System.nanoTime() - startNanos) / 1_000_000;
    long hold = detected.holdMillis() - age;
    if (hold > 0) {
      schedule(ctx, () -> serverFirst(ctx), hold);
    } else {
      serverFirst(ctx);
    }
  }

  private void serverFirst(ChannelHandlerContext ctx) {
    if (!over) {
      memory.saw(Side.SERVER);
      carry(ctx);
    }
  }

  @Override
  public void onServerEnded() {
    ChannelHandlerContext ctx = context;
    if (!over && ctx != null) {
      carry(ctx);
    }
  }

  @Override
  public void onFailed() {
    ChannelHandlerContext ctx = context;
    if (!over && ctx != null) {
      speculation = null;
      end();
      detected.onServerUnreachable(ctx);
      leave(ctx);
    }
  }

  // ---- The client's end

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    boolean ended =
        event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent;
    if (ended && !over) {
      // Nothing more will come: what there is goes on its way, the end with it.
      carry(ctx);
      return;
    }
    if (event == ServerCodec.Drain.INSTANCE && !over && received == null && !serverSpoke) {
      // What is on its way already is still heard, and is then the last.
      draining = true;
      ctx.channel()
          .eventLoop()
          .schedule(() -> closeIfSilent(ctx), LEAVING_MILLIS, TimeUnit.MILLISECONDS);
      return;
    }
    ctx.fireUserEventTriggered(event);
  }

  private void closeIfSilent(ChannelHandlerContext ctx) {
    if (!over && received == null && !serverSpoke) {
      ctx.close(); // nothing was said: as idle as a connection can be
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end();
    releaseReceived();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    end();
    releaseReceived();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close(); // a reset, as a rule
  }

  /** No more is looked at; what was begun for nothing is given up. */
  private void end() {
    over = true;
    cancelTimer();
    SpeculativeTcp unwanted = speculation;
    if (unwanted != null) {
      speculation = null;
      unwanted.drop();
    }
  }

  /** Passes on what has been read and gets out of the way. */
  private void leave(ChannelHandlerContext ctx) {
    ByteBuf rest = received;
    received = null;
    if (rest != null) {
      if (ctx.channel().isOpen()) {
        ctx.fireChannelRead(rest);
        ctx.fireChannelReadComplete();
      } else {
        rest.release();
      }
    }
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }

  private void releaseReceived() {
    if (received != null) {
      received.release();
      received = null;
    }
  }

  private void schedule(ChannelHandlerContext ctx, Runnable task, long millis) {
    cancelTimer();
    Channel channel = ctx.channel();
    timer = channel.eventLoop().schedule(task, millis, TimeUnit.MILLISECONDS);
  }

  private void cancelTimer() {
    Future<?> running = timer;
    if (running != null) {
      running.cancel(false);
      timer = null;
    }
  }
}
