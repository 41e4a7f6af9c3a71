// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.tap.TapListener;
import io.selvage.controlplane.observation.tap.TapQuery;
import io.selvage.controlplane.observation.tap.TapRequest;
import io.selvage.controlplane.observation.tap.TapRow;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TapApiTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client = HttpClient.newHttpClient();
  private volatile TapPermission permission = TapPermission.loopback();
  private volatile @Nullable TapRequest asked;
  private volatile @Nullable TapListener listener;
  private volatile @Nullable RuntimeException failure;
  private volatile long ended;
  private @Nullable HttpServer server;

  private final class Taps implements TapQuery {
    @Override
    public CompletionStage<Long> begin(TapRequest request, TapListener newListener) {
      RuntimeException fault = failure;
      if (fault != null) {
        return CompletableFuture.failedFuture(fault);
      }
      asked = request;
      // Kept first: with the status the caller has its answer.
      listener = newListener;
      newListener.status(2, 0);
      return CompletableFuture.completedFuture(7L);
    }

    @Override
    public void end(long id) {
      ended = id;
    }
  }

  @BeforeEach
  void serve() throws Exception {
    Router router = Router.router(vertx);
    new TapApi(
            new Taps(),
            (caller, namespace) -> permission.check(caller, namespace),
            Duration.ofMillis(100))
        .mount(router);
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    client.shutdownNow();
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private HttpRequest.Builder request(String query) {
    if (server == null) {
      throw new IllegalStateException("not started");
    }
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + server.actualPort() + "/api/v1/tap" + query))
        .timeout(LIMIT);
  }

  private HttpResponse<String> get(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static TapRow row(String path) {
    var end = new TapRow.End("10.0.0.1:1", "shop", "web-1", "", Map.of());
    return new TapRow(
        "1:1", "in", end, end, "true", false, "", "", "GET", "http", "shop", path, 200, null, 5L, 6,
        0, 7, "ok", false, null);
  }

  @Test
  void exchangesComeAsLinesUntilTheCallerGoes() throws Exception {
    HttpResponse<InputStream> response =
        client.send(
            request(
                    "?resource=deploy/web&namespace=shop&to=svc/books&max_rps=5&method=GET"
                        + "&scheme=http&authority=a&path=/x&headers=true")
                .build(),
            BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/x-ndjson");
    assertThat(asked)
        .hasToString(
            "TapRequest[resource=deployment/web, namespace=Optional[shop],"
                + " labels=LabelTest[text=, requirements=[]],"
                + " to=Optional[OtherEnd[way=TO, resource=service/books,"
                + " namespace=Optional[shop]]], maxPerSecond=5, method=GET, scheme=http,"
                + " authority=a, pathPrefix=/x, headers=true]");
    TapListener told = listener;
    assertThat(told).isNotNull();
    told.exchange(row("/a"));
    told.exchange(row("/b"));
    try (var lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      assertThat(lines.readLine()).contains("\"proxies\":2");
      JsonNode first = new ObjectMapper().readTree(lines.readLine());
      assertThat(first.path("path").asText()).isEqualTo("/a");
      assertThat(first.has("request_headers")).isFalse();
      assertThat(lines.readLine()).contains("\"path\":\"/b\"");
    }
    client.shutdownNow();
    await().atMost(LIMIT).until(() -> ended == 7);
  }

  @Test
  void whatIsAskedWronglyIsSaid() throws Exception {
    assertThat(get(request("")).body()).contains("resource is missing");
    assertThat(get(request("?resource=deploy&max_rps=0")).body()).contains("1..1000");
    assertThat(get(request("?resource=deploy&path=x")).body()).contains("a path begins with /");
    assertThat(get(request("?resource=deploy&colour=red")).statusCode()).isEqualTo(400);
    failure = new QueryException(QueryException.Fault.BUSY, "there are 32 taps already");
    HttpResponse<String> busy = get(request("?resource=deploy"));
    assertThat(busy.statusCode()).isEqualTo(503);
    assertThat(busy.body()).contains("32 taps already");
  }

  @Test
  void pagesOfOtherSitesAreRefused() throws Exception {
    HttpResponse<String> site =
        get(request("?resource=deploy").header("sec-fetch-site", "cross-site"));
    assertThat(site.statusCode()).isEqualTo(403);
    HttpResponse<String> origin =
        get(request("?resource=deploy").header("origin", "https://example.com"));
    assertThat(origin.statusCode()).isEqualTo(403);
    assertThat(asked).isNull();
  }

  @Test
  void thePermissionIsAskedWithTheTokenAndTheNamespace() throws Exception {
    permission =
        (caller, namespace) ->
            caller.token().equals(Optional.of("abc"))
                ? Optional.of(new Refusal(403, "not in " + namespace.orElse("all")))
                : Optional.of(new Refusal(401, "who?"));
    HttpResponse<String> nobody = get(request("?resource=deploy"));
    assertThat(nobody.statusCode()).isEqualTo(401);
    assertThat(nobody.headers().firstValue("www-authenticate")).contains("Bearer");
    HttpRequest.Builder somebody =
        request("?resource=deploy&namespace=shop").header("authorization", "bearer abc");
    assertThat(get(somebody).body()).contains("not in shop");
    assertThat(get(request("?resource=ns/shop").header("authorization", "Bearer abc")).body())
        .contains("not in shop");
    assertThat(get(request("?resource=deploy").header("authorization", "Bearer abc")).body())
        .contains("not in all");
    assertThat(asked).isNull();
  }

  @Test
  void whoeverMayNotAnyMoreIsToldAndCutOff() throws Exception {
    HttpResponse<InputStream> response =
        client.send(request("?resource=deploy").build(), BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    // While nobody can say, what was said last holds.
    var asked = new CountDownLatch(3);
    permission =
        (caller, namespace) -> {
          asked.countDown();
          return Optional.of(new Refusal(503, "the API server is away"));
        };
    assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(ended).isZero();

    permission = (caller, namespace) -> Optional.of(new Refusal(403, "jane may not watch taps"));
    String all = new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(all).endsWith("{\"ended\":\"jane may not watch taps\"}\n");
    await().atMost(LIMIT).until(() -> ended == 7);
  }

  @Test
  void withoutAClusterLoopbackMay() {
    TapPermission loopback = TapPermission.loopback();
    assertThat(loopback.check(new Caller(Optional.empty(), true, false), Optional.empty()))
        .isEmpty();
    assertThat(loopback.check(new Caller(Optional.of("x"), false, false), Optional.empty()))
        .map(Refusal::status)
        .contains(403);
    assertThat(new Caller(Optional.of("secret"), true, false).toString()).doesNotContain("secret");
  }
}
