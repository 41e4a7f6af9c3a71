// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** {@code /live}, {@code /ready} and {@code /metrics}; nothing here changes anything. */
final class AdminPages {
  private final Vertx vertx;
  private final HttpServer server;
  private final PrometheusMeterRegistry registry;
  private final Supplier<List<String>> obstacles;

  /**
   * @param obstacles why the injector is not ready; empty if it is
   */
  AdminPages(Vertx vertx, PrometheusMeterRegistry registry, Supplier<List<String>> obstacles) {
    this(vertx, registry, obstacles, new HeadDeadline(vertx));
  }

  /** The same with another patience. */
  AdminPages(
      Vertx vertx,
      PrometheusMeterRegistry registry,
      Supplier<List<String>> obstacles,
      HeadDeadline heads) {
    this.vertx = vertx;
    this.registry = registry;
    this.obstacles = obstacles;
    this.server =
        heads.watch(
            vertx
                .createHttpServer(
                    new HttpServerOptions()
                        .setIdleTimeout(30)
                        .setIdleTimeoutUnit(TimeUnit.SECONDS)
                        .setHttp2ClearTextEnabled(false))
                .requestHandler(this::answer));
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
      case "/metrics" -> metrics(request);
      default -> text(request, 404, "there are /live, /ready and /metrics\n");
    }
  }

  /** Made on a worker thread: what is read out may be much. */
  private void metrics(HttpServerRequest request) {
    vertx
        .executeBlocking(() -> registry.scrape(), false)
        .onSuccess(all -> answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", all))
        .onFailure(e -> text(request, 500, "the page failed: " + e + "\n"));
  }

  private static void text(HttpServerRequest request, int status, String text) {
    answer(request, status, "text/plain; charset=utf-8", text);
  }

  private static void answer(HttpServerRequest request, int status, String type, String text) {
    HttpServerResponse response = request.response();
    if (!response.closed()) {
      response.setStatusCode(status).putHeader("content-type", type).end(text);
    }
  }
}
