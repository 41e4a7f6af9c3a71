// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;

/** Listens where it is told and prints where each accepted connection was going; a process. */
final class RedirectProbe {
  private RedirectProbe() {}

  /** Arguments: {@code IP PORT} pairs. */
  public static void main(String[] args) throws Exception {
    var destinations = new OriginalDestinations();
    var group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    for (int i = 0; i < args.length; i += 2) {
      new ServerBootstrap()
          .group(group)
          .channel(EpollServerSocketChannel.class)
          .childHandler(new Printer(destinations))
          .bind(new InetSocketAddress(args[i], Integer.parseInt(args[i + 1])))
          .sync();
    }
    System.out.println("listening");
    Thread.currentThread().join();
  }

  @ChannelHandler.Sharable
  private static final class Printer extends ChannelInboundHandlerAdapter {
    private final OriginalDestinations destinations;

    Printer(OriginalDestinations destinations) {
      this.destinations = destinations;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      var channel = (EpollSocketChannel) ctx.channel();
      OriginalDestination answer = destinations.of(channel);
      OriginalDestination foreign =
          destinations.of(channel.fd().intValue(), channel.localAddress().getAddress());
      if (!foreign.equals(answer)) {
        System.out.println("not the same by the foreign-function API: " + foreign);
      }
      switch (answer) {
        case OriginalDestination.Known known ->
            System.out.println(
                "to "
                    + known.address().getAddress().getHostAddress()
                    + " "
                    + known.address().getPort());
        case OriginalDestination.Unknown unknown -> System.out.println("not " + unknown.reason());
      }
      ctx.close();
    }
  }
}
