// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.selvage.controlplane.server.Handshakes;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A transport whose listening sockets bound the connections they have, counted from accept on. A
 * server hears of a connection only after its TLS handshake: those that never finish one would
 * otherwise be bounded by nothing but the process's file descriptors.
 *
 * <p>One connection more than a port may have is closed at once, and so is one more of an address
 * than may be in their handshake there.
 */
final class BoundedAccept implements Transport {
  private final Transport transport;
  private final IntUnaryOperator boundOfPort;
  private final IntFunction<Optional<Handshakes>> handshakesOfPort;
  private final Consumer<String> onRefused;

  private BoundedAccept(
      Transport transport,
      IntUnaryOperator boundOfPort,
      IntFunction<Optional<Handshakes>> handshakesOfPort,
      Consumer<String> onRefused) {
    this.transport = transport;
    this.boundOfPort = boundOfPort;
    this.handshakesOfPort = handshakesOfPort;
    this.onRefused = onRefused;
  }

  /**
   * The best transport of this machine, bounded.
   *
   * @param boundOfPort the most connections of a port, by its number as it was asked for, which may
   *     be 0
   * @param handshakesOfPort by the same number, what counts those of the port; empty = nothing
   * @param onRefused told the reason for each connection closed, on an event loop
   */
  static io.vertx.core.transport.Transport transport(
      IntUnaryOperator boundOfPort,
      IntFunction<Optional<Handshakes>> handshakesOfPort,
      Consumer<String> onRefused) {
    io.vertx.core.transport.@Nullable Transport nativeOne =
        io.vertx.core.transport.Transport.nativeTransport();
    var best =
        nativeOne != null && nativeOne.available()
            ? nativeOne
            : io.vertx.core.transport.Transport.NIO;
    var bounded =
        new BoundedAccept(best.implementation(), boundOfPort, handshakesOfPort, onRefused);
    return new io.vertx.core.transport.Transport() {
      @Override
      public String name() {
        return best.name();
      }

      @Override
      public boolean available() {
        return best.available();
      }

      @Override
      public @Nullable Throwable unavailabilityCause() {
        return best.unavailabilityCause();
      }

      @Override
      public Transport implementation() {
        return bounded;
      }
    };
  }

  /** Stands before Netty's acceptor in a listening channel. */
  private final class Gate extends ChannelDuplexHandler {
    private final AtomicInteger open = new AtomicInteger();
    private int most = Integer.MAX_VALUE;
    private Optional<Handshakes> handshakes = Optional.empty();

    @Override
    public void bind(
        ChannelHandlerContext ctx, java.net.SocketAddress address, ChannelPromise promise)
        throws Exception {
      if (address instanceof InetSocketAddress inet) {
        most = boundOfPort.applyAsInt(inet.getPort());
        handshakes = handshakesOfPort.apply(inet.getPort());
      }
      super.bind(ctx, address, promise);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      var accepted = (Channel) message;
      if (open.incrementAndGet() > most) {
        refuse(accepted, "NoRoom");
        return;
      }
      if (handshakes.isPresent() && accepted.remoteAddress() instanceof InetSocketAddress peer) {
        Handshakes counting = handshakes.get();
        if (!counting.begin(peer, accepted)) {
          refuse(accepted, "TooManyHandshakes");
          return;
        }
        accepted.closeFuture().addListener(closed -> counting.closed(peer, accepted));
      }
      accepted.closeFuture().addListener(closed -> open.decrementAndGet());
      ctx.fireChannelRead(message);
    }

    private void refuse(Channel accepted, String reason) {
      open.decrementAndGet();
      // Counted first: whoever sees the connection end finds it counted.
      onRefused.accept(reason);
      accepted.unsafe().closeForcibly();
    }
  }

  @Override
  public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
    ChannelFactory<? extends ServerChannel> factory =
        requireNonNull(transport.serverChannelFactory(domainSocket));
    return () -> {
      ServerChannel channel = factory.newChannel();
      channel.pipeline().addFirst(new Gate());
      return channel;
    };
  }

  @Override
  public boolean supportsDomainSockets() {
    return transport.supportsDomainSockets();
  }

  @Override
  public boolean supportFileRegion() {
    return transport.supportFileRegion();
  }

  @Override
  public boolean isAvailable() {
    return transport.isAvailable();
  }

  @Override
  public @Nullable Throwable unavailabilityCause() {
    return transport.unavailabilityCause();
  }

  @Override
  public java.net.SocketAddress convert(SocketAddress address) {
    return transport.convert(address);
  }

  @Override
  public SocketAddress convert(java.net.SocketAddress address) {
    return transport.convert(address);
  }

  @Override
  public IoHandlerFactory ioHandlerFactory() {
    return transport.ioHandlerFactory();
  }

  @Override
  public EventLoopGroup eventLoopGroup(
      int type, int threads, ThreadFactory threadFactory, int ioRatio) {
    return transport.eventLoopGroup(type, threads, threadFactory, ioRatio);
  }

  // The interface has it so; no other way to delegate.
  @SuppressWarnings("deprecation")
  @Override
  public DatagramChannel datagramChannel(@Nullable InternetProtocolFamily family) {
    return transport.datagramChannel(family);
  }

  @Override
  public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
    return transport.datagramChannelFactory();
  }

  @Override
  public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
    return transport.channelFactory(domainSocket);
  }

  @Override
  public void configure(DatagramChannel channel, DatagramSocketOptions options) {
    transport.configure(channel, options);
  }

  @Override
  public void configure(TcpConfig config, boolean domainSocket, Bootstrap bootstrap) {
    transport.configure(config, domainSocket, bootstrap);
  }

  @Override
  public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
    transport.configure(config, domainSocket, bootstrap);
  }
}
