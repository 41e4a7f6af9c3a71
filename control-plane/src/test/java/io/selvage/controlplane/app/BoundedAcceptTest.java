// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.controlplane.server.Handshakes;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BoundedAcceptTest {
  private static final int MOST = 3;

  private final List<String> refused = new CopyOnWriteArrayList<>();
  private final Handshakes handshakes = new Handshakes(MOST - 1, true);
  private final List<SocketAddress> peers = new CopyOnWriteArrayList<>();
  private boolean handshaking;
  private final Vertx vertx =
      Vertx.builder()
          .withTransport(
              BoundedAccept.transport(
                  port -> MOST,
                  port -> handshaking ? Optional.of(handshakes) : Optional.empty(),
                  refused::add))
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
      assertThat(refused).containsExactly("NoRoom");
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

  /** They count until their handshake has ended, whatever else of the port is free. */
  @Test
  void oneHandshakeMoreOfAnAddressIsClosedAtOnce() throws Exception {
    handshaking = true;
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(socket -> {
              peers.add(socket.remoteAddress());
              socket.write("hello");
            })
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < MOST - 1; i++) {
        open.add(new Socket("127.0.0.1", server.actualPort()));
        assertThat(isGreeted(open.getLast())).isTrue();
      }
      assertThat(handshakes.size()).isEqualTo(MOST - 1);
      try (var oneMore = new Socket("127.0.0.1", server.actualPort())) {
        assertThat(isGreeted(oneMore)).isFalse();
      }
      assertThat(refused).containsExactly("TooManyHandshakes");
      assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", 1), this)).isTrue();

      handshakes.ended(peers.getFirst());
      open.add(new Socket("127.0.0.1", server.actualPort()));
      assertThat(isGreeted(open.getLast())).isTrue();
      open.removeLast().close();
      await().atMost(Duration.ofSeconds(20)).until(() -> handshakes.size() == MOST - 1);
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
