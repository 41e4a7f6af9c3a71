// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.tls.CertificateEnd;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.Cut;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import io.selvage.proxy.upstream.Endpoint.Result;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One raw connection: picks an endpoint, connects, tries another one when that fails, lets a {@link
 * Carrier} carry the bytes, and reports once. As a speculation it connects but carries nothing
 * until it is told to. Confined to the client channel's event loop.
 */
final class TcpSession implements SpeculativeTcp, TcpFlow {
  private static final Logger log = LoggerFactory.getLogger(TcpSession.class);

  /** Endpoints tried before the client is let go. */
  private static final int MAX_ATTEMPTS = 3;

  /** How soon an endpoint that has left is noticed while it is connected to. */
  private static final long REMOVAL_LOOK_MILLIS = 50;

  /** What a client may send before an endpoint is there: no more is read until then. */
  private final Queue<ByteBuf> early = new ArrayDeque<>(1);

  /** What a server said before anybody listened. */
  private final Queue<ByteBuf> greeting = new ArrayDeque<>(1);

  private final TcpProxy proxy;
  private final Channel client;
  private final TcpRoute route;
  private final TcpClient info;
  private final EventLoop loop;
  private final long startMillis = System.currentTimeMillis();
  private final long startNanos = System.nanoTime();

  private @Nullable Cluster cluster;
  private @Nullable Endpoint endpoint;
  private @Nullable Channel upstream;
  private @Nullable Future<?> connectTimer;
  private volatile @Nullable Carrier carrier;

  /** Set while nobody has said that the connection is wanted. */
  private @Nullable Listener speculation;

  private long attemptNanos;
  private int attempts;
  private boolean holdsConnection;
  private boolean attemptRuns;

  /** The endpoint has left before it answered. */
  private boolean sentAway;

  private boolean established;
  private boolean ended;

  TcpSession(TcpProxy proxy, Channel client, TcpRoute route, TcpClient info) {
    this.proxy = proxy;
    this.client = client;
    this.route = route;
    this.info = info;
    this.loop = client.eventLoop();
  }

  void start() {
    client.pipeline().addLast("early", new EarlyBytes());
    begin();
  }

  void speculate(Listener listener) {
    speculation = listener;
    begin();
  }

  private void begin() {
    client.closeFuture().addListener(closed -> onClientClosed());
    TcpRoute.Backend backend = TcpProxy.draw(route);
    Cluster found = backend == null ? null : proxy.clusters().find(backend.cluster());
    if (found == null) {
      end(Outcome.NO_ENDPOINTS);
      return;
    }
    cluster = found;
    if (!found.breakers(Priority.DEFAULT).tryAcquire(Limit.CONNECTIONS)) {
      end(Outcome.OVERFLOW);
      return;
    }
    holdsConnection = true;
    connect(found, null);
  }

  private void connect(Cluster to, @Nullable Endpoint avoid) {
    Endpoint picked = to.pick(sourceHash(info.peer()), proxy.loops().indexOf(loop), avoid);
    if (picked == null) {
      end(Outcome.NO_ENDPOINTS);
      return;
    }
    endpoint = picked;
    attempts++;
    attemptNanos = System.nanoTime();
    attemptRuns = true;
    picked.onStart();
    SslHandler tls;
    try {
      tls =
          proxy
              .tls()
              .newHandler(to.spec(), picked.spec(), EventLoops.allocator(), picked.hostname());
    } catch (GeneralSecurityException e) {
      log.atWarn().addKeyValue("cluster", to.spec().name()).log(e.getMessage());
      failAttempt(Outcome.UPSTREAM_TLS);
      return;
    }
    open(to, picked, tls);
  }

  private void open(Cluster to, Endpoint picked, @Nullable SslHandler tls) {
    Channel socket;
    try {
      // Made here and not by the bootstrap, which answers a lack of descriptors on another thread
      // with a channel that cannot be closed.
      socket = EventLoops.newSocketChannel(loop);
    } catch (ChannelException e) {
      log.atWarn()
          .addKeyValue("cluster", to.spec().name())
          .log("no socket for a connection: {}", String.valueOf(e.getMessage()));
      if (tls != null) {
        ReferenceCountUtil.release(tls.engine());
      }
      failAttempt(Outcome.CONNECT_FAILED);
      return;
    }
    int timeoutMillis = Math.clamp(to.spec().connectTimeoutMillis(), 1, Integer.MAX_VALUE);
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(() -> socket)
            .option(ChannelOption.ALLOCATOR, EventLoops.allocator())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK, client.config().getWriteBufferWaterMark())
            // Timed by a timer of ours.
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) {
                      tls.setHandshakeTimeoutMillis(0);
                      channel.pipeline().addLast("tls", tls);
                    }
                    channel.pipeline().addLast(new Connecting(to, picked, tls));
                  }
                });
    Channel opened = bootstrap.connect(picked.socketAddress()).channel();
    upstream = opened;
    lookAtConnect(opened, to, picked, timeoutMillis);
    opened.closeFuture().addListener(closed -> onUpstreamClosed(opened));
  }

  /** Waits for the endpoint to answer, but not for one that has left while there are others. */
  private void lookAtConnect(Channel opened, Cluster to, Endpoint picked, long leftMillis) {
    if (leftMillis <= 0) {
      opened.close();
    } else if (picked.isRemoved() && to.hasOther(picked)) {
      sentAway = true;
      opened.close();
    } else {
      long millis = Math.min(leftMillis, REMOVAL_LOOK_MILLIS);
      connectTimer =
          loop.schedule(
              () -> lookAtConnect(opened, to, picked, leftMillis - millis),
              millis,
              TimeUnit.MILLISECONDS);
    }
  }

  private Future<?> closeUnlessEstablished(Channel opened, long millis) {
    return loop.schedule(
        () -> {
          if (!isEstablished()) {
            opened.close();
          }
        },
        millis,
        TimeUnit.MILLISECONDS);
  }

  /** TCP is there: its handshake with an endpoint of the mesh has a time of its own. */
  private void onTcp(Channel opened, Endpoint picked) {
    if (!picked.spec().identity().isEmpty()) {
      cancelConnectTimer();
      connectTimer = closeUnlessEstablished(opened, proxy.tls().meshHandshakeMillis());
    }
  }

  private boolean isEstablished() {
    return established;
  }

  /** The endpoint is there (and believed): from here on bytes flow. */
  void onConnected() {
    Channel there = upstream;
    Endpoint reached = endpoint;
    if (ended || there == null || reached == null) {
      return;
    }
    cancelConnectTimer();
    established = true;
    reached.onResult(System.nanoTime() - attemptNanos, Result.SUCCESS);
    if (speculation == null) {
      carryOver(there);
    } else {
      there.pipeline().addLast("greeting", new Greeting());
      there.config().setAutoRead(true);
    }
  }

  private void carryOver(Channel there) {
    Carrier carrying =
        SplicePump.canCarry(client, there)
            ? new SplicePump(client, there, route.idleTimeoutMillis())
            : new Relay(client, there, route.idleTimeoutMillis());
    carrier = carrying;
    proxy.observer().onConnected(this);
    if (client.pipeline().get("early") != null) {
      client.pipeline().remove("early");
    }
    carrying.start(early, greeting);
  }

  @Override
  public void carry(@Nullable ByteBuf first) {
    speculation = null;
    if (ended) {
      ReferenceCountUtil.release(first);
      client.close();
      return;
    }
    client.config().setAutoRead(false);
    if (first != null) {
      early.add(first);
    }
    Channel there = upstream;
    if (established && there != null) {
      there.config().setAutoRead(false);
      there.pipeline().remove("greeting");
      carryOver(there);
    } else {
      client.pipeline().addLast("early", new EarlyBytes());
    }
  }

  @Override
  public void drop() {
    if (speculation == null) {
      throw new IllegalStateException("the connection is in use");
    }
    speculation = null;
    if (!ended) {
      ended = true;
      release(Result.CANCELLED);
    }
  }

  /** Tells the listener once, out of line: the caller may be in the middle of something. */
  private void tell(Consumer<Listener> what) {
    Listener told = speculation;
    if (told != null) {
      loop.execute(() -> {
        if (told.equals(speculation)) {
          what.accept(told);
        }
      });
    }
  }

  /** Nothing if the connection has broken off meanwhile: that is told as well. */
  private void tellGreeting(Listener listener) {
    ByteBuf first = greeting.peek();
    if (first != null) {
      listener.onServerSpoke(first);
    }
  }

  private void onUpstreamClosed(Channel closed) {
    if (ended || !closed.equals(upstream)) {
      return;
    }
    if (isEstablished()) {
      Carrier carrying = carrier;
      if (carrying == null || !carrying.outlives(closed)) {
        end(Outcome.TUNNEL_CLOSED);
      }
      return;
    }
    boolean tls = closed.pipeline().get(SslHandler.class) != null;
    failAttempt(
        tls && closed.remoteAddress() != null ? Outcome.UPSTREAM_TLS : Outcome.CONNECT_FAILED);
  }

  /** Both ends learn by a reset that this was no end of a conversation. */
  private void onCertificatesEnded(Channel there) {
    if (ended || !there.equals(upstream)) {
      return;
    }
    if (speculation == null) {
      Cut.reset(client);
    }
    Cut.reset(there);
    end(Outcome.TUNNEL_CLOSED);
  }

  private void failAttempt(Outcome outcome) {
    cancelConnectTimer();
    Endpoint failed = endpoint;
    Cluster to = cluster;
    if (failed == null || to == null) {
      throw new IllegalStateException("no attempt is running");
    }
    failed.onResult(
        System.nanoTime() - attemptNanos, sentAway ? Result.CANCELLED : Result.CONNECT_FAILED);
    if (sentAway) {
      sentAway = false;
      attempts--; // it says nothing about the endpoint that is next
    }
    endAttempt();
    upstream = null;
    if (attempts < MAX_ATTEMPTS && to.hasOther(failed) && client.isActive()) {
      connect(to, failed);
    } else {
      end(outcome);
    }
  }

  private void endAttempt() {
    Endpoint of = endpoint;
    if (attemptRuns && of != null) {
      attemptRuns = false;
      of.onEnd();
    }
  }

  private void onClientClosed() {
    Carrier carrying = carrier;
    if (!ended && (carrying == null || !carrying.outlives(client))) {
      Endpoint of = endpoint;
      if (!isEstablished() && attemptRuns && of != null) {
        of.onResult(System.nanoTime() - attemptNanos, Result.CANCELLED);
      }
      end(isEstablished() ? Outcome.TUNNEL_CLOSED : Outcome.CLIENT_GONE);
    }
  }

  private void end(Outcome outcome) {
    if (ended) {
      return;
    }
    ended = true;
    Carrier carried = carrier;
    if (carried != null) {
      carried.stop();
    }
    if (speculation == null) {
      client.close();
    } else {
      tell(Listener::onFailed);
    }
    release(null);
    Cluster of = cluster;
    Endpoint last = endpoint;
    proxy
        .observer()
        .onEnd(
            new TcpReport(
                info,
                route,
                of == null ? null : of.spec().statsName(),
                last == null ? null : last.toString(),
                last == null ? null : last.socketAddress(),
                last == null ? "" : last.spec().identity(),
                carried != null,
                carried != null && carried.wasIdle() ? Outcome.IDLE_TIMEOUT : outcome,
                attempts,
                carried == null ? 0 : carried.bytesFromClient(),
                carried == null ? 0 : carried.bytesToClient(),
                startMillis,
                System.nanoTime() - startNanos));
  }

  /**
   * Gives everything back but the client's channel.
   *
   * @param unfinished what an attempt that has not come to anything is to count as
   */
  private void release(@Nullable Result unfinished) {
    cancelConnectTimer();
    early.forEach(ByteBuf::release);
    early.clear();
    greeting.forEach(ByteBuf::release);
    greeting.clear();
    Endpoint of = endpoint;
    Channel there = upstream;
    if (unfinished != null && !established && attemptRuns && of != null) {
      of.onResult(System.nanoTime() - attemptNanos, unfinished);
    }
    if (there != null) {
      there.close();
    }
    endAttempt();
    Cluster to = cluster;
    if (holdsConnection && to != null) {
      holdsConnection = false;
      to.breakers(Priority.DEFAULT).release(Limit.CONNECTIONS);
    }
  }

  // ---- TcpFlow

  @Override
  public TcpClient client() {
    return info;
  }

  @Override
  public Endpoint endpoint() {
    return requireNonNull(endpoint, "not connected");
  }

  @Override
  public long bytesFromClient() {
    Carrier carrying = carrier;
    return carrying == null ? 0 : carrying.bytesFromClient();
  }

  @Override
  public long bytesToClient() {
    Carrier carrying = carrier;
    return carrying == null ? 0 : carrying.bytesToClient();
  }

  private void cancelConnectTimer() {
    Future<?> timer = connectTimer;
    if (timer != null) {
      timer.cancel(false);
      connectTimer = null;
    }
  }

  /** Hashing balancers keep a source address on one endpoint; others do not look at it. */
  private static long sourceHash(InetSocketAddress peer) {
    long h = peer.getAddress() == null ? 1 : peer.getAddress().hashCode();
    h = (h ^ h >>> 32) * 0x9E3779B97F4A7C15L;
    h ^= h >>> 29;
    return h == Cluster.NO_HASH ? 1 : h;
  }

  /** Keeps what the client has sent already (a ClientHello, mostly) until there is an endpoint. */
  private final class EarlyBytes extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf bytes && !ended) {
        early.add(bytes);
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** Keeps what a server says first, and tells of it. */
  private final class Greeting extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf bytes && !ended) {
        ctx.channel().config().setAutoRead(false);
        greeting.add(bytes);
        if (greeting.size() == 1) {
          tell(TcpSession.this::tellGreeting);
        }
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      boolean over =
          event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent;
      if (over && greeting.isEmpty()) {
        tell(Listener::onServerEnded);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /**
   * Watches an upstream channel until it may be used; a failure closes it, which is the next try.
   */
  private final class Connecting extends ChannelInboundHandlerAdapter {
    private final Cluster to;
    private final Endpoint picked;
    private final @Nullable SslHandler tls;

    Connecting(Cluster to, Endpoint picked, @Nullable SslHandler tls) {
      this.to = to;
      this.picked = picked;
      this.tls = tls;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      if (tls != null) {
        onTcp(ctx.channel(), picked);
        // The handshake needs its bytes; payload is not read before there is a carrier.
        ctx.channel().config().setAutoRead(true);
      } else {
        ctx.pipeline().remove(this);
        onConnected();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (handshake.isSuccess()
            && tls != null
            && EndpointTls.isAgreed(to.spec(), picked.spec(), tls)) {
          ctx.channel().config().setAutoRead(false);
          ctx.pipeline().remove(this);
          MeshFrames.addIfAgreed(ctx.channel());
          if (!picked.spec().identity().isEmpty()) {
            CertificateEnd.watch(
                ctx.channel(),
                MeshTls.connectionEnd(tls),
                () -> onCertificatesEnded(ctx.channel()));
          }
          onConnected();
        } else {
          ctx.close();
        }
      } else if (event instanceof ChannelInputShutdownEvent) {
        ctx.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log.atDebug()
          .addKeyValue("route", route.name())
          .log("upstream connection failed: {}", String.valueOf(cause));
      ctx.close();
    }
  }
}
