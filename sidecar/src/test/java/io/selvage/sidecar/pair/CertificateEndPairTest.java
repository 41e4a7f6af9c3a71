// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.proxy.tls.MeshTls;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Way;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A connection made with a certificate does not outlive it. */
class CertificateEndPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Long enough to connect on a busy machine, and the allowance that nobody connects in. */
  private static final Duration BELIEVED = Duration.ofSeconds(10).plus(MeshTls.SKEW);

  @Test
  void connectionsEndWithTheCertificateThatEndsFirst() {
    CompletableFuture.allOf(
            CompletableFuture.runAsync(() -> expectAllEndedBy("client")),
            CompletableFuture.runAsync(() -> expectAllEndedBy("server")))
        .join();
  }

  private static void expectAllEndedBy(String account) {
    var mesh = new TestMesh();
    mesh.believe(account, BELIEVED);
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              String first = c.readUntil("\n");
              if (first != null && first.startsWith("GET")) {
                c.readUntil("\r\n\r\n");
                c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n");
              }
              c.send("first\n");
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(mesh, app.port());
        RawClient raw = pair.connect().deadline(PATIENCE);
        RawClient http = pair.connect().deadline(PATIENCE);
        RawClient plain = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      raw.send("\0\n");
      assertThat(raw.readUntil("first\n")).isEqualTo("first\n");
      http.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(http.readUntil("first\n")).startsWith("HTTP/1.1 200 ");
      plain.send("\0\n");
      assertThat(plain.readUntil("first\n")).isEqualTo("first\n");
      assertThat(toEnd(raw)).isEmpty();
      assertThat(toEnd(http)).as("no last chunk").isBlank();
      assertThat(plain.isQuietFor(Duration.ofMillis(500))).as("without any").isTrue();
      await().atMost(PATIENCE).until(() -> pair.server().process().openConnections() == 1);
      assertThat(pair.server().process().refusals().count(Way.INBOUND, Refusal.CERTIFICATES_ENDED))
          .as("unless the client's side was faster")
          .isBetween(0L, 2L);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String toEnd(RawClient client) throws IOException {
    try {
      return client.readToEnd();
    } catch (SocketException e) {
      return ""; // a reset
    }
  }
}
