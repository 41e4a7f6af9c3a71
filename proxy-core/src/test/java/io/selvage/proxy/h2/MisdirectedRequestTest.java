// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static io.selvage.model.routing.HostPattern.exact;
import static io.selvage.proxy.engine.TestGateway.binding;
import static io.selvage.proxy.engine.TestGateway.mutual;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.TlsBinding;
import io.selvage.proxy.engine.TestGateway;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A connection made with one name's certificate asks for another name (RFC 9110 15.5.20). */
class MisdirectedRequestTest {
  private static final TestCa CA = TestCa.root("root");
  private static final TlsBinding A = binding("a", CA.serverFor("a.example"), exact("a.example"));
  private static final TlsBinding B = binding("b", CA.serverFor("b.example"), exact("b.example"));

  private ScriptedOrigin origin;
  private TestGateway gateway;

  @BeforeEach
  void start() throws Exception {
    origin = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c");
  }

  @AfterEach
  void stop() throws Exception {
    gateway.close();
    origin.close();
  }

  @Test
  void answers421OnASharedHttp2ConnectionAndGoesOn() throws Exception {
    gateway.tls(A, B).apply();
    try (WireClient client = http2("a.example", TestTls.client(CA))) {
      ask(client, 1, "a.example", 200);
      ask(client, 3, "b.example", 421);
      ask(client, 5, "c.example", 421);
      // The name is the same whatever its case and with the port.
      ask(client, 7, "A.example:443", 200);
    }
    assertThat(gateway.nth(4).status()).isEqualTo(200);
    assertThat(gateway.ended().get(1).outcome()).isEqualTo(Outcome.DENIED);
    assertThat(origin.requests()).as("only what was asked of the right host").hasSize(2);
  }

  @Test
  void doesNotLetAClientCertificateOfOneNameOpenAnother() throws Exception {
    gateway.tls(A, mutual(B, CA)).apply();
    // Given no certificate was shown, because a.example asks for none
    try (WireClient client = http2("a.example", TestTls.client(CA))) {
      ask(client, 1, "b.example", 421);
    }
    try (RawClient client = http1("a.example", TestTls.client(CA))) {
      client.send("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 421 ");
      client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
    }
    // When the right name is asked with a certificate, Then it is served, by both protocols.
    SSLContext known = TestTls.client(CA, CA.leaf("client").client().issue());
    try (RawClient client = http1("b.example", known)) {
      client.send("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
    }
    try (WireClient client = http2("b.example", known)) {
      ask(client, 1, "b.example", 200);
    }
    assertThat(origin.requests()).hasSize(3);
  }

  @Test
  void leavesHttp1AloneWhereNobodyShowsCertificates() throws Exception {
    gateway.tls(A, B).apply();
    try (RawClient client = http1("a.example", TestTls.client(CA))) {
      client.send("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
    }
  }

  private static void ask(WireClient client, int stream, String authority, int status)
      throws Exception {
    client.headers(
        stream, true, ":method", "GET", ":scheme", "https", ":authority", authority, ":path", "/");
    client.expectStatus(stream, status);
  }

  private WireClient http2(String serverName, SSLContext context) throws Exception {
    WireClient client = new WireClient(connect(serverName, context, "h2"));
    client.preface().settings();
    client.frame(Http2.SETTINGS, Http2.ACK, 0).flush();
    return client;
  }

  private RawClient http1(String serverName, SSLContext context) throws Exception {
    return RawClient.over(connect(serverName, context, "http/1.1"));
  }

  private Socket connect(String serverName, SSLContext context, String alpn) throws Exception {
    SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), gateway.port());
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(serverName)));
    parameters.setApplicationProtocols(new String[] {alpn});
    socket.setSSLParameters(parameters);
    socket.setSoTimeout(30_000);
    socket.startHandshake();
    assertThat(socket.getApplicationProtocol()).isEqualTo(alpn);
    return socket;
  }
}
