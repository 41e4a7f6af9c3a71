// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.admin;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.engine.DataPath;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.h1.Http1ServerCodec;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.ConnectionOpening;
import io.selvage.proxy.listener.ListenerServer;
import io.selvage.proxy.listener.ServerCodecContext;
import io.selvage.sidecar.connection.SidecarListeners;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The admin port, open. */
public final class AdminPort implements AutoCloseable {
  private static final String NAME = "admin";

  /** Scrapes that may wait for the one that is rendered. */
  private static final int WAITING = 4;

  private final ListenerServer server;
  private final ThreadPoolExecutor slow;

  private AdminPort(ListenerServer server, ThreadPoolExecutor slow) {
    this.server = server;
    this.slow = slow;
  }

  /**
   * Opens it; not for event loops.
   *
   * @throws IOException naming the address and the reason
   */
  public static AdminPort open(DataPath path, InetSocketAddress address, AdminPages pages)
      throws IOException {
    var slow =
        new ThreadPoolExecutor(
            0,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(WAITING),
            work -> Thread.ofPlatform().daemon().name("selvage-admin").unstarted(work));
    Settings settings = RoutingModel.empty().settings();
    var context =
        new ServerCodecContext(
            new AdminExchanges(pages, slow), path.limits(), () -> false, 1, () -> settings);
    ConnectionOpening opening =
        (child, server, environment) -> child.pipeline().addLast(NAME, new Opening(context));
    try {
      return new AdminPort(
          SidecarListeners.bind(NAME, address, path.listeners(() -> false, opening)), slow);
    } catch (IOException e) {
      slow.shutdownNow();
      throw e;
    }
  }

  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
    slow.shutdownNow();
  }

  /** Puts the codec in place. */
  private static final class Opening extends ChannelInboundHandlerAdapter {
    private final ServerCodecContext context;

    Opening(ServerCodecContext context) {
      this.context = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      if (!(ctx.channel().remoteAddress() instanceof InetSocketAddress peer)
          || !(ctx.channel().localAddress() instanceof InetSocketAddress local)) {
        ctx.close(); // already gone between accept and here
        return;
      }
      var connection =
          new ConnectionInfo(
              NAME, NAME, peer, local, HttpVersion.HTTP_1_1, false, null, null, null, null);
      Http1ServerCodec.install(ctx.pipeline(), connection, context);
      ctx.pipeline().remove(this);
    }
  }
}
