// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTP requests to endpoints that speak TLS: verified as configured, and never in plaintext. */
class UpstreamTlsTest {
  private static final TestCa CA = TestCa.root("root");
  private static final String GET = "GET /secret HTTP/1.1\r\nHost: a.example\r\n\r\n";

  /** The origin's certificate is always for a.example, by {@link #CA}. */
  @ParameterizedTest
  @CsvSource({
    "right,  a.example, 200", // as it should be
    "right,  '',        200", // the SNI, which is the Host, is the name to verify
    "right,  b.example, 503", // another name
    "wrong,  a.example, 503", // another authority
    "broken, a.example, 503", // a bundle that does not parse
    "none,   b.example, 200", // without a trust bundle nothing is verified: encrypted all the same
  })
  void verifiesTheEndpointAsConfigured(String bundle, String name, int status) throws Exception {
    Optional<TrustSpec> trust =
        switch (bundle) {
          case "right" -> Optional.of(new TrustSpec("ca", CA.pem(), ""));
          case "wrong" -> Optional.of(new TrustSpec("ca", TestCa.root("other").pem(), ""));
          case "broken" -> Optional.of(new TrustSpec("ca", "not PEM", ""));
          default -> Optional.empty();
        };
    try (SSLServerSocket origin = origin();
        var gateway =
            TestGateway.start()
                .cluster(cluster(trust, name), origin.getLocalPort())
                .route("/", "c")
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(GET);
      assertThat(client.readResponse()).startsWith("HTTP/1.1 " + status + " ");
      assertThat(gateway.only().outcome())
          .isEqualTo(status == 200 ? Outcome.OK : Outcome.UPSTREAM_TLS);
    }
  }

  @Test
  void neverSendsARequestInPlaintextToAnOriginWithoutTls() throws Exception {
    // Given an origin that would gladly answer plaintext
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.read(6);
              connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            });
        var gateway =
            TestGateway.start()
                .cluster(cluster(Optional.empty(), ""), origin.port())
                .route("/", "c")
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(GET);
      assertThat(client.readResponse()).startsWith("HTTP/1.1 503 ");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.UPSTREAM_TLS);
      // Then every attempt began with a ClientHello and nothing of the request was sent.
      assertThat(origin.connections()).isNotEmpty();
      origin.connections().forEach(c -> assertThat(c.received()).startsWith("\u0016\u0003"));
      assertThat(origin.received()).doesNotContain("secret");
    }
  }

  private static ClusterSpec cluster(Optional<TrustSpec> trust, String verifyName) {
    ClusterSpec http = ClusterSpec.http("c");
    return new ClusterSpec(
        "c",
        "c",
        http.endpoints(),
        http.protocol(),
        Optional.of(
            new UpstreamTls(
                "",
                trust,
                verifyName,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of())),
        http.loadBalancer(),
        http.connectTimeoutMillis(),
        http.idleTimeoutMillis(),
        http.maxConnectionLifetimeMillis(),
        http.defaultBreakers(),
        http.highBreakers(),
        http.accrual(),
        Optional.empty(),
        Optional.empty());
  }

  private static SSLServerSocket origin() throws IOException {
    SSLServerSocket server =
        (SSLServerSocket)
            TestTls.server(CA.serverFor("a.example"), CA)
                .getServerSocketFactory()
                .createServerSocket(0);
    Thread.ofVirtual()
        .start(() -> {
          while (!server.isClosed()) {
            try (SSLSocket socket = (SSLSocket) server.accept()) {
              answer(socket);
            } catch (IOException e) {
              // Closed, or a handshake that was broken off: the client's side is looked at.
            }
          }
        });
    return server;
  }

  private static void answer(SSLSocket socket) throws IOException {
    socket.startHandshake();
    if (socket.getInputStream().read() >= 0) {
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
    }
  }
}
