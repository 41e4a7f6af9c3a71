// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.selvage.controlplane.observation.query.Windows;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages below {@code /api/v1} that tell of traffic: GET, JSON. An answer is {@code {"rows":
 * [...], "notes": [...]}} (of {@code graph}: nodes, edges, notes), where notes are for people. What
 * was asked wrongly is answered with 400, what cannot be answered now with 502 (Prometheus) or 503
 * (too much to do), all as {@code {"error": "..."}}.
 */
public final class TrafficApi implements ApiRoutes {
  private static final Logger log = LoggerFactory.getLogger(TrafficApi.class);

  private static final String TYPE = "type";
  private static final String RESOURCE = "resource";
  private static final String NAMESPACE = "namespace";
  private static final String TO = "to";
  private static final String TO_NAMESPACE = "to_namespace";
  private static final String FROM = "from";
  private static final String FROM_NAMESPACE = "from_namespace";
  private static final String WINDOW = "window";
  private static final String SELECTOR = "selector";
  private static final String UNMESHED = "unmeshed";
  private static final String LIMIT = "limit";
  private static final String BY = "by";

  private final TrafficQuery query;
  private final ObjectMapper json = new ObjectMapper();

  public TrafficApi(TrafficQuery query) {
    this.query = query;
  }

  @Override
  public void mount(Router router) {
    page(router, "edges", Set.of(TYPE, NAMESPACE), this::edges);
    page(
        router,
        "stat",
        Set.of(
            RESOURCE,
            NAMESPACE,
            TO,
            TO_NAMESPACE,
            FROM,
            FROM_NAMESPACE,
            WINDOW,
            SELECTOR,
            UNMESHED),
        this::stat);
    page(router, "routes", Set.of(RESOURCE, NAMESPACE, TO, TO_NAMESPACE, WINDOW), this::routes);
    page(router, "top", Set.of(RESOURCE, NAMESPACE, LIMIT), this::top);
    page(router, "graph", Set.of(BY, NAMESPACE, WINDOW), this::graph);
  }

  private CompletionStage<?> edges(TrafficQuery traffic, QueryParams params) {
    return traffic.edges(
        new EdgesRequest(EdgesRequest.type(params.required(TYPE)), params.one(NAMESPACE)));
  }

  private CompletionStage<?> stat(TrafficQuery traffic, QueryParams params) {
    return traffic.stat(
        new StatRequest(
            resources(params),
            params.one(NAMESPACE),
            otherEnd(params, params.one(FROM), params.one(FROM_NAMESPACE)),
            window(params),
            LabelTest.parse(params.one(SELECTOR).orElse("")),
            params.flag(UNMESHED)));
  }

  private CompletionStage<?> routes(TrafficQuery traffic, QueryParams params) {
    return traffic.routes(
        new RoutesRequest(
            resources(params),
            params.one(NAMESPACE),
            otherEnd(params, Optional.empty(), Optional.empty()),
            window(params)));
  }

  private CompletionStage<?> top(TrafficQuery traffic, QueryParams params) {
    return traffic.top(
        new TopRequest(
            params.one(RESOURCE).map(ResourceSelector::parse),
            params.one(NAMESPACE),
            params.number(LIMIT, TopRequest.DEFAULT_ROWS)));
  }

  private CompletionStage<?> graph(TrafficQuery traffic, QueryParams params) {
    return traffic.graph(
        new GraphRequest(
            GraphRequest.By.parse(params.one(BY).orElse("workload")),
            params.one(NAMESPACE),
            window(params)));
  }

  private static List<ResourceSelector> resources(QueryParams params) {
    List<String> words = params.all(RESOURCE);
    if (words.isEmpty()) {
      throw new IllegalArgumentException(RESOURCE + " is missing");
    }
    if (words.size() > StatRequest.MAX_RESOURCES) {
      throw new IllegalArgumentException(
          "more than " + StatRequest.MAX_RESOURCES + " resources were given");
    }
    return words.stream().map(ResourceSelector::parse).toList();
  }

  private static Optional<OtherEnd> otherEnd(
      QueryParams params, Optional<String> from, Optional<String> fromNamespace) {
    return OtherEnd.of(
        params.one(TO), params.one(TO_NAMESPACE), from, fromNamespace, params.one(NAMESPACE));
  }

  private static Duration window(QueryParams params) {
    return params.one(WINDOW).map(Windows::parse).orElse(Windows.DEFAULT);
  }

  private void page(
      Router router,
      String name,
      Set<String> parameters,
      BiFunction<TrafficQuery, QueryParams, CompletionStage<?>> ask) {
    router.get("/api/v1/" + name).handler(request -> answer(request, parameters, ask));
  }

  private void answer(
      RoutingContext request,
      Set<String> parameters,
      BiFunction<TrafficQuery, QueryParams, CompletionStage<?>> ask) {
    Context context = request.vertx().getOrCreateContext();
    CompletionStage<?> answer;
    try {
      MultiMap params = request.queryParams();
      answer = ask.apply(query, new QueryParams(params, parameters));
    } catch (IllegalArgumentException e) {
      fail(request, e);
      return;
    } catch (HttpException _) {
      fail(request, new IllegalArgumentException("the query is not percent-encoded"));
      return;
    }
    // The text is made where the table was, off the event loop.
    answer
        .thenApply(this::text)
        .whenComplete((text, failure) ->
            context.runOnContext(_ -> {
              if (failure == null) {
                respond(request, 200, text);
              } else {
                fail(request, failure);
              }
            }));
  }

  private Buffer text(Object value) {
    try {
      return Buffer.buffer(json.writeValueAsBytes(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private void fail(RoutingContext request, Throwable thrown) {
    Throwable failure =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    switch (failure) {
      case IllegalArgumentException wrong -> fail(request, 400, wrong);
      case QueryException e -> {
        int status =
            switch (e.fault()) {
              case BUSY -> 503;
              case PROMETHEUS -> 502;
            };
        fail(request, status, e);
      }
      default -> {
        log.error("{} cannot be answered", request.request().path(), failure);
        respond(request, 500, text(Map.of("error", "internal error; see the log")));
      }
    }
  }

  private void fail(RoutingContext request, int status, Exception reason) {
    String message = reason.getMessage();
    respond(request, status, text(Map.of("error", message == null ? "bad request" : message)));
  }

  private static void respond(RoutingContext request, int status, Buffer body) {
    if (request.response().closed() || request.response().ended()) {
      return; // whoever asked has gone
    }
    request
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .putHeader("cache-control", "no-store")
        .putHeader("x-content-type-options", "nosniff")
        .end(body);
  }
}
