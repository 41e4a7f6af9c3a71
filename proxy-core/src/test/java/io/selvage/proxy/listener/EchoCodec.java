// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.selvage.proxy.exchange.ConnectionInfo;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Stands in for an HTTP codec: says {@code binding/version} and then everything it hears back, and
 * keeps what it was told about each connection.
 */
final class EchoCodec implements ServerCodec {
  final BlockingQueue<ConnectionInfo> connections = new LinkedBlockingQueue<>();

  @Override
  public void install(
      ChannelPipeline pipeline, ConnectionInfo connection, ServerCodecContext context) {
    connections.add(connection);
    pipeline.addLast(new Echo());
  }

  ConnectionInfo next() throws InterruptedException {
    ConnectionInfo info = connections.poll(30, TimeUnit.SECONDS);
    if (info == null) {
      throw new AssertionError("no connection reached the codec");
    }
    return info;
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf in = (ByteBuf) message;
      boolean close = in.toString(StandardCharsets.US_ASCII).contains("bye");
      var written = ctx.writeAndFlush(in);
      if (close) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ServerCodec.Drain) {
        ctx.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
