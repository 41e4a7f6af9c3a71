// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.selvage.proxy.h2.Http2UpstreamProtocol;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.util.List;

/**
 * Opens HTTP/2 connections to the control plane, which must prove to be it. A connection on which
 * something runs is probed when it is silent: a peer that is gone is noticed within 13 s.
 */
final class ControlDialer {
  /** TCP, and again the handshake. */
  private static final int CONNECT_MILLIS = 5_000;

  /** Bytes unacknowledged for this long mean the other machine is gone. */
  private static final int USER_TIMEOUT_MILLIS = 10_000;

  private static final List<String> ALPN = List.of("h2");

  private final MeshTls tls;
  private final String controlIdentity;
  private final Http2UpstreamProtocol protocol = new Http2UpstreamProtocol(Limits.DEFAULT);

  ControlDialer(MeshTls tls, String controlIdentity) {
    this.tls = tls;
    this.controlIdentity = controlIdentity;
  }

  /** Hears of one attempt, on its event loop: exactly one of the two. */
  interface Listener {
    void onConnected(UpstreamConnection connection, SslHandler handler);

    void onFailed(String why);
  }

  /**
   * Connects.
   *
   * @param certificate whether to show ours
   */
  void dial(EventLoop loop, InetSocketAddress to, boolean certificate, Listener listener) {
    SslHandler handler;
    Channel socket;
    try {
      handler = handler(to, certificate);
    } catch (GeneralSecurityException e) {
      listener.onFailed(String.valueOf(e.getMessage()));
      return;
    }
    try {
      socket = EventLoops.newSocketChannel(loop);
    } catch (ChannelException e) {
      ReferenceCountUtil.release(handler.engine());
      listener.onFailed("there is no socket: " + e.getMessage());
      return;
    }
    handler.setHandshakeTimeoutMillis(CONNECT_MILLIS);
    new Bootstrap()
        .group(loop)
        .channelFactory(() -> socket)
        .option(ChannelOption.ALLOCATOR, EventLoops.allocator())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .handler(new Dialing(handler))
        .connect(to)
        .addListener(connected -> {
          if (!connected.isSuccess()) {
            listener.onFailed(to + ": " + reason(connected.cause()));
            return;
          }
          if (socket instanceof EpollSocketChannel epoll) {
            epoll.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
          }
          handler
              .handshakeFuture()
              .addListener(shaken -> {
                if (shaken.isSuccess()) {
                  onSecured(socket, handler, to, listener);
                } else {
                  socket.close();
                  listener.onFailed(to + ": TLS failed: " + reason(shaken.cause()));
                }
              });
        });
  }

  private SslHandler handler(InetSocketAddress to, boolean certificate)
      throws GeneralSecurityException {
    String address = to.getAddress().getHostAddress();
    return certificate
        ? tls.newClientHandler(EventLoops.allocator(), controlIdentity, ALPN, address, to.getPort())
        : tls.newBootstrapHandler(
            EventLoops.allocator(), controlIdentity, ALPN, address, to.getPort());
  }

  private void onSecured(
      Channel socket, SslHandler handler, InetSocketAddress to, Listener listener) {
    if (!"h2".equals(handler.applicationProtocol())) {
      socket.close();
      listener.onFailed(to + ": the server does not speak HTTP/2");
      return;
    }
    socket.pipeline().remove(Dialing.class);
    listener.onConnected(protocol.install(socket, new Quiet()), handler);
  }

  private static String reason(Throwable cause) {
    Throwable innermost = cause;
    for (int depth = 0; innermost.getCause() != null && depth < 10; depth++) {
      innermost = innermost.getCause();
    }
    String message = innermost.getMessage();
    return message == null ? innermost.getClass().getSimpleName() : message;
  }

  /** TLS must stand in the pipeline before the channel is active. */
  private static final class Dialing extends ChannelInboundHandlerAdapter {
    private final SslHandler handler;

    Dialing(SslHandler handler) {
      this.handler = handler;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      ctx.pipeline().addFirst(handler);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close(); // the handshake's future tells
    }
  }

  /** The one call of a connection hears of its end by itself. */
  private static final class Quiet implements UpstreamConnection.Listener {
    @Override
    public void onAvailable(UpstreamConnection connection) {}

    @Override
    public void onUnusable(UpstreamConnection connection) {}

    @Override
    public void onClosed(UpstreamConnection connection) {}
  }
}
