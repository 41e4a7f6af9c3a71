// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Future;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.tcp.MeshFrames;
import io.selvage.proxy.tcp.SpeculativeTcp;
import io.selvage.proxy.tcp.TcpClient;
import io.selvage.proxy.tls.CertificateEnd;
import io.selvage.sidecar.connection.IdleCache;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Way;
import io.selvage.sidecar.detect.Detected;
import io.selvage.sidecar.detect.Detection;
import io.selvage.sidecar.detect.LateRequestGuard;
import io.selvage.sidecar.detect.Protocol;
import io.selvage.sidecar.detect.WhoSpeaksFirst;
import io.selvage.sidecar.origdst.OriginalDestination;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection made to the pod, from accept to its codec or carrier: which port it is for, who the
 * client is, whether it may, what is spoken. Confined to the channel's event loop.
 */
final class InboundConnection extends ChannelInboundHandlerAdapter {
  private final InboundStack stack;
  private final ListenerServer server;
  private final @Nullable InetSocketAddress fixed;

  /**
   * @param fixed where every connection of the listener goes; null = the kernel is asked
   */
  InboundConnection(InboundStack stack, ListenerServer server, @Nullable InetSocketAddress fixed) {
    this.stack = stack;
    this.server = server;
    this.fixed = fixed;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    InetSocketAddress peer = (InetSocketAddress) channel.remoteAddress();
    if (peer == null) {
      ctx.close(); // already gone between accept and here
      return;
    }
    InetSocketAddress destination = fixed;
    if (destination == null) {
      switch (stack.originals().of(channel)) {
        case OriginalDestination.Known(InetSocketAddress known) -> destination = known;
        case OriginalDestination.Unknown(String reason) -> {
          refuse(channel, Refusal.NO_ORIGINAL_DESTINATION, reason);
          return;
        }
      }
      if (!stack.isOurs(destination.getAddress())) {
        refuse(channel, Refusal.NOT_OUR_ADDRESS, destination);
        return;
      }
    }
    if (stack.isOwnListener(destination)) {
      refuse(channel, Refusal.LOOP, destination);
      return;
    }
    IdleCache.Lease<InboundPort> lease = stack.lease(destination);
    channel.closeFuture().addListener(closed -> lease.release());
    var client = new Client(lease.value(), peer, destination);
    InetSocketAddress silentTowards = destination;
    server.silent(channel, () -> refuse(channel, Refusal.SILENT, silentTowards));
    // A greeting is nothing a member's handshake waits for: its server is not asked in vain.
    WhoSpeaksFirst memory =
        stack.peers().isMember(peer.getAddress()) ? new WhoSpeaksFirst() : lease.value().memory();
    var builder = new Detection.Builder(client, memory, stack.detection());
    if (stack.rules().isOpaque(destination.getPort())) {
      builder.opaque();
    } else {
      builder.cuttingLateRequests(() -> client.onLateRequest(channel));
    }
    ctx.pipeline().replace(this, "detection", builder.build());
  }

  private void refuse(Channel channel, Refusal reason, Object detail) {
    stack.refusals().reset(channel, Way.INBOUND, reason, detail);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close(); // a reset, as a rule
  }

  /**
   * The client and what becomes of its connection: first without an identity, then, where it speaks
   * the mesh's TLS, with one.
   */
  private final class Client implements Detected, MeshHandshake.Result {
    private final InboundPort port;
    private final InetSocketAddress peer;
    private final InetSocketAddress destination;
    private String identity = "";
    private TcpClient raw;
    private @Nullable Future<?> firstWord;

    /** From when on requests are to go elsewhere, by nanoTime; meaningful for a member only. */
    private long usableUntilNanos;

    Client(InboundPort port, InetSocketAddress peer, InetSocketAddress destination) {
      this.port = port;
      this.peer = peer;
      this.destination = destination;
      this.raw = new TcpClient(Way.INBOUND.listener(), peer, destination, null);
    }

    private boolean isMember() {
      return !identity.isEmpty();
    }

    // ---- Detected

    @Override
    public @Nullable SpeculativeTcp speculate(Channel channel, SpeculativeTcp.Listener listener) {
      if (judgeRaw().allows()) {
        return port.target().speculate(channel, raw, listener);
      }
      // The server is not asked on behalf of somebody who may not; the client may still turn out
      // to be a member, or a probe.
      firstWord =
          channel
              .eventLoop()
              .schedule(
                  () -> refuse(channel, Refusal.TIMEOUT, "first word"),
                  stack.limits().tlsMillis(),
                  TimeUnit.MILLISECONDS);
      channel.closeFuture().addListener(closed -> cancelFirstWord());
      return null;
    }

    private void cancelFirstWord() {
      Future<?> running = firstWord;
      if (running != null) {
        running.cancel(false);
        firstWord = null;
      }
    }

    @Override
    public void onHeard(Channel channel) {
      server.heard(channel);
    }

    @Override
    public void onSilent(ChannelHandlerContext ctx) {
      refuse(ctx.channel(), Refusal.SILENT, destination);
    }

    @Override
    public long holdMillis() {
      return isMember() ? 0 : stack.peers().holdMillis(peer.getAddress());
    }

    @Override
    public void onHttp(ChannelHandlerContext ctx, Protocol version) {
      cancelFirstWord();
      if (!isMember()) {
        stack.peers().sawPlain(peer.getAddress());
      }
      serve(ctx, version == Protocol.HTTP2 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1);
    }

    private void serve(ChannelHandlerContext ctx, HttpVersion version) {
      var connection =
          new ConnectionInfo(
              Way.INBOUND.listener(),
              Way.INBOUND.listener(),
              peer,
              destination,
              version,
              isMember(),
              null,
              isMember() ? "TLSv1.3" : null,
              null,
              null,
              identity);
      ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
      stack.traffic().opened(ctx.channel(), connection);
      port.target()
          .serve(
              ctx.pipeline(), connection, isMember() ? this::isMemberLeaving : server::isDraining);
    }

    /** Requests go to a connection made with newer certificates before these end. */
    private boolean isMemberLeaving() {
      return server.isDraining() || System.nanoTime() - usableUntilNanos >= 0;
    }

    @Override
    public void onTls(ChannelHandlerContext ctx) {
      cancelFirstWord();
      var handshake = new MeshHandshake(stack.tls(), stack.limits(), this);
      ctx.pipeline().addAfter(ctx.name(), "handshake", handshake);
    }

    @Override
    public void onRaw(ChannelHandlerContext ctx) {
      if (permitsCarrying(ctx)) {
        port.target().tcp(ctx.channel(), raw);
      }
    }

    @Override
    public boolean permitsCarrying(ChannelHandlerContext ctx) {
      cancelFirstWord();
      Channel channel = ctx.channel();
      Verdict verdict = judgeRaw();
      stack.judged(verdict, peer, destination);
      if (!verdict.allows()) {
        stack.traffic().denied(way(), peer, destination, identity);
        stack.refusals().close(channel, way(), InboundStack.refusal(verdict), destination);
        return false;
      }
      if (!isMember() && way() == Way.INBOUND) {
        stack.peers().sawPlain(peer.getAddress());
      }
      stack.open().add(channel, this::judgeRaw);
      if (!judgeRaw().allows()) {
        // Policy has changed between the two lines above, and its reader did not see us.
        stack.refusals().reset(channel, way(), Refusal.NO_LONGER_ALLOWED, destination);
        return false;
      }
      return true;
    }

    private Verdict judgeRaw() {
      return stack
          .rules()
          .judgeRaw(peer.getAddress(), isMember(), destination.getPort(), way() == Way.INBOUND_TLS);
    }

    private Way way() {
      return raw.listener().equals(Way.INBOUND_TLS.listener()) ? Way.INBOUND_TLS : Way.INBOUND;
    }

    @Override
    public void onServerUnreachable(ChannelHandlerContext ctx) {
      refuse(ctx.channel(), Refusal.UNREACHABLE, destination);
    }

    void onLateRequest(Channel channel) {
      stack
          .refusals()
          .count(channel.remoteAddress(), Way.INBOUND, Refusal.LATE_REQUEST, destination);
    }

    // ---- MeshHandshake.Result

    @Override
    public void onMember(ChannelHandlerContext ctx, String alpn, String proved, Instant end) {
      identity = proved;
      Channel channel = ctx.channel();
      usableUntilNanos =
          System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CertificateEnd.usableMillis(end));
      CertificateEnd.watch(
          channel, end, () -> refuse(channel, Refusal.CERTIFICATES_ENDED, destination));
      raw = new TcpClient(Way.INBOUND.listener(), peer, destination, null, proved);
      stack.peers().sawMember(peer.getAddress());
      if (stack.rules().isOpaque(destination.getPort())) {
        // The other proxy need not have heard of it yet; what it took them for does not matter.
        MeshFrames.addIfAgreed(channel);
        onRaw(ctx);
        return;
      }
      switch (alpn) {
        case MeshProtocol.ALPN_HTTP2 -> serve(ctx, HttpVersion.HTTP_2);
        case MeshProtocol.ALPN_HTTP1 -> serve(ctx, HttpVersion.HTTP_1_1);
        default -> onMemberRaw(ctx);
      }
    }

    /**
     * The other proxy has found nothing but bytes, so the application is connected to at once. Only
     * if they are a request after all they are served as one: its fields must not reach the
     * application unchecked, whoever sends them.
     */
    private void onMemberRaw(ChannelHandlerContext ctx) {
      MeshFrames.addIfAgreed(ctx.channel());
      if (!stack.rules().judge(peer.getAddress(), true).allows()) {
        onRaw(ctx);
        return;
      }
      Channel channel = ctx.channel();
      Detection detection =
          new Detection.Builder(this, new WhoSpeaksFirst(), stack.detection().withGrace(0))
              .passingTls()
              .cuttingLateRequests(() -> onLateRequest(channel))
              .build();
      ctx.pipeline().addLast("detection-within", detection);
    }

    @Override
    public void onForeign(ChannelHandlerContext ctx) {
      raw = new TcpClient(Way.INBOUND_TLS.listener(), peer, destination, null);
      if (!stack.rules().isOpaque(destination.getPort())) {
        // It has begun like TLS, which does not keep every server from taking it for a request.
        Channel channel = ctx.channel();
        ctx.pipeline()
            .addAfter(ctx.name(), null, LateRequestGuard.of(() -> onLateRequest(channel)));
      }
      onRaw(ctx);
    }

    @Override
    public void onRefused(ChannelHandlerContext ctx, Refusal reason, String detail) {
      stack.refusals().count(ctx.channel().remoteAddress(), Way.INBOUND, reason, detail);
    }
  }
}
