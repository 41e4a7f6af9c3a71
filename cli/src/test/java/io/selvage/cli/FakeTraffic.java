// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.api.TrafficApi;
import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TopRow;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The control plane's API with rows that a test chooses, on a loopback port. */
final class FakeTraffic implements TrafficQuery, AutoCloseable {
  volatile List<EdgeRow> edges = List.of();
  volatile List<StatRow> stat = List.of();
  volatile List<RouteRow> routes = List.of();
  volatile List<TopRow> top = List.of();
  volatile List<String> notes = List.of();
  volatile @Nullable RuntimeException failure;

  /** The last question. */
  volatile Object asked = "";

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;

  FakeTraffic() throws Exception {
    Router router = Router.router(vertx);
    new TrafficApi(this).mount(router);
    router.get("/else/*").handler(request -> request.response().end("<html>hello</html>"));
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  private <T> CompletionStage<Answer<T>> answer(Object request, List<T> rows) {
    asked = request;
    RuntimeException fault = failure;
    return fault == null
        ? CompletableFuture.completedFuture(new Answer<>(rows, notes))
        : CompletableFuture.failedFuture(fault);
  }

  @Override
  public CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request) {
    return answer(request, edges);
  }

  @Override
  public CompletionStage<Answer<StatRow>> stat(StatRequest request) {
    return answer(request, stat);
  }

  @Override
  public CompletionStage<Answer<RouteRow>> routes(RoutesRequest request) {
    return answer(request, routes);
  }

  @Override
  public CompletionStage<Answer<TopRow>> top(TopRequest request) {
    return answer(request, top);
  }

  @Override
  public CompletionStage<Graph> graph(GraphRequest request) {
    return CompletableFuture.completedFuture(new Graph(List.of(), List.of(), notes));
  }

  @Override
  public void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
