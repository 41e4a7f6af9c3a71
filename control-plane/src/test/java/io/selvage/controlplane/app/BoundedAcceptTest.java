// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundedAcceptTest {
  private static final int MOST = 3;

  private final AtomicInteger refused = new AtomicInteger();
  private final Vertx vertx =
      Vertx.builder()
          .withTransport(BoundedAccept.transport(port -> MOST, refused::incrementAndGet))
          .build();

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Test
  void oneConnectionMoreIsClosedAtOnceAndOneLessMakesRoom() throws Exception {
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(socket -> socket.write("hello"))
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < MOST; i++) {
        open.add(new Socket("127.0.0.1", server.actualPort()));
        assertThat(isGreeted(open.getLast())).isTrue();
      }
      try (var oneMore = new Socket("127.0.0.1", server.actualPort())) {
        assertThat(isGreeted(oneMore)).isFalse();
      }
      assertThat(refused).hasValue(1);
      open.removeFirst().close();

      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> {
            var again = new Socket("127.0.0.1", server.actualPort());
            open.add(again);
            return isGreeted(again);
          });
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** Whether the server itself has the connection; a refused one ends without a byte. */
  private static boolean isGreeted(Socket socket) throws SocketTimeoutException {
    try {
      socket.setSoTimeout(20_000);
      return socket.getInputStream().read() == 'h';
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException reset) {
      return false;
    }
  }
}
