// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.controlplane.link.ApiRoutes;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import java.nio.file.Path;
import java.util.List;

/** The HTTP JSON API; every part of the process mounts its routes. */
final class ApiPort {
  private static final Path RESOLVER = Path.of("/etc/resolv.conf");

  private final HttpServer server;

  private ApiPort(HttpServer server) {
    this.server = server;
  }

  /** Starts listening. */
  static Future<ApiPort> start(Vertx vertx, String address, int port, List<ApiRoutes> parts) {
    return start(vertx, address, port, parts, new HeadDeadline(vertx));
  }

  /** The same with another patience. */
  static Future<ApiPort> start(
      Vertx vertx, String address, int port, List<ApiRoutes> parts, HeadDeadline heads) {
    Router router = Router.router(vertx);
    router.route().handler(new HostGuard(HostGuard.clusterDomain(RESOLVER))::handle);
    parts.forEach(part -> part.mount(router));
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setIdleTimeout(120)
                    .setMaxHeaderSize(16 * 1024)
                    .setMaxInitialLineLength(16 * 1024)
                    .setHttp2ClearTextEnabled(false))
            .requestHandler(router);
    return heads
        .watch(server)
        .listen(SocketAddress.inetSocketAddress(port, address))
        .map(ApiPort::new);
  }

  int port() {
    return server.actualPort();
  }

  Future<Void> close() {
    return server.close();
  }
}
