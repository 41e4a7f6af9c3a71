// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.testkit.RawClient;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeadDeadlineTest {
  private static final Duration SOON = Duration.ofMillis(700);
  private static final Duration NEVER = Duration.ofHours(1);
  private static final String REQUEST = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private Socket connect(Duration first, Duration next) throws Exception {
    HttpServer server =
        new HeadDeadline(vertx, first, next)
            .watch(
                vertx
                    .createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                    .requestHandler(r -> r.response().end("yes")))
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    var socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void ask(Socket socket) throws IOException {
    socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    var answer = new StringBuilder();
    for (int c; !answer.toString().endsWith("yes") && (c = in.read()) >= 0; ) {
      answer.append((char) c);
    }
    assertThat(answer).startsWith("HTTP/1.1 200");
  }

  @Test
  void aHeadThatDripsIsCutOff() throws Exception {
    try (Socket socket = connect(SOON, NEVER)) {
      assertThat(RawClient.over(socket).isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void soIsOneThatFollowsAnAnswer() throws Exception {
    try (Socket socket = connect(NEVER, SOON)) {
      ask(socket);
      assertThat(RawClient.over(socket).isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void theAdminPortHasOne() throws Exception {
    AdminPort port =
        AdminPort.start(
                vertx, "127.0.0.1", 0, List::of, Map.of(), new HeadDeadline(vertx, SOON, NEVER))
            .await(20, TimeUnit.SECONDS);

    try (RawClient client = RawClient.connect(port.port())) {
      assertThat(client.isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void thePortOfTheApiHasOne() throws Exception {
    ApiPort port =
        ApiPort.start(vertx, "127.0.0.1", 0, List.of(), new HeadDeadline(vertx, SOON, NEVER))
            .await(20, TimeUnit.SECONDS);

    try (RawClient client = RawClient.connect(port.port())) {
      assertThat(client.isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void whoAsksInTimeIsAnsweredAgainAndAgain() throws Exception {
    try (Socket socket = connect(NEVER, NEVER)) {
      ask(socket);
      ask(socket);
    }
    // The first deadline is over with the first head.
    try (Socket socket = connect(Duration.ofSeconds(5), NEVER)) {
      ask(socket);
      Thread.sleep(5_500);
      ask(socket);
    }
  }
}
