// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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

  /** One byte after the other, so that the connection is never idle; until it is cut. */
  private static void drip(Socket socket) throws Exception {
    for (int i = 0; i < 400; i++) {
      try {
        socket.getOutputStream().write('a');
      } catch (IOException e) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("it may drip for 20 s");
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
      assertThatCode(() -> drip(socket)).doesNotThrowAnyException();
    }
  }

  @Test
  void soIsOneThatFollowsAnAnswer() throws Exception {
    try (Socket socket = connect(NEVER, SOON)) {
      ask(socket);
      assertThatCode(() -> drip(socket)).doesNotThrowAnyException();
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
