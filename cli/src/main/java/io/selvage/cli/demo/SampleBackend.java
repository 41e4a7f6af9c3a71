// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small HTTP server on loopback that answers what it saw, as JSON: its name, method, path and
 * headers. With the query {@code pieces=N&pauseMillis=M} it answers N lines with pauses between.
 */
final class SampleBackend {
  private static final int MAX_PIECES = 100;

  private final String name;
  private final HttpServer server;
  private final AtomicInteger requests = new AtomicInteger();

  private SampleBackend(Vertx vertx, String name, boolean silent) {
    this.name = name;
    this.server = vertx.createHttpServer();
    server.requestHandler(request -> {
      requests.incrementAndGet();
      if (!silent) {
        answer(vertx, request);
      }
    });
  }

  static SampleBackend start(Vertx vertx, String name) throws TimeoutException {
    return listen(new SampleBackend(vertx, name, false));
  }

  /** Takes requests and never answers one. */
  static SampleBackend silent(Vertx vertx, String name) throws TimeoutException {
    return listen(new SampleBackend(vertx, name, true));
  }

  private static SampleBackend listen(SampleBackend backend) throws TimeoutException {
    backend.server.listen(0, "127.0.0.1").await(5, TimeUnit.SECONDS);
    return backend;
  }

  String name() {
    return name;
  }

  int port() {
    return server.actualPort();
  }

  /** Requests taken so far. */
  int requests() {
    return requests.get();
  }

  private void answer(Vertx vertx, HttpServerRequest request) {
    HttpServerResponse response = request.response();
    String pieces = request.getParam("pieces");
    String pause = request.getParam("pauseMillis");
    if (pieces != null && pause != null && isNumber(pieces) && isNumber(pause)) {
      response.setChunked(true).putHeader("content-type", "text/plain");
      piece(
          vertx,
          response,
          1,
          Math.min(Integer.parseInt(pieces), MAX_PIECES),
          Math.max(1, Integer.parseInt(pause)));
      return;
    }
    var headers = new JsonObject();
    request.headers().forEach(field -> headers.put(field.getKey(), field.getValue()));
    response
        .putHeader("content-type", "application/json")
        .end(
            new JsonObject()
                    .put("backend", name)
                    .put("method", request.method().name())
                    .put("path", request.uri())
                    .put("headers", headers)
                    .encodePrettily()
                + "\n");
  }

  private void piece(
      Vertx vertx, HttpServerResponse response, int number, int of, int pauseMillis) {
    String line = "piece " + number + " of " + of + " from " + name + "\n";
    if (number >= of) {
      response.end(line);
      return;
    }
    response.write(line);
    vertx.setTimer(pauseMillis, id -> piece(vertx, response, number + 1, of, pauseMillis));
  }

  private static boolean isNumber(String text) {
    return text.matches("\\d{1,6}");
  }
}
