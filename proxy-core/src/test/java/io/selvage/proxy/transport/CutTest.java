// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutTest {
  private static final int PATIENCE_MILLIS = 30_000;

  private final EventLoops loops = EventLoops.create(TransportKind.EPOLL, 1);
  private final EventLoop loop = loops.next();
  private final List<Channel> opened = new ArrayList<>();
  private final ServerSocket server;

  CutTest() throws IOException {
    server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    server.setSoTimeout(PATIENCE_MILLIS);
  }

  @AfterEach
  void end() throws Exception {
    opened.forEach(ChannelOutboundInvoker::close);
    server.close();
    loops.workers().shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
  }

  private Channel connect() throws InterruptedException {
    Channel channel =
        new Bootstrap()
            .group(loop)
            .channelFactory(() -> EventLoops.newSocketChannel(loop))
            .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .handler(new ChannelInboundHandlerAdapter())
            .connect(server.getLocalSocketAddress())
            .sync()
            .channel();
    opened.add(channel);
    return channel;
  }

  private Socket accept() throws IOException {
    Socket socket = server.accept();
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  private static int descriptor(Channel channel) {
    return ((EpollSocketChannel) channel).fd().intValue();
  }

  /** The kernel gives descriptors of closed sockets to new ones at once. */
  @Test
  void aClosedConnectionsResetIsNobodyElses() throws Exception {
    for (int i = 0; i < 50; i++) {
      Channel closed = connect();
      int descriptor = descriptor(closed);
      closed.close().sync();
      Channel heir = connect();
      if (descriptor(heir) == descriptor) { // nobody else in the process was faster
        loop.submit(() -> Cut.reset(closed)).sync();
        assertThat(heir.config().getOption(ChannelOption.SO_LINGER)).isEqualTo(-1);
        return;
      }
    }
    throw new AssertionError("no descriptor was used again");
  }

  /** What is queued and not taken makes the difference between an end and a cut. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatIsNotTakenEndsInAReset(boolean queued) throws Exception {
    Channel channel = connect();
    try (Socket peer = accept()) {
      if (queued) {
        channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[32 * 1024 * 1024]));
      }
      loop.submit(() -> Cut.closeLater(channel, 200)).sync();
      assertThat(channel.closeFuture().await(PATIENCE_MILLIS)).as("is closed").isTrue();
      InputStream in = peer.getInputStream();
      if (queued) {
        assertThatThrownBy(in::readAllBytes).isInstanceOf(SocketException.class);
      } else {
        assertThat(in.read()).isEqualTo(-1);
      }
    }
  }
}
