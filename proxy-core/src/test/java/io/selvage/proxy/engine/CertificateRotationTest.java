// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.model.routing.HostPattern.exact;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.Problem;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.TlsBinding;
import io.selvage.proxy.http.Limits;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

/** Certificates change while the whole data path serves. */
class CertificateRotationTest {
  private static final TestCa CA = TestCa.root("root");
  private static final SSLContext RESUMING = TestTls.client(CA);
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  private final AtomicBoolean run = new AtomicBoolean(true);
  private final List<Object> failures = Collections.synchronizedList(new ArrayList<>());

  @Test
  void losesNoRequestOfEitherProtocolWhileCertificatesChange() throws Exception {
    AtomicInteger overHttp1 = new AtomicInteger();
    AtomicInteger overHttp2 = new AtomicInteger();
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start(Limits.DEFAULT, 2).cluster("c", origin.port()).route("/", "c")) {
      int port =
          gateway.tls(TestGateway.binding("a", CA.serverFor("localhost"), any())).apply().port();
      List<Thread> clients =
          List.of(
              // One handshakes in full each time, the other resumes by ticket.
              load(overHttp1, () -> requestOnANewConnection(TestTls.client(CA), port)),
              load(overHttp1, () -> requestOnANewConnection(RESUMING, port)),
              load(overHttp2, () -> tenRequestsOverHttp2(port)),
              load(overHttp2, () -> tenRequestsOverHttp2(port)));
      // When each swap brings a new certificate and, every other time, another binding
      TestCertificate newest = CA.serverFor("localhost");
      for (int i = 0; i < 60 || overHttp1.get() < 50 || overHttp2.get() < 50; i++) {
        newest = CA.serverFor("localhost");
        TlsBinding all = TestGateway.binding("a", newest, any());
        TlsBinding other = TestGateway.binding("b", newest, exact("b.example"));
        gateway.tls(i % 2 == 0 ? new TlsBinding[] {all} : new TlsBinding[] {all, other}).apply();
        Thread.sleep(5);
        assertThat(failures).isEmpty();
      }
      run.set(false);
      for (Thread client : clients) {
        client.join();
      }
      // Then nobody noticed, and the next handshake shows the newest certificate.
      assertThat(failures).isEmpty();
      assertThat(leaf(port)).isEqualTo(newest.certificate());
    }
  }

  @Test
  void servesOnWithTheLastGoodCertificateAndKeepsSayingWhatIsWrong() throws Exception {
    TestCertificate good = CA.serverFor("localhost");
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c")) {
      int port = gateway.tls(TestGateway.binding("a", good, any())).apply().port();

      gateway.tls(TestGateway.binding("a", good.chainPem(), "no key", any()));
      ApplyReport broken = gateway.dataPlane().apply(gateway.model());
      assertThat(broken.problems()).hasSize(1);
      assertThat(broken.problems().getFirst().message())
          .contains("Secret test/a", "last good certificate");
      requestOnANewConnection(TestTls.client(CA), port);
      assertThat(leaf(port)).isEqualTo(good.certificate());

      // When the same model comes again, or one that differs elsewhere, Then the problem is still
      // told.
      List<Problem> problems = broken.problems();
      assertThat(gateway.dataPlane().apply(gateway.model()).problems()).isEqualTo(problems);
      gateway.route("/other", "c").settings(Settings.defaults());
      assertThat(gateway.dataPlane().apply(gateway.model()).problems()).isEqualTo(problems);

      TestCertificate repaired = CA.serverFor("localhost");
      gateway.tls(TestGateway.binding("a", repaired, any()));
      assertThat(gateway.dataPlane().apply(gateway.model()).problems()).isEmpty();
      assertThat(leaf(port)).isEqualTo(repaired.certificate());
      assertThat(failures).isEmpty();
    }
  }

  private Thread load(AtomicInteger counter, Callable<Integer> requests) {
    return Thread.ofVirtual()
        .start(() -> {
          while (run.get()) {
            try {
              counter.addAndGet(requests.call());
            } catch (Exception | AssertionError e) {
              failures.add(e);
            }
          }
        });
  }

  private int requestOnANewConnection(SSLContext context, int port) throws Exception {
    try (SSLSocket socket = connect(context, port);
        RawClient client = RawClient.over(socket)) {
      client.deadline(Duration.ofSeconds(30)).send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      String response = client.readResponse();
      if (!response.startsWith("HTTP/1.1 200 ") || !response.endsWith("hi")) {
        failures.add(response);
      }
    }
    return 1;
  }

  private int tenRequestsOverHttp2(int port) throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(TestTls.client(CA))
            .version(HttpClient.Version.HTTP_2)
            .build()) {
      var request =
          HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/"))
              .timeout(Duration.ofSeconds(30))
              .build();
      for (int i = 0; i < 10; i++) {
        var response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200
            || !response.body().equals("hi")
            || response.version() != HttpClient.Version.HTTP_2) {
          failures.add(response);
        }
      }
    }
    return 10;
  }

  private static SSLSocket connect(SSLContext context, int port) throws Exception {
    var socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
    socket.setSoTimeout(30_000);
    socket.startHandshake();
    return socket;
  }

  /**
   * What a full handshake is shown; a resumed session would remember the certificate it began with.
   */
  private static X509Certificate leaf(int port) throws Exception {
    try (SSLSocket socket = connect(TestTls.client(CA), port)) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }
}
