// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Closes connections whose next request has not come whole in time, at the latest. An idle timeout
 * is no such bound: whoever sends a byte now and then is never idle.
 */
final class HeadDeadline {
  /** A head of a few lines takes a moment. */
  private static final Duration HEAD_WITHIN = Duration.ofSeconds(10);

  /** Beyond what clients keep an unused connection for. */
  private static final Duration NEXT_HEAD_WITHIN = Duration.ofMinutes(2);

  private final Vertx vertx;
  private final long firstMillis;
  private final long nextMillis;
  private final Map<HttpConnection, Long> timers = new ConcurrentHashMap<>();

  /** For the requests of people, Prometheus and kubelets. */
  HeadDeadline(Vertx vertx) {
    this(vertx, HEAD_WITHIN, NEXT_HEAD_WITHIN);
  }

  /**
   * @param first from the beginning of a connection to its first complete head
   * @param next from the end of a response to the next one
   */
  HeadDeadline(Vertx vertx, Duration first, Duration next) {
    this.vertx = vertx;
    this.firstMillis = Math.max(1, first.toMillis());
    this.nextMillis = Math.max(1, next.toMillis());
  }

  /**
   * Watches over a server that does not listen yet and has a request handler of its own. It must
   * not speak HTTP/2 in the clear: of connections that might, Vert.x tells only after they have
   * said which it is.
   */
  HttpServer watch(HttpServer server) {
    var handler = server.requestHandler();
    return server
        .connectionHandler(connection -> {
          arm(connection, firstMillis);
          connection.closeHandler(v -> disarm(connection));
        })
        .requestHandler(request -> {
          begun(request);
          handler.handle(request);
        });
  }

  private void begun(HttpServerRequest request) {
    HttpConnection connection = request.connection();
    disarm(connection);
    request.response().endHandler(v -> arm(connection, nextMillis));
  }

  private void arm(HttpConnection connection, long millis) {
    Long before = timers.put(connection, vertx.setTimer(millis, t -> connection.close()));
    if (before != null) {
      vertx.cancelTimer(before);
    }
  }

  private void disarm(HttpConnection connection) {
    Long timer = timers.remove(connection);
    if (timer != null) {
      vertx.cancelTimer(timer);
    }
  }
}
