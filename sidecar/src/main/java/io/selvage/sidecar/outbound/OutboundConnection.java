// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.outbound;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.selvage.mesh.discovery.Destination;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.proxy.engine.Target;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.tcp.SpeculativeTcp;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.sidecar.connection.IdleCache;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Way;
import io.selvage.sidecar.detect.Detected;
import io.selvage.sidecar.detect.Detection;
import io.selvage.sidecar.detect.Protocol;
import io.selvage.sidecar.origdst.OriginalDestination;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection that the application makes, from accept to its codec or carrier: where it was going,
 * what that stands for, what is spoken. Confined to the channel's event loop.
 */
final class OutboundConnection extends ChannelInboundHandlerAdapter {
  private final OutboundStack stack;
  private final ListenerServer server;
  private final @Nullable InetSocketAddress fixed;

  /**
   * @param fixed where every connection of the listener goes; null = the kernel is asked
   */
  OutboundConnection(
      OutboundStack stack, ListenerServer server, @Nullable InetSocketAddress fixed) {
    this.stack = stack;
    this.server = server;
    this.fixed = fixed;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    // Bytes wait in the kernel, and an early end with them, until it is known where to go.
    channel.config().setAutoRead(false);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    InetSocketAddress peer = (InetSocketAddress) channel.remoteAddress();
    InetSocketAddress local = (InetSocketAddress) channel.localAddress();
    if (peer == null || local == null) {
      ctx.close(); // already gone between accept and here
      return;
    }
    InetSocketAddress destination = fixed;
    if (destination == null) {
      switch (stack.originals().of(channel)) {
        case OriginalDestination.Known(InetSocketAddress known) -> destination = known;
        case OriginalDestination.Unknown(String reason) -> {
          refuse(ctx, Refusal.NO_ORIGINAL_DESTINATION, reason);
          return;
        }
      }
    }
    if (stack.isOurs(destination)) {
      refuse(ctx, Refusal.LOOP, destination);
      return;
    }
    stack
        .destinations()
        .find(destination, channel.eventLoop())
        .addListener(found -> {
          if (channel.isOpen() && found.getNow() instanceof Destination known) {
            serve(ctx, known, peer);
          }
        });
  }

  private void serve(ChannelHandlerContext ctx, Destination destination, InetSocketAddress peer) {
    Destination.State state = destination.state();
    if (state.refused()) {
      refuse(ctx, state, destination.address());
      return;
    }
    IdleCache.Lease<OutboundDestination> lease = stack.lease(destination);
    ctx.channel().closeFuture().addListener(closed -> lease.release());
    OutboundDestination.Served served = lease.value().served();
    Target target = served.target();
    Kind kind = served.state().kind();
    if (target == null) {
      refuse(ctx, served.state(), destination.address());
      return;
    }
    Way way = way(served.state());
    var client = new TcpClient(way.listener(), peer, destination.address(), null);
    ProtocolHint hint = served.state().hint();
    if (kind == Kind.FORWARD || hint == ProtocolHint.OPAQUE) {
      target.tcp(ctx.channel(), client);
      ctx.pipeline().remove(this);
      return;
    }
    var builder =
        new Detection.Builder(new Found(target, client), lease.value().memory(), stack.detection())
            .passingTls();
    if (hint == ProtocolHint.HTTP1 || hint == ProtocolHint.HTTP2) {
      builder.clientSpeaks();
    }
    Channel channel = ctx.channel();
    server.silent(channel, () -> reset(channel, Refusal.SILENT, destination.address()));
    ctx.pipeline().replace(this, "detection", builder.build());
    ctx.channel().config().setAutoRead(true);
  }

  private static Way way(Destination.State state) {
    if (state.kind() != Kind.FORWARD) {
      return Way.OUTBOUND;
    }
    return state.answered() ? Way.OUTBOUND_FORWARD : Way.OUTBOUND_UNANSWERED;
  }

  private void refuse(
      ChannelHandlerContext ctx, Destination.State state, InetSocketAddress destination) {
    switch (state.answer()) {
      case LATE -> refuse(ctx, Refusal.NO_ANSWER, destination);
      case NO_ROOM -> refuse(ctx, Refusal.TOO_MANY_DESTINATIONS, destination);
      case GIVEN, AWAY -> refuse(ctx, Refusal.NO_SUCH_PORT, state.service().label());
    }
  }

  private void refuse(ChannelHandlerContext ctx, Refusal reason, Object detail) {
    reset(ctx.channel(), reason, detail);
  }

  private void reset(Channel channel, Refusal reason, Object detail) {
    stack.refusals().reset(channel, Way.OUTBOUND, reason, detail);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close(); // a reset, as a rule
  }

  /** What becomes of it once it is known what is spoken. */
  private final class Found implements Detected {
    private final Target target;
    private final TcpClient client;

    Found(Target target, TcpClient client) {
      this.target = target;
      this.client = client;
    }

    @Override
    public SpeculativeTcp speculate(Channel channel, SpeculativeTcp.Listener listener) {
      return target.speculate(channel, client, listener);
    }

    @Override
    public void onHeard(Channel channel) {
      server.heard(channel);
    }

    @Override
    public void onSilent(ChannelHandlerContext ctx) {
      refuse(ctx, Refusal.SILENT, client.local());
    }

    @Override
    public void onHttp(ChannelHandlerContext ctx, Protocol version) {
      HttpVersion http = version == Protocol.HTTP2 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1;
      target.serve(
          ctx.pipeline(),
          new ConnectionInfo(
              client.listener(),
              client.listener(),
              client.peer(),
              client.local(),
              http,
              false,
              null,
              null,
              null,
              null),
          server::isDraining);
    }

    @Override
    public void onTls(ChannelHandlerContext ctx) {
      throw new IllegalStateException("TLS is the application's here");
    }

    @Override
    public void onRaw(ChannelHandlerContext ctx) {
      target.tcp(ctx.channel(), client);
    }

    @Override
    public boolean permitsCarrying(ChannelHandlerContext ctx) {
      return true;
    }

    @Override
    public void onServerUnreachable(ChannelHandlerContext ctx) {
      refuse(ctx, Refusal.UNREACHABLE, client.local());
    }
  }
}
