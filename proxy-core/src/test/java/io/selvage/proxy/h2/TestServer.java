// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.exchange.ExchangeFactory;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.listener.ServerCodec;
import io.selvage.proxy.listener.ServerCodecContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/** The server codec on a real socket of one event loop. */
final class TestServer implements AutoCloseable {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Channel listening;
  private final io.netty.channel.group.ChannelGroup connections =
      new io.netty.channel.group.DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  volatile boolean draining;

  TestServer(ExchangeFactory exchanges) throws Exception {
    this(exchanges, Limits.DEFAULT, Settings.defaults(), 100, null, 0);
  }

  TestServer(
      ExchangeFactory exchanges,
      Limits limits,
      Settings settings,
      int maxStreams,
      @Nullable SslContext tls,
      int port)
      throws Exception {
    var context =
        new ServerCodecContext(exchanges, limits, () -> draining, maxStreams, () -> settings);
    listening =
        new ServerBootstrap()
            .group(group)
            .channel(EpollServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(
                    limits.connection().bufferLowBytes(), limits.connection().bufferHighBytes()))
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel ch) {
                    connections.add(ch);
                    if (tls == null) {
                      install(ch, false, context);
                      return;
                    }
                    ch.pipeline().addLast(tls.newHandler(ch.alloc()));
                    ch.pipeline()
                        .addLast(
                            new io.netty.channel.ChannelInboundHandlerAdapter() {
                              @Override
                              public void userEventTriggered(
                                  io.netty.channel.ChannelHandlerContext ctx, Object event) {
                                if (event instanceof SslHandshakeCompletionEvent e
                                    && e.isSuccess()) {
                                  install(ch, true, context);
                                }
                              }
                            });
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), port)
            .sync()
            .channel();
  }

  private static void install(Channel ch, boolean secure, ServerCodecContext context) {
    var info =
        new ConnectionInfo(
            "test",
            "test",
            (InetSocketAddress) ch.remoteAddress(),
            (InetSocketAddress) ch.localAddress(),
            HttpVersion.HTTP_2,
            secure,
            null,
            null,
            null,
            null);
    new Http2ServerCodec().install(ch.pipeline(), info, context);
  }

  static SslContext serverTls(PrivateKey key, X509Certificate... chain) throws Exception {
    return SslContextBuilder.forServer(key, chain)
        .sslProvider(SslProvider.OPENSSL)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                "h2"))
        .build();
  }

  int port() {
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  int connectionCount() {
    return connections.size();
  }

  /** Tells all connections that draining begins. */
  void drain() {
    draining = true;
    connections.forEach(ch ->
        ch.eventLoop()
            .execute(() -> ch.pipeline().fireUserEventTriggered(ServerCodec.Drain.INSTANCE)));
  }

  @Override
  public void close() {
    listening.close().syncUninterruptibly();
    connections.close().syncUninterruptibly();
    group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }
}
