// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** {@code /live}, {@code /ready} and {@code /metrics}; nothing here changes anything. */
final class AdminPages {
  private final HttpServer server;
  private final PrometheusMeterRegistry registry;
  private final Supplier<List<String>> obstacles;

  /**
   * @param obstacles why the injector is not ready; empty if it is
   */
  AdminPages(Vertx vertx, PrometheusMeterRegistry registry, Supplier<List<String>> obstacles) {
    this.registry = registry;
    this.obstacles = obstacles;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions().setIdleTimeout(30).setIdleTimeoutUnit(TimeUnit.SECONDS))
            .requestHandler(this::answer);
  }

  Future<Integer> listen(String address, int port) {
    return server.listen(port, address).map(HttpServer::actualPort);
  }

  Future<Void> close() {
    return server.close();
  }

  private void answer(HttpServerRequest request) {
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      text(request, 405, "only GET\n");
      return;
    }
    switch (request.path() == null ? "" : request.path()) {
      case "/live" -> text(request, 200, "live\n");
      case "/ready" -> {
        List<String> waiting = obstacles.get();
        text(
            request,
            waiting.isEmpty() ? 200 : 503,
            waiting.isEmpty() ? "ready\n" : String.join("\n", waiting) + "\n");
      }
      case "/metrics" ->
          request
              .response()
              .putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8")
              .end(registry.scrape());
      default -> text(request, 404, "there are /live, /ready and /metrics\n");
    }
  }

  private static void text(HttpServerRequest request, int status, String text) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "text/plain; charset=utf-8")
        .end(text);
  }
}
