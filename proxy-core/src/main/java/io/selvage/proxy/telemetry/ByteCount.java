// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;

/**
 * Counts the bytes of one connection where it stands: behind TLS, what TLS carries. Two additions a
 * read or write and no more; whoever reports looks at the sums from time to time. Confined to the
 * channel's event loop.
 */
public final class ByteCount extends ChannelDuplexHandler {
  private long read;
  private long written;

  /** Bytes read from the other side so far. */
  public long read() {
    return read;
  }

  /** Bytes written towards the other side so far, what still waits to be sent among them. */
  public long written() {
    return written;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof ByteBuf bytes) {
      read += bytes.readableBytes();
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      written += bytes.readableBytes();
    }
    ctx.write(message, promise);
  }
}
