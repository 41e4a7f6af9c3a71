// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.mesh.ProtocolHint;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Endpoints that are slow to answer, or do not answer. */
class ConnectPairTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final int REQUESTS = 8;

  @Test
  void aSlowHandshakeIsNoSlowConnect() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port(), "--outbound-connect-timeout=300ms");
        SlowWay way = new SlowWay(pair.server().inboundPort(), Duration.ofMillis(1_500))) {
      answer(pair, way.port());
      try (RawClient http = pair.connect();
          RawClient raw = pair.connect()) {
        http.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\nhi");
        assertThat(http.readResponse()).isEqualTo(OK);
        raw.send("\0");
        assertThat(raw.isQuietFor(Duration.ofSeconds(2))).as("it is carried").isTrue();
        await().until(() -> app.received().contains("\0"));
      }
    }
  }

  @Test
  void whatWasNotSentIsTriedElsewhereWhateverTheMethod() throws IOException {
    int nobody = ClosedPort.take();
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        ScriptedOrigin noTls = ScriptedOrigin.start(c -> c.read(1));
        SidecarPair pair = SidecarPair.start(app.port())) {
      for (int failing : new int[] {nobody, noTls.port()}) {
        answer(pair, failing, pair.server().inboundPort());
        for (int i = 0; i < REQUESTS; i++) {
          try (RawClient http = pair.connect();
              RawClient raw = pair.connect()) {
            http.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\nhi");
            assertThat(http.readResponse()).isEqualTo(OK);
            raw.send("GARBAGE\n\r\n\r\n").shutdownOutput();
            assertThat(raw.readToEnd()).isEqualTo(OK);
          }
        }
      }
      assertThat(app.requests().stream().filter(r -> r.startsWith("POST"))).hasSize(2 * REQUESTS);
      assertThat(app.requests().stream().filter(r -> r.startsWith("GARBAGE")))
          .hasSize(2 * REQUESTS);
    }
  }

  private static void answer(SidecarPair pair, int... ports) {
    pair.mesh()
        .answer(
            SidecarPair.SERVICE,
            TestMesh.service(
                ProtocolHint.DETECT,
                java.util.Arrays.stream(ports)
                    .mapToObj(port -> TestMesh.endpoint(port, TestMesh.identity("server")))
                    .toArray(io.selvage.model.mesh.DestinationUpdate.Endpoint[]::new)));
  }

  /** A way to a port of loopback on which everything rests for a while before it goes on. */
  private static final class SlowWay implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    SlowWay(int to, Duration rest) throws IOException {
      Thread.ofVirtual()
          .start(() -> {
            while (!server.isClosed()) {
              try {
                Socket from = server.accept();
                Thread.ofVirtual().start(() -> carry(from, to, rest));
              } catch (IOException e) {
                return; // closed
              }
            }
          });
    }

    int port() {
      return server.getLocalPort();
    }

    private static void carry(Socket from, int to, Duration rest) {
      try (from;
          Socket there = new Socket(InetAddress.getLoopbackAddress(), to)) {
        Thread.sleep(rest);
        Thread back = Thread.ofVirtual().start(() -> pump(there, from));
        pump(from, there);
        back.join();
      } catch (IOException e) {
        // The test's own assertions tell.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private static void pump(Socket from, Socket to) {
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        in.transferTo(out);
        to.shutdownOutput();
      } catch (IOException e) {
        // The other direction hears of it too.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
