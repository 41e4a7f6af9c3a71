// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.tls.ClientHello;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.sidecar.connection.Refusal;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection that has begun with TLS: the mesh's is terminated, any other is the application's
 * and passed on as bytes. ALPN tells them apart. Confined to the channel's event loop.
 */
final class MeshHandshake extends ChannelInboundHandlerAdapter {
  /** All of the mesh's protocols begin so. */
  private static final String MESH_PREFIX = "selvage/";

  /** What becomes of the connection. */
  interface Result {
    /**
     * The client has proved who it is.
     *
     * @param alpn one of {@link MeshProtocol#ALPN}
     * @param identity SPIFFE id
     * @param end when the connection's certificates end, allowance included
     */
    void onMember(ChannelHandlerContext ctx, String alpn, String identity, Instant end);

    /** TLS of the application's. */
    void onForeign(ChannelHandlerContext ctx);

    /** There is nothing to go on with; the channel is being closed. */
    void onRefused(ChannelHandlerContext ctx, Refusal reason, String detail);
  }

  private final MeshTls tls;
  private final Limits.Handshake limits;
  private final Result result;
  private final ClientHello hello;
  private @Nullable ByteBuf received;
  private @Nullable SslHandler handler;
  private @Nullable Future<?> deadline;
  private boolean over;

  MeshHandshake(MeshTls tls, Limits.Handshake limits, Result result) {
    this.tls = tls;
    this.limits = limits;
    this.result = result;
    this.hello = new ClientHello(limits.clientHelloBytes());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    deadline =
        ctx.executor().schedule(() -> onDeadline(ctx), limits.tlsMillis(), TimeUnit.MILLISECONDS);
  }

  private void onDeadline(ChannelHandlerContext ctx) {
    if (!over) {
      over = true;
      result.onRefused(ctx, Refusal.TIMEOUT, "handshake");
      ctx.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    if (over || handler != null || !(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    received =
        received == null
            ? bytes
            : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), received, bytes);
    switch (hello.read(received)) {
      case INCOMPLETE -> {}
      case COMPLETE -> {
        if (hello.protocols().stream().anyMatch(name -> name.startsWith(MESH_PREFIX))) {
          terminate(ctx);
        } else {
          pass(ctx);
        }
      }
      // Whatever it is, it is not from one of us.
      case MALFORMED, TOO_LONG -> pass(ctx);
    }
  }

  private void pass(ChannelHandlerContext ctx) {
    end();
    result.onForeign(ctx);
    leave(ctx);
  }

  private void terminate(ChannelHandlerContext ctx) throws Exception {
    SslHandler terminating;
    try {
      terminating = tls.newServerHandler(ctx.alloc());
    } catch (GeneralSecurityException e) {
      end();
      result.onRefused(ctx, Refusal.NO_CERTIFICATE, String.valueOf(e.getMessage()));
      ctx.close();
      return;
    }
    // One deadline covers hello and handshake.
    terminating.setHandshakeTimeoutMillis(0);
    handler = terminating;
    ByteBuf start = received;
    received = null;
    ctx.pipeline().addBefore(ctx.name(), "tls", terminating);
    ChannelHandlerContext tlsContext = ctx.pipeline().context(terminating);
    if (start == null || tlsContext == null) {
      throw new IllegalStateException("there is no hello to begin with");
    }
    terminating.channelRead(tlsContext, start);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    SslHandler shaken = handler;
    if (over || shaken == null || !(event instanceof SslHandshakeCompletionEvent handshake)) {
      ctx.fireUserEventTriggered(event);
      return;
    }
    end();
    String alpn = shaken.applicationProtocol();
    String identity = handshake.isSuccess() ? MeshTls.peerIdentity(shaken).orElse("") : "";
    if (alpn != null && MeshProtocol.ALPN.contains(alpn) && !identity.isEmpty()) {
      result.onMember(ctx, alpn, identity, MeshTls.connectionEnd(shaken));
      leave(ctx);
      return;
    }
    result.onRefused(
        ctx,
        Refusal.HANDSHAKE,
        handshake.isSuccess() ? "no protocol in common" : String.valueOf(handshake.cause()));
    // Waits for the alert that SslHandler has written.
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  private void end() {
    over = true;
    Future<?> running = deadline;
    if (running != null) {
      running.cancel(false);
      deadline = null;
    }
  }

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
    if (handler == null) {
      ctx.close(); // a reset; a failed handshake has an event of its own
    }
  }
}
