// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that we take for raw bytes, and an application that takes them for requests. */
class LenientServerPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** A record that begins like a ClientHello, and a complete one that names no protocol. */
  private static final String NEARLY_TLS = "\26\3\1\2\2\1AAA";

  private static final String HELLO =
      "\26\3\1\0\55\1\0\0\51\3\3" + "R".repeat(32) + "\0\0\2\23\1\1\0";

  /** Request lines, some of which the JDK's server takes: it checks neither method nor version. */
  static List<String> lines() {
    return List.of(
        "A".repeat(33) + " / HTTP/1.1",
        "GET /",
        "\"GET\" / HTTP/1.1",
        "GET: / HTTP/1.1",
        "G\311T / HTTP/1.1",
        "\0GET / HTTP/1.1",
        "\13GET / HTTP/1.1",
        " GET / HTTP/1.1",
        "\357\273\277GET / HTTP/1.1",
        "GET\13/ HTTP/1.1",
        "GET / \13HTTP/1.1",
        "GET /\240HTTP/1.1",
        "GET / HTTPS/1.1",
        "GET / ICY/1.0",
        "GET / HTTP/1.1 x",
        "SET / x",
        "HTTP/1.1 / OK",
        NEARLY_TLS + " / HTTP/1.1",
        HELLO + " / HTTP/1.1");
  }

  @ParameterizedTest
  @MethodSource("lines")
  void noLineCarriesAnIdentityToTheApplication(String line) throws Exception {
    try (var app = new Application();
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send(line + "\r\nHost: web\r\nselvage-client-id: admin\r\n\r\n").shutdownOutput();
      client.readToEnd();
      assertThat(app.identities()).doesNotContain("admin");
    }
  }

  @Test
  void theApplicationTakesSuchLinesForRequests() throws Exception {
    for (String line :
        List.of("GET / ICY/1.0", "A".repeat(33) + " / HTTP/1.1", HELLO + " / HTTP/1.1")) {
      try (var app = new Application();
          SidecarPair pair = SidecarPair.start(app.port());
          RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
        client.send(line + "\r\nHost: web\r\n\r\n");
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(app.identities()).containsExactly("nobody");
        // The application has answered as a server of HTTP, so it is not believed to be none.
        client.send("GET / ICY/1.0\r\nHost: web\r\nselvage-client-id: admin\r\n\r\n");
        client.readToEnd();
        assertThat(app.identities()).containsExactly("nobody");
        assertThat(pair.server().process().refusals().metrics())
            .contains("reason=\"late_request\"} 1");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "selvage-client-id: admin",
        "SELVAGE-CLIENT-ID:admin",
        "selvage_client.id : admin",
        "\13 selvage-client-id\240: admin"
      })
  void noMemberCarriesOneEither(String field) throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.readToEnd());
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      client.send("SET / x\r\nHost: web\r\n" + field + "\r\n\r\n").shutdownOutput();
      client.readToEnd();
      assertThat(app.received()).doesNotContain("admin");
    }
  }

  /** An application that is no proxy may say 200 to CONNECT, and go on reading requests. */
  @Test
  void noTunnelCarriesOneEither() throws Exception {
    try (var app = new Application();
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send("CONNECT web:80 HTTP/1.1\r\nHost: web:80\r\n\r\n");
      client.readUntil("\r\n\r\n");
      client
          .send("GET / HTTP/1.1\r\nHost: web\r\nselvage-client-id: admin\r\n\r\n")
          .shutdownOutput();
      client.readToEnd();
      assertThat(app.identities()).doesNotContain("admin");
    }
  }

  @Test
  void aFieldInPiecesIsFound() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.readToEnd());
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send("SET / x\r\nselvage-cl");
      await().atMost(PATIENCE).until(() -> app.received().endsWith("selvage-cl"));
      client.send("ient-id: admin\r\n\r\n");
      assertThat(client.readToEnd()).isEmpty();
      assertThat(app.received()).isEqualTo("SET / x\r\nselvage-cl");
    }
  }

  @Test
  void aServerOfSomethingElseMayBeSentAnything() throws Exception {
    String dump = "selvage-client-id: admin\r\n";
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.send("+" + c.readUntil("\r\n"));
              c.send("+" + c.readUntil("\r\n"));
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send("*1\r\n");
      assertThat(client.readUntil("\r\n")).isEqualTo("+*1\r\n");
      client.send(dump);
      assertThat(client.readUntil("\r\n")).isEqualTo("+" + dump);
    }
  }

  @Test
  void whatOnlyMentionsTheNameIsCarried() throws Exception {
    String text =
        "*1\r\nx selvage-client-id: a\r\nselvage-client-ids: a\r\nselvage-client-id a\r\n.";
    try (ScriptedOrigin app = ScriptedOrigin.start(c -> c.send(c.readUntil(".")));
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      client.send(text);
      assertThat(client.readUntil(".")).isEqualTo(text);
    }
  }

  /** The JDK's server, which notes who its clients are said to be. */
  private static final class Application implements AutoCloseable {
    private final HttpServer server;
    private final Queue<String> identities = new ConcurrentLinkedQueue<>();

    Application() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            String identity = exchange.getRequestHeaders().getFirst("selvage-client-id");
            identities.add(identity == null ? "nobody" : identity);
            byte[] hello = "hello".getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, hello.length);
            exchange.getResponseBody().write(hello);
            exchange.close();
          });
      server.start();
    }

    int port() {
      return server.getAddress().getPort();
    }

    Queue<String> identities() {
      return identities;
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
