// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.model.routing.HostPattern.any;
import static io.selvage.model.routing.HostPattern.exact;
import static io.selvage.model.routing.HostPattern.oneLabel;
import static io.selvage.model.routing.HostPattern.suffix;
import static io.selvage.proxy.listener.ListenerFixture.binding;
import static io.selvage.proxy.listener.ListenerFixture.listener;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.model.Problem;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.listener.ListenerObserver.Refusal;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ListenerTlsTest {
  private static final TestCa CA = TestCa.root("root");
  private static final TestCertificate A = CA.serverFor("a.example");
  private static final TestCertificate WILD = CA.serverFor("*.w.example");
  private static final TestCertificate DEFAULT = CA.serverFor("default.example");

  private ListenerFixture fixture;

  @BeforeEach
  void start() {
    fixture = new ListenerFixture();
  }

  @AfterEach
  void stop() throws Exception {
    fixture.close();
  }

  @Test
  void picksTheCertificateByServerName() throws Exception {
    int port =
        fixture.serve(
            listener()
                .tls(
                    TlsMode.REQUIRED,
                    binding("a", A, exact("a.example")),
                    binding("wild", WILD, oneLabel(".w.example")),
                    binding("deep", CA.serverFor("deep.example"), suffix(".d.w.example")),
                    binding("default", DEFAULT, any()))
                .build());

    assertThat(served(port, "a.example")).isEqualTo("a.example");
    assertThat(served(port, "A.Example")).isEqualTo("a.example");
    assertThat(served(port, "x.w.example")).isEqualTo("*.w.example");
    assertThat(served(port, "x.y.w.example")).isEqualTo("default.example");
    assertThat(served(port, "x.y.d.w.example")).isEqualTo("deep.example");
    assertThat(served(port, "w.example")).isEqualTo("default.example");
    assertThat(served(port, "other.example")).isEqualTo("default.example");
    assertThat(served(port, null)).isEqualTo("default.example");
  }

  @Test
  void refusesAnUnknownNameWithoutADefault() throws Exception {
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());

    assertThatThrownBy(() -> TlsClient.connect(port, CA, "b.example"))
        .hasMessageContaining("unrecognized_name");
    assertThatThrownBy(() -> TlsClient.connect(port, CA, (String) null))
        .hasMessageContaining("unrecognized_name");
    assertThat(served(port, "a.example")).isEqualTo("a.example");
    assertThat(fixture.observer.refusals)
        .containsExactly(Refusal.NO_CERTIFICATE, Refusal.NO_CERTIFICATE);
  }

  @Test
  void tellsTheCodecAboutTheConnection() throws Exception {
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());
    try (TlsClient client = TlsClient.connect(port, CA, "A.example")) {
      assertThat(client.echo("hello")).isEqualTo("hello");
      ConnectionInfo info = fixture.http1.next();
      assertThat(info.secure()).isTrue();
      assertThat(info.serverName()).isEqualTo("a.example");
      assertThat(info.tlsVersion()).isEqualTo("TLSv1.3");
      assertThat(info.tlsBinding()).isEqualTo("a");
      assertThat(info.clientCertificate()).isNull();
      assertThat(info.local().getPort()).isEqualTo(port);
      assertThat(info.listener()).isEqualTo("default/test");
    }
  }

  @Test
  void choosesTheCodecByAlpn() throws Exception {
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());
    for (List<String> offered :
        List.of(List.of("h2", "http/1.1"), List.of("http/1.1"), List.<String>of())) {
      try (TlsClient client =
          TlsClient.connect(port, TestTls.client(CA), "a.example", offered, "TLSv1.3")) {
        client.echo("x");
        boolean h2 = offered.contains("h2");
        assertThat(client.alpn()).isEqualTo(offered.isEmpty() ? "" : h2 ? "h2" : "http/1.1");
        ConnectionInfo info = h2 ? fixture.http2.next() : fixture.http1.next();
        assertThat(info.version()).isEqualTo(h2 ? HttpVersion.HTTP_2 : HttpVersion.HTTP_1_1);
      }
    }
  }

  @Test
  void refusesVersionsOutsideTheBinding() throws Exception {
    TlsBinding only13 = versions(binding("a", A, exact("a.example")), "TLSv1.3", "TLSv1.3");
    TlsBinding only12 =
        versions(binding("b", CA.serverFor("b.example"), exact("b.example")), "TLSv1.2", "TLSv1.2");
    int port = fixture.serve(listener().tls(TlsMode.REQUIRED, only13, only12).build());

    assertThat(version(port, "a.example", "TLSv1.3")).isEqualTo("TLSv1.3");
    assertThatThrownBy(() -> version(port, "a.example", "TLSv1.2"))
        .hasMessageContaining("protocol_version");
    assertThat(version(port, "b.example", "TLSv1.3", "TLSv1.2")).isEqualTo("TLSv1.2");
    assertThatThrownBy(() -> version(port, "b.example", "TLSv1.3"))
        .hasMessageContaining("protocol_version");
  }

  @Test
  void refusesTls11() throws Exception {
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());
    // The JDK no longer speaks TLS 1.1, so its ClientHello is written by hand.
    byte[] hello = ClientHellos.build(0x0302, "a.example");
    try (Socket socket = ListenerFixture.connect(port)) {
      socket.getOutputStream().write(hello);
      byte[] alert = socket.getInputStream().readNBytes(7);
      assertThat(alert[0]).isEqualTo((byte) 0x15);
      assertThat(alert[6]).as("protocol_version").isEqualTo((byte) 70);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    await().until(() -> fixture.observer.refusals.contains(Refusal.HANDSHAKE));
  }

  @Test
  void readsAClientHelloInSingleBytes() throws Exception {
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());
    byte[] hello = ClientHellos.build(0x0303, "a.example");
    try (Socket socket = ListenerFixture.connect(port)) {
      socket.setTcpNoDelay(true);
      for (byte one : hello) {
        socket.getOutputStream().write(one);
        socket.getOutputStream().flush();
      }
      // A ServerHello, not an alert: the hello was put together again.
      assertThat(socket.getInputStream().read()).isEqualTo(0x16);
    }
  }

  @Test
  void detectsTlsAndPlaintextOnOnePort() throws Exception {
    int port =
        fixture.serve(listener().tls(TlsMode.DETECT, binding("a", A, exact("a.example"))).build());
    assertThat(served(port, "a.example")).isEqualTo("a.example");
    try (Socket socket = ListenerFixture.connect(port)) {
      socket.getOutputStream().write("GET /".getBytes(StandardCharsets.US_ASCII));
      assertThat(socket.getInputStream().readNBytes(5)).asString().isEqualTo("GET /");
    }
    fixture.http1.next();
    assertThat(fixture.http1.next().secure()).isFalse();
  }

  @Test
  void closesPlaintextWhereTlsIsRequired() throws Exception {
    int port = fixture.serve(listener().tls(TlsMode.REQUIRED, binding("a", A, any())).build());
    try (Socket socket = ListenerFixture.connect(port)) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertEnds(socket);
    }
    assertThat(fixture.observer.refusals).containsExactly(Refusal.NOT_TLS);
  }

  @Test
  void demandsAClientCertificateOfTheRightAuthority() throws Exception {
    TestCa other = TestCa.root("other");
    int port = fixture.serve(mutual(true, CA.pem(), "").build());

    TestCertificate good = CA.leaf("client").client().issue();
    try (TlsClient client = TlsClient.connect(port, CA, good, "a.example")) {
      assertThat(client.echo("hi")).isEqualTo("hi");
      assertThat(fixture.http1.next().clientCertificate()).isEqualTo(good.certificate());
    }
    assertRefused(port, other.leaf("client").client().issue());
    assertRefused(port, CA.leaf("client").client().expired().issue());
    assertThatThrownBy(
            () -> {
              try (TlsClient client = TlsClient.connect(port, CA, "a.example")) {
                client.echo("hi");
              }
            })
        .isInstanceOf(IOException.class);
    assertThat(fixture.http1.connections).isEmpty();
  }

  @Test
  void checksAnOptionalClientCertificateOnlyWhenItIsSent() throws Exception {
    int port = fixture.serve(mutual(false, CA.pem(), "").build());
    try (TlsClient client = TlsClient.connect(port, CA, "a.example")) {
      assertThat(client.echo("hi")).isEqualTo("hi");
      assertThat(fixture.http1.next().clientCertificate()).isNull();
    }
    TestCertificate good = CA.leaf("client").client().issue();
    try (TlsClient client = TlsClient.connect(port, CA, good, "a.example")) {
      client.echo("hi");
      assertThat(fixture.http1.next().clientCertificate()).isEqualTo(good.certificate());
    }
  }

  @Test
  void refusesARevokedClientCertificate() throws Exception {
    TestCertificate good = CA.leaf("good").client().issue();
    TestCertificate revoked = CA.leaf("revoked").client().issue();
    int port = fixture.serve(mutual(true, CA.pem(), CA.crlPem(revoked.certificate())).build());

    try (TlsClient client = TlsClient.connect(port, CA, good, "a.example")) {
      assertThat(client.echo("hi")).isEqualTo("hi");
    }
    assertRefused(port, revoked);
  }

  @Test
  void wantsARevocationListOfEveryAuthorityOfTheChain() throws Exception {
    TestCa intermediate = CA.intermediate("intermediate");
    TestCertificate client = intermediate.leaf("client").client().issue();

    // Given a list of the root alone, When the chain goes over the intermediate, Then it is
    // refused.
    int incomplete = fixture.serve(mutual(true, CA.pem(), CA.crlPem()).build());
    assertRefused(incomplete, client);

    // Given both lists, Then the client is let in.
    int complete =
        fixture.serve(mutual(true, CA.pem(), CA.crlPem() + intermediate.crlPem()).build());
    try (TlsClient accepted = TlsClient.connect(complete, CA, client, "a.example")) {
      assertThat(accepted.echo("hi")).isEqualTo("hi");
    }
  }

  @Test
  void refusesWhenTheRevocationListIsOutOfDate() throws Exception {
    int port =
        fixture.serve(mutual(true, CA.pem(), CA.crlPem(java.time.Duration.ofHours(-1))).build());
    assertRefused(port, CA.leaf("client").client().issue());
  }

  @Test
  void doesNotResumeASessionAcrossClientCertificateRules() throws Exception {
    // Given one client with its session cache, and a binding that asks for nothing
    var context = TestTls.client(CA);
    int port =
        fixture.serve(
            listener().tls(TlsMode.REQUIRED, binding("a", A, exact("a.example"))).build());
    try (TlsClient first = TlsClient.connect(port, context, "a.example", List.of(), "TLSv1.3")) {
      assertThat(first.echo("hi")).isEqualTo("hi");
    }
    // When the same binding begins to demand a certificate
    fixture.serve(mutual(true, CA.pem(), "").build());
    // Then the ticket is no way around it
    assertThatThrownBy(
            () -> {
              try (TlsClient again =
                  TlsClient.connect(port, context, "a.example", List.of(), "TLSv1.3")) {
                again.echo("hi");
              }
            })
        .isInstanceOf(IOException.class);
  }

  @Test
  void servesARenewedCertificateToTheNextHandshakeAndKeepsOldConnections() throws Exception {
    int port = fixture.serve(listener().tls(TlsMode.REQUIRED, binding("a", A, any())).build());
    try (TlsClient before = TlsClient.connect(port, CA, "a.example")) {
      before.echo("1");
      fixture.serve(
          listener()
              .tls(TlsMode.REQUIRED, binding("a", CA.serverFor("new.example"), any()))
              .build());

      assertThat(served(port, "a.example")).isEqualTo("new.example");
      assertThat(before.echo("still here")).isEqualTo("still here");
    }
    assertThat(fixture.contexts.size()).as("the old context is let go").isEqualTo(1);
  }

  @Test
  void keepsTheContextOfAnUnchangedBinding() {
    TlsBinding same = binding("a", A, exact("a.example"));
    fixture.serve(listener().tls(TlsMode.REQUIRED, same).build());
    var before = fixture.listeners.find("default/test").bindings().lookup("a.example");

    TlsBinding equal = binding("a", A, exact("a.example"));
    TlsBinding added = binding("b", DEFAULT, any());
    fixture.serve(listener().tls(TlsMode.REQUIRED, equal, added).build());

    var after = fixture.listeners.find("default/test").bindings().lookup("a.example");
    assertThat(after.sharesContextWith(before)).isTrue();
    assertThat(fixture.contexts.size()).isEqualTo(2);
  }

  @Test
  void keepsTheLastGoodCertificateWhenANewOneIsBroken() throws Exception {
    int port = fixture.serve(listener().tls(TlsMode.REQUIRED, binding("a", A, any())).build());

    TlsBinding good = binding("a", A, any());
    TlsBinding broken =
        new TlsBinding(
            "a",
            good.origin(),
            good.serverNames(),
            new KeyMaterial("Secret default/a", A.chainPem(), "not a key"),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of());
    TlsBinding fresh = binding("b", CA.serverFor("b.example"), exact("b.example"));
    List<Problem> problems = fixture.apply(listener().tls(TlsMode.REQUIRED, broken, fresh).build());

    assertThat(problems).hasSize(1);
    assertThat(problems.getFirst().object()).contains(good.origin());
    assertThat(problems.getFirst().message())
        .contains("Secret default/a")
        .contains("last good certificate")
        .doesNotContain("not a key");
    assertThat(served(port, "a.example")).isEqualTo("a.example");
    assertThat(served(port, "b.example")).isEqualTo("b.example");
  }

  @Test
  void losesNoHandshakeWhileCertificatesChange() throws Exception {
    TestCertificate[] versions = {A, CA.serverFor("a.example"), CA.serverFor("a.example")};
    int port = fixture.serve(listener().tls(TlsMode.REQUIRED, binding("a", A, any())).build());
    AtomicBoolean run = new AtomicBoolean(true);
    AtomicInteger done = new AtomicInteger();
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                while (run.get()) {
                  try (TlsClient client = TlsClient.connect(port, CA, "a.example")) {
                    client.echo("x");
                    done.incrementAndGet();
                  } catch (IOException | RuntimeException e) {
                    failures.add(e);
                  }
                }
              }));
    }
    for (int i = 1; i <= 100; i++) {
      fixture.serve(
          listener()
              .tls(TlsMode.REQUIRED, binding("a", versions[i % versions.length], any()))
              .build());
    }
    await().until(() -> done.get() > 100);
    run.set(false);
    for (Thread client : clients) {
      client.join();
    }
    assertThat(failures).isEmpty();
    assertThat(fixture.contexts.size()).isEqualTo(1);
  }

  @Test
  void acceptsOpenSslAndIanaCipherNamesAndReportsUnknownOnes() throws Exception {
    TlsBinding good = binding("a", A, exact("a.example"));
    TlsBinding openssl = ciphers(good, "ECDHE-ECDSA-AES256-GCM-SHA384");
    TlsBinding iana = ciphers(good, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    TlsBinding group =
        ciphers(good, "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]");
    for (TlsBinding one : List.of(openssl, iana, group)) {
      int port = fixture.serve(listener().tls(TlsMode.REQUIRED, one).build());
      assertThat(version(port, "a.example", "TLSv1.2")).isEqualTo("TLSv1.2");
      assertThat(version(port, "a.example", "TLSv1.3")).isEqualTo("TLSv1.3");
    }
    List<Problem> problems =
        fixture.apply(listener().tls(TlsMode.REQUIRED, ciphers(good, "NO-SUCH-SUITE")).build());
    assertThat(problems).hasSize(1);
    assertThat(problems.getFirst().message()).contains("NO-SUCH-SUITE");
  }

  private ListenerFixture.Spec mutual(boolean required, String caPem, String crlPem) {
    TrustSpec trust = new TrustSpec("Secret default/ca", caPem, crlPem);
    return listener()
        .tls(
            TlsMode.REQUIRED,
            binding(
                "a",
                A,
                Optional.of(new TlsBinding.ClientAuth(trust, required)),
                exact("a.example")));
  }

  private static TlsBinding versions(TlsBinding b, String min, String max) {
    return new TlsBinding(
        b.name(),
        b.origin(),
        b.serverNames(),
        b.certificate(),
        b.clientAuth(),
        b.alpn(),
        Optional.of(min),
        Optional.of(max),
        b.cipherSuites(),
        b.curves());
  }

  private static TlsBinding ciphers(TlsBinding b, String... suites) {
    return new TlsBinding(
        b.name(),
        b.origin(),
        b.serverNames(),
        b.certificate(),
        b.clientAuth(),
        b.alpn(),
        b.minVersion(),
        b.maxVersion(),
        List.of(suites),
        b.curves());
  }

  private static String served(int port, String serverName) throws Exception {
    try (TlsClient client = TlsClient.connect(port, CA, serverName)) {
      assertThat(client.echo("ping")).isEqualTo("ping");
      return client.serverCertificateName();
    }
  }

  private static String version(int port, String serverName, String... versions)
      throws IOException {
    try (TlsClient client =
        TlsClient.connect(port, TestTls.client(CA), serverName, List.of(), versions)) {
      return client.version();
    }
  }

  /** In TLS 1.3 the client has finished before the server judges it: the first read tells. */
  private static void assertRefused(int port, TestCertificate own) {
    assertThatThrownBy(
            () -> {
              try (TlsClient client = TlsClient.connect(port, CA, own, "a.example")) {
                client.echo("hi");
              }
            })
        .isInstanceOf(IOException.class);
  }

  static void assertEnds(Socket socket) throws IOException {
    try {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (java.net.SocketException reset) {
      // Closed with bytes unread: as good as an end.
      assertThat(reset).hasMessageContaining("reset");
    }
  }
}
