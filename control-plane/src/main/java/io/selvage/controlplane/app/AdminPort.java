// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/**
 * {@code /live}, {@code /ready} and pages to be read by whoever reaches the port. Nothing here
 * changes anything.
 */
final class AdminPort {
  private final HttpServer server;

  private AdminPort(HttpServer server) {
    this.server = server;
  }

  /** A page, rendered on a worker thread. */
  record Page(String contentType, Callable<String> content) {}

  /**
   * Starts listening.
   *
   * @param missing what is missing until the process is ready
   */
  static Future<AdminPort> start(
      Vertx vertx,
      String address,
      int port,
      Supplier<List<String>> missing,
      Map<String, Page> pages) {
    return start(vertx, address, port, missing, pages, new HeadDeadline(vertx));
  }

  /** The same with another patience. */
  static Future<AdminPort> start(
      Vertx vertx,
      String address,
      int port,
      Supplier<List<String>> missing,
      Map<String, Page> pages,
      HeadDeadline heads) {
    Router router = Router.router(vertx);
    router.get("/live").handler(call -> answer(call, 200, "text/plain", "live\n"));
    router
        .get("/ready")
        .handler(call -> {
          List<String> reasons = missing.get();
          answer(
              call,
              reasons.isEmpty() ? 200 : 503,
              "text/plain",
              reasons.isEmpty() ? "ready\n" : String.join("\n", reasons) + "\n");
        });
    pages.forEach((path, page) ->
        router
            .get(path)
            .handler(call ->
                vertx
                    .executeBlocking(page.content(), false)
                    .onSuccess(text -> answer(call, 200, page.contentType(), text))
                    .onFailure(
                        e -> answer(call, 500, "text/plain", "the page failed: " + e + "\n"))));
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setIdleTimeout(60)
                    .setMaxHeaderSize(8192)
                    .setHttp2ClearTextEnabled(false))
            .requestHandler(router);
    return heads
        .watch(server)
        .listen(SocketAddress.inetSocketAddress(port, address))
        .map(AdminPort::new);
  }

  private static void answer(RoutingContext call, int status, String type, String body) {
    call.response()
        .setStatusCode(status)
        .putHeader("content-type", type)
        .putHeader("cache-control", "no-store")
        .end(body);
  }

  int port() {
    return server.actualPort();
  }

  Future<Void> close() {
    return server.close();
  }
}
