// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.page.ToolRoutes.Tool;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ToolRoutesTest {
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client = HttpClient.newHttpClient();

  @AfterEach
  void close() throws Exception {
    client.close();
    done(vertx.close());
  }

  private static <T> T done(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  /** Answers with what it was asked for. */
  private HttpServer tool() throws Exception {
    return done(
        vertx
            .createHttpServer()
            .requestHandler(request ->
                request
                    .body()
                    .onSuccess(body ->
                        request
                            .response()
                            .putHeader("x-tool", "1")
                            .end(request.method() + " " + request.uri() + " " + body)))
            .listen(0, "127.0.0.1"));
  }

  private String serve(String toolUrl) throws Exception {
    Router router = Router.router(vertx);
    var routes = new ToolRoutes(List.of(new Tool("Grafana", "grafana", URI.create(toolUrl))));
    assertThat(routes.links().getFirst().path()).isEqualTo("grafana/");
    routes.mount(router);
    HttpServer server =
        done(vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
    return "http://127.0.0.1:" + server.actualPort();
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.timeout(Duration.ofSeconds(20)).build(), BodyHandlers.ofString());
  }

  private static HttpRequest.Builder to(String url) {
    return HttpRequest.newBuilder(URI.create(url));
  }

  @Test
  void aToolIsServedBelowItsPath() throws Exception {
    String page = serve("http://127.0.0.1:" + tool().actualPort());
    HttpResponse<String> answer = send(to(page + "/grafana/d/1?a=b%20c"));
    assertThat(answer.body()).isEqualTo("GET /d/1?a=b%20c ");
    assertThat(answer.headers().firstValue("x-tool")).contains("1");
    assertThat(send(to(page + "/grafana/")).body()).isEqualTo("GET / ");
    HttpResponse<String> bare = send(to(page + "/grafana"));
    assertThat(bare.statusCode()).isEqualTo(308);
    assertThat(bare.headers().firstValue("location")).contains("grafana/");
  }

  @Test
  void aPathOfItsOwnIsKept() throws Exception {
    String page = serve("http://127.0.0.1:" + tool().actualPort() + "/grafana/");
    HttpRequest.Builder query =
        to(page + "/grafana/api/ds/query").POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(send(query).body()).isEqualTo("POST /grafana/api/ds/query {}");
  }

  /** As a client writes it, which tidies nothing up. */
  private int raw(String page, String target) throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), URI.create(page).getPort())) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              ("GET " + target + " HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return Integer.parseInt(answer.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/grafana/../admin",
        "/grafana/%2e%2e/admin",
        "/grafana/.%2E/admin",
        "/grafana/a/..%2f..%2fadmin",
        "/grafana/..%5cadmin",
        "/grafana/./admin",
        "/grafana//other.example/admin",
        "/grafana/%2fother.example/admin",
        "/x/../grafana/admin",
        "//grafana/admin",
        "/grafana/%zz"
      })
  void nothingLeavesTheToolsPath(String target) throws Exception {
    HttpServer tool = tool();
    String page = serve("http://127.0.0.1:" + tool.actualPort() + "/inner/");
    assertThat(raw(page, target)).isIn(400, 404);
    var there = new Tool("Grafana", "grafana", URI.create("http://127.0.0.1/inner/"));
    assertThat(there.isBelow(target)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/grafana/",
        "/grafana/a..b/...",
        "/grafana/a%2Fb",
        "/grafana/a//b",
        "/grafana/a+b%20c?x=../..",
        "/grafana/d/%E2%82%AC"
      })
  void whatIsBelowItGoesThrough(String target) throws Exception {
    String page = serve("http://127.0.0.1:" + tool().actualPort());
    assertThat(raw(page, target)).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "/grafana/, /query, ./query",
    "/grafana/, /, ./",
    "/grafana/a/b?c=/d/e, /graph?x=/y, ../graph?x=/y",
    "/grafana/a/b/, /graph, ../../graph",
    "/grafana/, http://tool.example:1/login, ./login",
    "/grafana/, http://other.example/login, http://other.example/login",
    "/grafana/, //other.example/login, //other.example/login",
    "/grafana/a, b, b",
  })
  void aRedirectOfAToolThatDoesNotKnowItsPathStaysBelowIt(
      String asked, String location, String here) {
    var tool = new Tool("Grafana", "grafana", URI.create("http://tool.example:1"));
    assertThat(tool.location(asked, location)).isEqualTo(here);
  }

  @ParameterizedTest
  @CsvSource({
    "/grafana/a/b, /inner/login, ../login",
    "/grafana/a, /inner, ./",
    "/grafana/a, /innermost/x, /innermost/x",
    "/grafana/a, /elsewhere, /elsewhere",
  })
  void aRedirectOfAToolWithAPathIsReadByThatPath(String asked, String location, String here) {
    for (String url : List.of("http://tool.example/inner", "http://tool.example/inner/")) {
      var tool = new Tool("Grafana", "grafana", URI.create(url));
      assertThat(tool.location(asked, location)).isEqualTo(here);
    }
  }

  @Test
  void aRedirectIsFollowedThroughThePage() throws Exception {
    HttpServer tool =
        done(
            vertx
                .createHttpServer()
                .requestHandler(request -> {
                  if (request.path().equals("/query")) {
                    request.response().end("here");
                  } else {
                    request.response().setStatusCode(302).putHeader("location", "/query").end();
                  }
                })
                .listen(0, "127.0.0.1"));
    String page = serve("http://127.0.0.1:" + tool.actualPort());
    try (HttpClient following =
        HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build()) {
      for (String path : List.of("/grafana", "/grafana/", "/grafana/a/b")) {
        HttpRequest request = to(page + path).timeout(Duration.ofSeconds(20)).build();
        HttpResponse<String> answer = following.send(request, BodyHandlers.ofString());
        assertThat(answer.body()).as(path).isEqualTo("here");
        assertThat(answer.uri().getPath()).isEqualTo("/grafana/query");
      }
    }
  }

  @Test
  void pagesOfOtherSitesChangeNothing() throws Exception {
    String page = serve("http://127.0.0.1:" + tool().actualPort());
    HttpRequest.Builder post =
        to(page + "/grafana/x")
            .header("sec-fetch-site", "cross-site")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(send(post).statusCode()).isEqualTo(403);
  }

  @Test
  void aToolThatIsAwayIsABadGateway() throws Exception {
    HttpServer tool = tool();
    String page = serve("http://127.0.0.1:" + tool.actualPort());
    done(tool.close());
    assertThat(send(to(page + "/grafana/")).statusCode()).isEqualTo(502);
  }

  @Test
  void aUrlThatIsNoneIsCalledSo() {
    assertThatThrownBy(() -> new Tool("Grafana", "grafana", URI.create("ftp://x/")))
        .hasMessage("ftp://x/ is not the http URL of Grafana");
    assertThatThrownBy(() -> new Tool("Grafana", "grafana", URI.create("http://x/?a")))
        .hasMessage("http://x/?a has more than a path after the host");
  }
}
