// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.testkit.RawClient;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdminServerTest {
  private final Vertx vertx = Vertx.vertx();
  private final Readiness readiness = new Readiness();
  private final AtomicReference<String> acted = new AtomicReference<>("");
  private final HttpClient client = HttpClient.newHttpClient();
  private AdminServer admin;

  @BeforeEach
  void start() throws Exception {
    admin =
        AdminServer.start(
                vertx,
                "127.0.0.1",
                0,
                readiness,
                Map.of(
                    "/metrics", new AdminServer.Page("text/plain", () -> "a_metric 1\n"),
                    "/ask",
                        new AdminServer.Page(
                            "text/plain",
                            query -> {
                              if (!query.containsKey("q")) {
                                throw new IllegalArgumentException("q is missing");
                              }
                              return String.join("|", query.get("q"));
                            }),
                    "/broken",
                        new AdminServer.Page(
                            "text/plain",
                            () -> {
                              throw new IllegalStateException("no table");
                            })),
                Map.of(
                    "/log-level",
                    new AdminServer.Action(
                        HttpMethod.PUT,
                        body -> {
                          acted.set(body);
                          return body.equals("wrong")
                              ? Optional.of("no such level")
                              : Optional.empty();
                        })))
            .await(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    vertx.close().await(30, TimeUnit.SECONDS);
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin.port() + path))
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void aHeadThatDripsIsCutOffThoughTheConnectionIsNeverIdle() throws Exception {
    AdminServer strict =
        AdminServer.start(
                vertx,
                "127.0.0.1",
                0,
                readiness,
                Map.of(),
                Map.of(),
                new HeadDeadline(vertx, Duration.ofMillis(700), Duration.ofHours(1)))
            .await(30, TimeUnit.SECONDS);

    try (RawClient slow = RawClient.connect(strict.port())) {
      assertThat(slow.isCutWhileDripping()).isTrue();
    }
    // After the first head the next one has its time.
    AdminServer patient =
        AdminServer.start(
                vertx,
                "127.0.0.1",
                0,
                readiness,
                Map.of(),
                Map.of(),
                new HeadDeadline(vertx, Duration.ofHours(1), Duration.ofMillis(700)))
            .await(30, TimeUnit.SECONDS);
    try (RawClient slow = RawClient.connect(patient.port())) {
      assertThat(slow.send("GET /live HTTP/1.1\r\nhost: x\r\n\r\n").readResponse())
          .startsWith("HTTP/1.1 200");
      assertThat(slow.isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void isLiveAtOnceAndReadyWhenAllConditionsHold() throws Exception {
    assertThat(send("GET", "/live", "").statusCode()).isEqualTo(200);
    assertThat(send("GET", "/ready", "").statusCode()).isEqualTo(503);

    readiness.set("configuration", true, "");
    readiness.set("listeners", false, "port 8080 is in use");
    assertThat(send("GET", "/ready", "").body()).isEqualTo("listeners: port 8080 is in use\n");

    readiness.set("listeners", true, "");
    assertThat(send("GET", "/ready", "").statusCode()).isEqualTo(200);

    readiness.set("drain", false, "draining");
    assertThat(send("GET", "/ready", "").statusCode()).isEqualTo(503);
  }

  @Test
  void looksAtACheckWheneverItIsAsked() throws Exception {
    AtomicReference<Optional<String>> missing = new AtomicReference<>(Optional.of("none is open"));
    readiness.check("listeners", missing::get);
    assertThat(send("GET", "/ready", "").body()).isEqualTo("listeners: none is open\n");

    missing.set(Optional.empty());
    assertThat(send("GET", "/ready", "").statusCode()).isEqualTo(200);
  }

  @Test
  void servesPagesAndSaysWhichThereAre() throws Exception {
    assertThat(send("GET", "/metrics", "").body()).isEqualTo("a_metric 1\n");
    assertThat(send("GET", "/nothing", "").statusCode()).isEqualTo(404);
    assertThat(send("GET", "/", "").body()).contains("GET /metrics", "PUT /log-level");
    assertThat(send("GET", "/broken", "").statusCode()).isEqualTo(500);
    assertThat(send("POST", "/metrics", "").statusCode()).isEqualTo(405);
  }

  @Test
  void actsOnlyByTheRightMethodAndReportsWhatIsWrong() throws Exception {
    assertThat(send("GET", "/log-level", "").statusCode()).isEqualTo(405);
    assertThat(acted.get()).isEmpty();

    assertThat(send("PUT", "/log-level", "debug").statusCode()).isEqualTo(200);
    assertThat(acted.get()).isEqualTo("debug");

    HttpResponse<String> wrong = send("PUT", "/log-level", "wrong");
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(wrong.body()).isEqualTo("no such level\n");
  }

  @Test
  void takesAnActionBodyOfTheLimitAndRefusesOneByteMore() throws Exception {
    assertThat(send("PUT", "/log-level", "x".repeat(AdminServer.MAX_ACTION_BODY)).statusCode())
        .isEqualTo(200);
    assertThat(send("PUT", "/log-level", "x".repeat(AdminServer.MAX_ACTION_BODY + 1)).statusCode())
        .isEqualTo(413);
  }

  @Test
  void refusesABodyThatIsTooLargeBeforeItsEnd() throws Exception {
    try (var socket = new Socket("127.0.0.1", admin.port())) {
      socket.setSoTimeout(30_000);
      String head = "PUT /log-level HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
      String part = "x".repeat(AdminServer.MAX_ACTION_BODY + 1);
      socket.getOutputStream().write((head + part).getBytes(StandardCharsets.US_ASCII));

      String answer = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);

      assertThat(answer).isEqualTo("HTTP/1.1 413");
    }
  }

  @Test
  void takesNoActionFromAWebPage() throws Exception {
    try (var socket = new Socket("127.0.0.1", admin.port())) {
      socket.setSoTimeout(30_000);
      String request =
          "PUT /log-level HTTP/1.1\r\nHost: a\r\nOrigin: http://evil.example\r\n"
              + "Content-Length: 5\r\n\r\ndebug";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));

      String answer = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);

      assertThat(answer).isEqualTo("HTTP/1.1 403");
      assertThat(acted.get()).isEmpty();
    }
  }

  @Test
  void aPageGetsItsDecodedQuery() throws Exception {
    var answer = send("GET", "/ask?q=a%26b&q=%C3%A4", "");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("a&b|\u00e4");
  }

  @Test
  void aQueryThatMakesNoSenseIs400WithTheReason() throws Exception {
    var answer = send("GET", "/ask", "");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).isEqualTo("q is missing\n");
  }
}
