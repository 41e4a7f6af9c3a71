// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.ReferenceCountUtil;
import io.selvage.proxy.tcp.LooksAtBytes;

/**
 * Goes on looking at a client whose first line was too slow or too long to wait for, or whose
 * server spoke before it, while its bytes are carried as they are. If they turn out to be HTTP/1.1
 * or HTTP/2, the connection is reset: fields would reach the application unchecked.
 */
final class LateRequestGuard extends ChannelInboundHandlerAdapter implements LooksAtBytes {
  private final FirstBytes first;
  private final Runnable onRequest;

  /**
   * @param first has looked at everything so far
   * @param onRequest hears of a connection that is reset
   */
  LateRequestGuard(FirstBytes first, Runnable onRequest) {
    this.first = first;
    this.onRequest = onRequest;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      ctx.fireChannelRead(message);
      return;
    }
    Protocol decided = first.look(bytes, bytes.readerIndex(), bytes.writerIndex());
    if (decided == Protocol.HTTP1 || decided == Protocol.HTTP2) {
      ReferenceCountUtil.release(message);
      onRequest.run();
      ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      ctx.close();
      return;
    }
    ctx.fireChannelRead(message);
    if (decided != null && !ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }
}
