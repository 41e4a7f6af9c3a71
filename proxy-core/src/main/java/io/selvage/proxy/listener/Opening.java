// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ListenerObserver.Refusal;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tls.ClientHello;
import io.selvage.proxy.tls.TlsAlert;
import io.selvage.proxy.tls.TlsBindings;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection from accept to its codec: PROXY protocol header, TLS or not, server name, handshake.
 * Then it puts the codec in place (or hands the channel to the TCP proxy), passes on what it has
 * read and leaves the pipeline. One deadline covers each step. Confined to the channel's event
 * loop.
 */
final class Opening extends ChannelInboundHandlerAdapter {
  private static final Logger log = LoggerFactory.getLogger(Opening.class);

  /** RFC 9113 section 3.4. */
  private static final byte[] HTTP2_PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private enum Step {
    PROXY_HEADER,
    FIRST_BYTES,
    HANDSHAKE,
    DONE
  }

  private final ListenerServer server;
  private final ListenerEnvironment environment;
  private Step step = Step.FIRST_BYTES;
  private @Nullable ByteBuf received;
  private @Nullable Future<?> deadline;
  private @Nullable InetSocketAddress peer;
  private @Nullable InetSocketAddress local;

  // Set once a ClientHello has been read.
  private @Nullable ClientHello hello;
  private @Nullable SslHandler tls;
  private TlsBindings.@Nullable Binding binding;
  private @Nullable TcpRoute terminatedRoute;
  private long handshakeStartNanos;

  Opening(ListenerServer server, ListenerEnvironment environment) {
    this.server = server;
    this.environment = environment;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    peer = (InetSocketAddress) channel.remoteAddress();
    local = (InetSocketAddress) channel.localAddress();
    if (peer == null || local == null) {
      // Already gone between accept and here.
      ctx.close();
      return;
    }
    LiveListener live = server.live();
    Limits limits = environment.limits();
    if (live.spec().proxyProtocol()) {
      step = Step.PROXY_HEADER;
      setDeadline(ctx, limits.handshake().proxyHeaderMillis());
    } else {
      begin(ctx, live);
    }
  }

  /** The first step of a connection whose addresses are known. */
  private void begin(ChannelHandlerContext ctx, LiveListener live) {
    step = Step.FIRST_BYTES;
    TcpRoute unseen = live.unseenRoute();
    if (unseen != null) {
      handOver(ctx, live, unseen, null);
      return;
    }
    boolean idle = !live.requiresTls() && live.spec().http();
    Limits limits = environment.limits();
    setDeadline(
        ctx,
        idle ? environment.settings().get().listenerIdleMillis() : limits.handshake().tlsMillis());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    if (step == Step.DONE || step == Step.HANDSHAKE || !(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    received =
        received == null
            ? bytes
            : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), received, bytes);
    if (step == Step.PROXY_HEADER && !readProxyHeader(ctx, received)) {
      return;
    }
    if (step == Step.FIRST_BYTES && received != null && received.isReadable()) {
      readFirstBytes(ctx, server.live(), received);
    }
  }

  /** Returns true when the next step may begin. */
  private boolean readProxyHeader(ChannelHandlerContext ctx, ByteBuf in) {
    ProxyHeader header;
    try {
      header = ProxyHeader.parse(in, environment.limits().handshake().proxyHeaderBytes());
    } catch (ProxyHeader.InvalidException e) {
      log.atDebug().addKeyValue("rule", e.getMessage()).log("PROXY protocol header refused");
      refuse(ctx, Refusal.PROXY_HEADER);
      return false;
    }
    if (header == null) {
      return false;
    }
    in.skipBytes(header.length());
    if (header.source() != null) {
      peer = header.source();
      local = header.destination();
    }
    begin(ctx, server.live());
    return true;
  }

  private void readFirstBytes(ChannelHandlerContext ctx, LiveListener live, ByteBuf in) {
    boolean handshake = in.getByte(in.readerIndex()) == ClientHello.HANDSHAKE_RECORD;
    if (handshake && live.readsTls()) {
      readHello(ctx, live, in);
    } else if (live.requiresTls()) {
      refuse(ctx, Refusal.NOT_TLS);
    } else {
      readPlaintext(ctx, live, in);
    }
  }

  private void readPlaintext(ChannelHandlerContext ctx, LiveListener live, ByteBuf in) {
    TcpRoute route = live.tcpRoutes().fallback();
    if (route != null) {
      handOver(ctx, live, route, take());
      return;
    }
    if (!live.spec().http()) {
      refuse(ctx, Refusal.NO_ROUTE);
      return;
    }
    int compared = Math.min(in.readableBytes(), HTTP2_PREFACE.length);
    for (int i = 0; i < compared; i++) {
      if (in.getByte(in.readerIndex() + i) != HTTP2_PREFACE[i]) {
        installCodec(ctx, live, HttpVersion.HTTP_1_1);
        return;
      }
    }
    if (compared == HTTP2_PREFACE.length) {
      installCodec(ctx, live, HttpVersion.HTTP_2);
    } else {
      // Perhaps a preface in pieces: from its first byte on it is a head like any other.
      setDeadline(ctx, environment.limits().request().headerTimeoutMillis());
    }
  }

  private void readHello(ChannelHandlerContext ctx, LiveListener live, ByteBuf in) {
    if (hello == null) {
      hello = new ClientHello(environment.limits().handshake().clientHelloBytes());
      setDeadline(ctx, environment.limits().handshake().tlsMillis());
    }
    switch (hello.read(in)) {
      case INCOMPLETE -> {}
      case COMPLETE -> onHello(ctx, live, hello.serverName());
      case MALFORMED, TOO_LONG -> refuse(ctx, Refusal.CLIENT_HELLO, TlsAlert.DECODE_ERROR);
    }
  }

  private void onHello(ChannelHandlerContext ctx, LiveListener live, @Nullable String serverName) {
    TcpRoute route = live.tcpRoutes().lookup(serverName);
    boolean terminates = live.spec().tls() != ListenerSpec.TlsMode.OFF;
    if (route != null && route.tls() == TcpRoute.Tls.PASSTHROUGH) {
      handOver(ctx, live, route, take());
    } else if (route != null || live.spec().http() && terminates) {
      startHandshake(ctx, serverName, route);
    } else if (live.spec().http()) {
      // Plaintext is spoken here, and this is none: HTTP/1.1 answers it.
      installCodec(ctx, live, HttpVersion.HTTP_1_1);
    } else {
      refuse(ctx, Refusal.NO_ROUTE, TlsAlert.UNRECOGNIZED_NAME);
    }
  }

  private void startHandshake(
      ChannelHandlerContext ctx, @Nullable String serverName, @Nullable TcpRoute route) {
    SslHandler handler = null;
    while (handler == null) {
      // Asked again after a miss: the bindings were replaced between the look-up and the handler.
      binding = server.live().bindings().lookup(serverName);
      if (binding == null) {
        refuse(ctx, Refusal.NO_CERTIFICATE, TlsAlert.UNRECOGNIZED_NAME);
        return;
      }
      handler = binding.newHandler(ctx.alloc());
    }
    // The deadline of this step is ours; a second timer per connection would only cost.
    handler.setHandshakeTimeoutMillis(0);
    terminatedRoute = route;
    tls = handler;
    handshakeStartNanos = System.nanoTime();
    step = Step.HANDSHAKE;
    ByteBuf start = take();
    ctx.pipeline().addBefore(ctx.name(), "tls", handler);
    ChannelHandlerContext tlsContext = ctx.pipeline().context(handler);
    if (tlsContext == null) {
      start.release();
      return;
    }
    try {
      handler.channelRead(tlsContext, start);
    } catch (Exception e) {
      ctx.fireExceptionCaught(e);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake && step == Step.HANDSHAKE) {
      if (handshake.isSuccess()) {
        onHandshake(ctx);
      } else {
        step = Step.DONE;
        log.atDebug()
            .addKeyValue("listener", server.live().spec().name())
            .log("TLS handshake failed: {}", String.valueOf(handshake.cause()));
        cancelDeadline();
        environment.observer().onRefused(server.live().spec(), Refusal.HANDSHAKE);
        // Waits for the alert that SslHandler has written.
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
      return;
    }
    if (event == ServerCodec.Drain.INSTANCE && received == null && step == Step.FIRST_BYTES) {
      ctx.close(); // nothing was asked: as idle as a connection can be
      return;
    }
    ctx.fireUserEventTriggered(event);
  }

  private void onHandshake(ChannelHandlerContext ctx) {
    LiveListener live = server.live();
    SSLSession session = tls().engine().getSession();
    environment
        .observer()
        .onHandshake(live.spec(), session.getProtocol(), System.nanoTime() - handshakeStartNanos);
    if (terminatedRoute != null) {
      handOver(ctx, live, terminatedRoute, null);
      return;
    }
    boolean h2 = "h2".equals(tls().applicationProtocol());
    installCodec(ctx, live, h2 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1);
  }

  private SslHandler tls() {
    SslHandler handler = tls;
    if (handler == null) {
      throw new IllegalStateException("no TLS on this connection");
    }
    return handler;
  }

  private void installCodec(ChannelHandlerContext ctx, LiveListener live, HttpVersion version) {
    cancelDeadline();
    step = Step.DONE;
    ServerCodec codec = version == HttpVersion.HTTP_2 ? environment.http2() : environment.http1();
    codec.install(ctx.pipeline(), connectionInfo(live, version), live.codec());
    leave(ctx);
  }

  private void handOver(
      ChannelHandlerContext ctx, LiveListener live, TcpRoute route, @Nullable ByteBuf first) {
    cancelDeadline();
    step = Step.DONE;
    ClientHello seen = hello;
    environment
        .tcp()
        .serve(
            ctx.channel(),
            route,
            new TcpClient(
                live.spec().name(),
                known(peer),
                known(local),
                seen == null ? null : seen.serverName()));
    if (first != null) {
      ctx.fireChannelRead(first);
    }
    leave(ctx);
  }

  /** Passes on what has been read and gets out of the way. */
  private void leave(ChannelHandlerContext ctx) {
    ByteBuf rest = received;
    received = null;
    if (rest != null) {
      if (rest.isReadable()) {
        ctx.fireChannelRead(rest);
      } else {
        rest.release();
      }
    }
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }

  private ConnectionInfo connectionInfo(LiveListener live, HttpVersion version) {
    SslHandler handler = tls;
    TlsBindings.Binding used = binding;
    ClientHello seen = hello;
    if (handler == null || used == null || seen == null) {
      return new ConnectionInfo(
          live.spec().name(),
          live.spec().statsPrefix(),
          known(peer),
          known(local),
          version,
          false,
          null,
          null,
          null,
          null);
    }
    SSLSession session = handler.engine().getSession();
    return new ConnectionInfo(
        live.spec().name(),
        live.spec().statsPrefix(),
        known(peer),
        known(local),
        version,
        true,
        seen.serverName(),
        session.getProtocol(),
        used.spec().name(),
        used.spec().clientAuth().isPresent() ? clientCertificate(session) : null);
  }

  /** The verified client certificate; null when an optional one was not sent. */
  private static @Nullable X509Certificate clientCertificate(SSLSession session) {
    try {
      return session.getPeerCertificates()[0] instanceof X509Certificate x509 ? x509 : null;
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  private static InetSocketAddress known(@Nullable InetSocketAddress address) {
    if (address == null) {
      throw new IllegalStateException("the connection is not active");
    }
    return address;
  }

  private ByteBuf take() {
    ByteBuf bytes = received;
    if (bytes == null) {
      throw new IllegalStateException("nothing was read");
    }
    received = null;
    return bytes;
  }

  private void refuse(ChannelHandlerContext ctx, Refusal reason) {
    refuse(ctx, reason, null);
  }

  private void refuse(ChannelHandlerContext ctx, Refusal reason, @Nullable TlsAlert alert) {
    step = Step.DONE;
    cancelDeadline();
    releaseReceived();
    environment.observer().onRefused(server.live().spec(), reason);
    if (alert == null) {
      ctx.close();
    } else {
      ctx.writeAndFlush(alert.record()).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private void setDeadline(ChannelHandlerContext ctx, long millis) {
    cancelDeadline();
    if (millis > 0) {
      deadline = ctx.executor().schedule(() -> onDeadline(ctx), millis, TimeUnit.MILLISECONDS);
    }
  }

  private void onDeadline(ChannelHandlerContext ctx) {
    // A client that has not said anything on a plaintext listener is idle, not refused.
    boolean idle = step == Step.FIRST_BYTES && received == null && !server.live().requiresTls();
    if (idle) {
      step = Step.DONE;
      ctx.close();
    } else {
      refuse(ctx, Refusal.TIMEOUT);
    }
  }

  private void cancelDeadline() {
    Future<?> running = deadline;
    if (running != null) {
      running.cancel(false);
      deadline = null;
    }
  }

  private void releaseReceived() {
    if (received != null) {
      received.release();
      received = null;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    cancelDeadline();
    releaseReceived();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    cancelDeadline();
    releaseReceived();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // Handshake failures are counted where their event arrives; this is the same failure, or a
    // reset.
    log.atDebug()
        .addKeyValue("listener", server.live().spec().name())
        .log("connection ended while opening: {}", String.valueOf(cause));
    if (step != Step.DONE && step != Step.HANDSHAKE) {
      ctx.close();
    }
  }
}
