// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.upstream.CircuitBreakers;
import io.selvage.proxy.upstream.Endpoint;
import java.security.GeneralSecurityException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connect in progress: TCP, then TLS, under one timer; with an endpoint of the mesh the handshake
 * has a time of its own, because both ends are ours and a busy machine is no reason to give up.
 * Confined to the pool's event loop.
 */
final class Connecting extends Deadline {
  private static final Logger log = LoggerFactory.getLogger(Connecting.class);

  /** Bytes unacknowledged for this long mean the endpoint's machine is gone. */
  private static final int USER_TIMEOUT_MILLIS = 10_000;

  private final EndpointPool pool;
  private final CircuitBreakers breakers;
  private final Endpoint endpoint;
  private final ClusterSpec spec;
  private @Nullable Channel channel;
  private @Nullable SslHandler tls;
  private boolean answered;
  private boolean over;

  Connecting(EndpointPool pool, CircuitBreakers breakers) {
    this.pool = pool;
    this.breakers = breakers;
    this.endpoint = pool.endpoint();
    this.spec = endpoint.cluster().spec();
  }

  void start() {
    ConnectionPools owner = pool.owner();
    try {
      tls =
          owner
              .transport()
              .tls()
              .newHandler(spec, endpoint.spec(), EventLoops.allocator(), pool.authority());
    } catch (GeneralSecurityException e) {
      log.atDebug().addKeyValue("cluster", spec.name()).setCause(e).log("no TLS context");
      fail(UpstreamFailure.TLS_FAILED);
      return;
    }
    Channel socket;
    try {
      // Made here and not by the bootstrap, which answers a lack of descriptors on another thread
      // with a channel that cannot be closed.
      socket = EventLoops.newSocketChannel(owner.loop());
    } catch (ChannelException e) {
      log.atWarn()
          .addKeyValue("endpoint", endpoint)
          .log("no socket for a connection: {}", String.valueOf(e.getMessage()));
      if (tls != null) {
        ReferenceCountUtil.release(tls.engine());
      }
      fail(UpstreamFailure.CONNECT_FAILED);
      return;
    }
    owner.wheel().armMillis(this, spec.connectTimeoutMillis());
    ChannelFuture connected = bootstrap(socket).connect(endpoint.socketAddress());
    channel = connected.channel();
    connected.addListener(f -> onTcp(f));
  }

  private Bootstrap bootstrap(Channel socket) {
    Limits.Connection bounds = pool.owner().transport().limits().connection();
    var bootstrap =
        new Bootstrap()
            .group(pool.owner().loop())
            .channelFactory(() -> socket)
            .option(ChannelOption.ALLOCATOR, EventLoops.allocator())
            .option(ChannelOption.TCP_NODELAY, true)
            // The wheel times the connect.
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(bounds.bufferLowBytes(), bounds.bufferHighBytes()))
            .handler(new FirstHandler());
    spec.tcpKeepalive().ifPresent(k -> bootstrap.option(ChannelOption.SO_KEEPALIVE, true));
    return bootstrap;
  }

  private void onTcp(Future<?> connected) {
    if (over) {
      return;
    }
    Channel open = channel;
    if (!connected.isSuccess() || open == null) {
      fail(UpstreamFailure.CONNECT_FAILED);
      return;
    }
    answered = true;
    pool.onAnswered();
    setSocketOptions(open);
    SslHandler handler = tls;
    if (handler == null) {
      established(open, null);
    } else {
      // The wheel times the handshake too; a timer of its own per connection would only cost.
      handler.setHandshakeTimeoutMillis(0);
      if (!endpoint.spec().identity().isEmpty()) {
        ConnectionPools owner = pool.owner();
        owner.wheel().armMillis(this, owner.transport().tls().meshHandshakeMillis());
      }
      handler
          .handshakeFuture()
          .addListener(shaken -> {
            if (over) {
              return;
            }
            if (shaken.isSuccess() && EndpointTls.isAgreed(spec, endpoint.spec(), handler)) {
              established(open, handler);
            } else {
              log.atDebug()
                  .addKeyValue("endpoint", endpoint)
                  .addKeyValue(
                      "reason",
                      shaken.isSuccess()
                          ? "protocol " + handler.applicationProtocol()
                          : String.valueOf(shaken.cause()))
                  .log("the TLS handshake with an endpoint failed");
              fail(UpstreamFailure.TLS_FAILED);
            }
          });
    }
  }

  private void setSocketOptions(Channel open) {
    if (!(open instanceof EpollSocketChannel epoll)) {
      return;
    }
    epoll.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
    spec.tcpKeepalive()
        .ifPresent(k -> {
          if (k.idleSeconds() > 0) {
            epoll.config().setTcpKeepIdle(k.idleSeconds());
          }
          if (k.intervalSeconds() > 0) {
            epoll.config().setTcpKeepIntvl(k.intervalSeconds());
          }
          if (k.probes() > 0) {
            epoll.config().setTcpKeepCnt(k.probes());
          }
        });
  }

  private void established(Channel open, @Nullable SslHandler handler) {
    end();
    if (!open.isActive()) {
      failed(UpstreamFailure.CONNECT_FAILED);
      return;
    }
    ConnectionPools.Transport transport = pool.owner().transport();
    open.pipeline().remove(FirstHandler.class);
    String alpn = handler == null ? null : handler.applicationProtocol();
    Instant end =
        handler == null || endpoint.spec().identity().isEmpty()
            ? Instant.MAX
            : MeshTls.connectionEnd(handler);
    var connection = new PooledConnection(pool, breakers, end);
    connection.install(
        ConnectionPools.isHttp2(spec, alpn) ? transport.http2() : transport.http1(), open);
    pool.onConnected(connection);
  }

  private void fail(UpstreamFailure failure) {
    if (over) {
      return;
    }
    end();
    if (channel != null) {
      channel.close();
    }
    failed(failure);
  }

  private void failed(UpstreamFailure failure) {
    pool.onConnectFailed(failure, breakers, ConnectionPools.isHttp2(spec, null));
  }

  private void end() {
    over = true;
    if (answered) {
      answered = false;
      pool.onAnsweredEnd();
    }
    pool.owner().wheel().remove(this);
  }

  @Override
  protected void onDeadline() {
    fail(UpstreamFailure.CONNECT_TIMEOUT);
  }

  /**
   * Puts TLS first before the channel is active, because the handshake starts with that; then
   * watches.
   */
  private final class FirstHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      if (tls != null) {
        ctx.pipeline().addFirst(tls);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close(); // the handshake's future has told or will tell
    }
  }
}
