// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.QueryException;
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
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrafficApiTest {
  private static final Vertx VERTX = Vertx.vertx();
  private static final Recorder QUERY = new Recorder();
  private static HttpServer server;
  private static HttpClient client;

  /** Remembers what it was asked and answers one row, or fails as it is told. */
  private static final class Recorder implements TrafficQuery {
    volatile Object asked = "";
    volatile @Nullable RuntimeException failure;

    private <T> CompletionStage<Answer<T>> answer(Object request, T row) {
      asked = request;
      RuntimeException fault = failure;
      return fault != null
          ? CompletableFuture.failedFuture(fault)
          : CompletableFuture.supplyAsync(() -> new Answer<>(List.of(row), List.of("a note")));
    }

    @Override
    public CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request) {
      return answer(request, new EdgeRow("a", "x", "b", "y", "", "", "Loopback", false));
    }

    @Override
    public CompletionStage<Answer<StatRow>> stat(StatRequest request) {
      return answer(
          request,
          new StatRow(
              "x", "deployment", "a", null, "1/2", null, null, null, null, null, null, null, null));
    }

    @Override
    public CompletionStage<Answer<RouteRow>> routes(RoutesRequest request) {
      return answer(
          request, new RouteRow("deploy/a", "r", "x/a:80", 1.0, 2.0, null, null, 1L, 2L, 3L));
    }

    @Override
    public CompletionStage<Answer<TopRow>> top(TopRequest request) {
      return answer(request, new TopRow("a", "b", "GET", "/", 1, 2, 3, 4, 0.5));
    }

    @Override
    public CompletionStage<Graph> graph(GraphRequest request) {
      asked = request;
      var golden = new Graph.Golden(0.5, 2.0, 1L, 2L, 3L, 4L, 5.0, 6.0);
      return CompletableFuture.completedFuture(
          new Graph(
              List.of(
                  new Graph.Node(
                      "deployment/x/a", "x", "deployment", "a", true, 2, 1, true, golden)),
              List.of(
                  new Graph.Edge(
                      "deployment/x/a",
                      "deployment/x/b",
                      false,
                      List.of("Loopback"),
                      true,
                      List.of("x/b:80"),
                      golden)),
              List.of("a note")));
    }
  }

  @BeforeAll
  static void serve() throws Exception {
    Router router = Router.router(VERTX);
    new TrafficApi(QUERY).mount(router);
    server =
        VERTX
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    client = HttpClient.newHttpClient();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    VERTX.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @BeforeEach
  void answerAgain() {
    QUERY.failure = null;
  }

  @Test
  void edges() throws Exception {
    JsonNode body = ok("edges?type=deploy&namespace=x");
    assertThat(QUERY.asked).hasToString("EdgesRequest[type=DEPLOYMENT, namespace=Optional[x]]");
    assertThat(body)
        .hasToString(
            "{\"rows\":[{\"src\":\"a\",\"src_namespace\":\"x\",\"dst\":\"b\",\"dst_namespace\":\"y\","
                + "\"client_id\":\"\",\"server_id\":\"\",\"no_tls_reason\":\"Loopback\",\"denied\":false}],\"notes\":[\"a"
                + " note\"]}");
    ok("edges?type=po&namespace=");
    assertThat(QUERY.asked).hasToString("EdgesRequest[type=POD, namespace=Optional.empty]");
  }

  @Test
  void stat() throws Exception {
    JsonNode body =
        ok(
            "stat?resource=deploy/a&resource=po&namespace=x&to=svc/b&to_namespace=y&window=2m"
                + "&selector=app%20in%20(a,b)&unmeshed=true");
    var asked = (StatRequest) QUERY.asked;
    assertThat(asked.resources()).hasToString("[deployment/a, pod]");
    assertThat(asked.namespace()).contains("x");
    assertThat(asked.other().orElseThrow().resource()).hasToString("service/b");
    assertThat(asked.other().orElseThrow().namespace()).contains("y");
    assertThat(asked.window()).isEqualTo(Duration.ofMinutes(2));
    assertThat(asked.labels().text()).isEqualTo("app in (a,b)");
    assertThat(asked.unmeshed()).isTrue();
    assertThat(body.path("rows").path(0))
        .hasToString(
            "{\"namespace\":\"x\",\"kind\":\"deployment\",\"name\":\"a\",\"meshed\":\"1/2\","
                + "\"success\":null,\"rps\":null,\"latency_ms_p50\":null,\"latency_ms_p95\":null,"
                + "\"latency_ms_p99\":null,\"tcp_open_connections\":null,"
                + "\"tcp_read_bytes_rate\":null,\"tcp_write_bytes_rate\":null}");
    ok("stat?resource=deploy");
    assertThat(((StatRequest) QUERY.asked).window()).isEqualTo(Duration.ofMinutes(1));
    assertThat(((StatRequest) QUERY.asked).namespace()).isEmpty();
  }

  @Test
  void routesAndTop() throws Exception {
    assertThat(ok("routes?resource=deploy/a&to=deploy/b").path("rows").path(0).path("route"))
        .hasToString("\"r\"");
    assertThat(ok("top?limit=5&resource=deploy/a").path("rows").path(0).path("best_us"))
        .hasToString("2");
    assertThat(((TopRequest) QUERY.asked).limit()).isEqualTo(5);
    ok("top");
    assertThat(((TopRequest) QUERY.asked).limit()).isEqualTo(100);
  }

  @Test
  void graph() throws Exception {
    JsonNode body = ok("graph?by=pod&namespace=x&window=30s");
    assertThat(QUERY.asked)
        .hasToString("GraphRequest[by=POD, namespace=Optional[x], window=PT30S]");
    String golden =
        "\"success\":0.5,\"rps\":2.0,\"latency_ms_p50\":1,\"latency_ms_p95\":2,"
            + "\"latency_ms_p99\":3,\"tcp_open_connections\":4,\"tcp_read_bytes_rate\":5.0,"
            + "\"tcp_write_bytes_rate\":6.0}";
    assertThat(body.path("nodes").path(0))
        .hasToString(
            "{\"id\":\"deployment/x/a\",\"namespace\":\"x\",\"kind\":\"deployment\","
                + "\"name\":\"a\",\"gateway\":true,\"pods\":2,\"meshed\":1,\"own_proxy\":true,"
                + golden);
    assertThat(body.path("edges").path(0))
        .hasToString(
            "{\"src\":\"deployment/x/a\",\"dst\":\"deployment/x/b\",\"secured\":false,"
                + "\"no_tls_reasons\":[\"Loopback\"],\"denied\":true,\"services\":[\"x/b:80\"],"
                + golden);
    assertThat(body.path("notes").path(0)).hasToString("\"a note\"");
    ok("graph");
    assertThat(((GraphRequest) QUERY.asked).by()).isEqualTo(GraphRequest.By.WORKLOAD);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "edges | type is missing",
        "edges?type= | type is missing",
        "edges?type=deploy&type=po | type is given 2 times",
        "edges?type=nope | Resource type is not supported: nope",
        "edges?type=all | Resource type is not supported: all",
        "edges?type=svc | Resource type is not supported: service",
        "edges?type=deploy/web | Edges cannot be returned for a specific resource name",
        "edges?type=deploy&namespace=A%22 | not the namespace of a Kubernetes object",
        "edges?type=deploy&color=red | unknown parameter color: known are namespace, type",
        "stat | resource is missing",
        "stat?resource=deploy&window=14s | metrics time window must be at least 15s",
        "stat?resource=deploy&window=x | not a length of time",
        "stat?resource=deploy&to=po&from=po | --to and --from flags are mutually exclusive",
        "stat?resource=deploy&unmeshed=1 | unmeshed is neither true nor false",
        "stat?resource=deploy&selector=a%3Eb | not a label selector",
        "stat?resource=svc&to=deploy | a service sends no requests",
        "routes?resource=deploy&from=po | unknown parameter from",
        "top?limit=0 | limit is not within 1..1000",
        "top?limit=1001 | limit is not within 1..1000",
        "top?limit=99999999999 | limit is not a number",
        "top?resource=svc | Resource type is not supported",
        "graph?by=colour | by is none of workload, pod, namespace",
        "graph?window=1s | metrics time window must be at least 15s",
        "graph?colour=red | unknown parameter colour: known are by, namespace, window",
      })
  void whatIsAskedWronglyIsSaid(String page, String error) throws Exception {
    HttpResponse<String> response = get(page);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json(response).path("error").asText()).startsWith(error);
  }

  @Test
  void valuesHaveALength() throws Exception {
    assertThat(get("top?resource=" + "a".repeat(QueryParams.MAX_VALUE)).body())
        .contains("not supported");
    assertThat(get("top?resource=" + "a".repeat(QueryParams.MAX_VALUE + 1)).body())
        .contains("resource is longer than 4096");
    String many = "stat?" + "resource=po&".repeat(StatRequest.MAX_RESOURCES);
    assertThat(get(many).statusCode()).isEqualTo(200);
    assertThat(get(many + "resource=po").body()).contains("more than 64 resources");
  }

  @Test
  void badEncodingIsABadRequest() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /api/v1/edges?type=%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400 ").contains("\"error\"");
    }
  }

  @Test
  void whatCannotBeAnsweredNowIsSaidWithItsStatus() throws Exception {
    QUERY.failure = new QueryException(QueryException.Fault.BUSY, "busy");
    assertThat(get("top").statusCode()).isEqualTo(503);
    QUERY.failure = new QueryException(QueryException.Fault.PROMETHEUS, "Prometheus at x");
    HttpResponse<String> response = get("top");
    assertThat(response.statusCode()).isEqualTo(502);
    assertThat(json(response).path("error").asText()).isEqualTo("Prometheus at x");
    QUERY.failure = new CompletionException(new IllegalArgumentException("window"));
    assertThat(get("top").statusCode()).isEqualTo(400);
    QUERY.failure = new IllegalStateException("a secret of ours");
    response = get("top");
    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body()).doesNotContain("secret");
  }

  @Test
  void onlyGetIsServed() throws Exception {
    HttpRequest post =
        HttpRequest.newBuilder(uri("top")).POST(HttpRequest.BodyPublishers.ofString("x")).build();
    assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  private static JsonNode ok(String page) throws Exception {
    HttpResponse<String> response = get(page);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    assertThat(response.headers().firstValue("cache-control")).contains("no-store");
    return json(response);
  }

  private static JsonNode json(HttpResponse<String> response) throws Exception {
    return new ObjectMapper().readTree(response.body());
  }

  private static HttpResponse<String> get(String page) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(page)).timeout(Duration.ofSeconds(20)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static URI uri(String page) {
    return URI.create("http://127.0.0.1:" + server.actualPort() + "/api/v1/" + page);
  }
}
