// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import io.selvage.proxy.tcp.LooksAtBytes;
import io.selvage.proxy.transport.Cut;
import java.nio.charset.StandardCharsets;

/**
 * Goes on looking at a client whose bytes are carried as they are, because fields would reach the
 * application unchecked. The connection is reset
 *
 * <ul>
 *   <li>if it turns out to be HTTP/1.1 or HTTP/2 after all, where the first line was too slow or
 *       too long to wait for, or the server had spoken before it,
 *   <li>if a line of it is a {@link ClaimedIdentity}: its server may be one that takes for a
 *       request what nobody else does.
 * </ul>
 *
 * A server that answers with something else than HTTP is none of these, and its client is not
 * looked at any longer.
 */
public final class LateRequestGuard extends ChannelDuplexHandler implements LooksAtBytes {
  private static final byte[] HTTP = "http/".getBytes(StandardCharsets.US_ASCII);

  private final FirstBytes first;
  private final Runnable onRequest;
  private final ClaimedIdentity claim = new ClaimedIdentity();

  private boolean clientSpoke;
  private boolean speaksHttp = true;

  /** Bytes of the server's answer looked at, up to what decides. */
  private int answered;

  /**
   * @param first has looked at everything so far
   * @param onRequest hears of a connection that is reset
   */
  LateRequestGuard(FirstBytes first, Runnable onRequest) {
    this.first = first;
    this.onRequest = onRequest;
  }

  /**
   * For a client of which nothing has been found out, nor will be.
   *
   * @param onRequest hears of a connection that is reset
   */
  public static LateRequestGuard of(Runnable onRequest) {
    return new LateRequestGuard(new FirstBytes(), onRequest);
  }

  /**
   * Looks at what is carried past it.
   *
   * @return whether it must not be
   */
  boolean mustNotPass(ByteBuf bytes) {
    clientSpoke |= bytes.isReadable();
    return claim.look(bytes, bytes.readerIndex(), bytes.writerIndex());
  }

  /** Tells of the request and resets the connection. */
  void cut(ChannelHandlerContext ctx) {
    onRequest.run();
    Cut.reset(ctx.channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    boolean request =
        switch (first.look(bytes, bytes.readerIndex(), bytes.writerIndex())) {
          case HTTP1, HTTP2 -> true;
          case TLS, RAW -> false;
          case null -> false;
        };
    if (request || mustNotPass(bytes)) {
      ReferenceCountUtil.release(message);
      cut(ctx);
      return;
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (clientSpoke && speaksHttp && message instanceof ByteBuf bytes) {
      for (int i = bytes.readerIndex(); i < bytes.writerIndex() && answered < HTTP.length; i++) {
        speaksHttp &= (bytes.getByte(i) | 0x20) == HTTP[answered++];
      }
    }
    ctx.write(message, promise);
    if (!speaksHttp && first.decided() != null && !ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }
}
