// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.netty.internal.tcnative.SSL;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handshakes between proxies, byte by byte in one thread. */
class MeshTlsTest {
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";
  private static final String API = "spiffe://cluster.local/ns/shop/sa/api";
  private static final TestCa CA = TestCa.root("mesh root");

  private final List<MeshTls> opened = new ArrayList<>();

  @AfterEach
  void giveBack() {
    opened.forEach(MeshTls::close);
  }

  // ---- The rule

  @Test
  void bothSidesProveWhoTheyAre() throws Exception {
    try (Handshake h = handshake(node(WEB), node(API), API, MeshProtocol.ALPN_HTTP2)) {
      assertThat(h.failure()).isNull();
      assertThat(MeshTls.peerIdentity(h.client)).contains(API);
      assertThat(MeshTls.peerIdentity(h.server)).contains(WEB);
      assertThat(h.client.engine().getSession().getProtocol()).isEqualTo("TLSv1.3");
      assertThat(h.client.applicationProtocol()).isEqualTo(MeshProtocol.ALPN_HTTP2);
      assertThat(h.server.applicationProtocol()).isEqualTo(MeshProtocol.ALPN_HTTP2);
      assertThat(h.echo("hello")).isEqualTo("hello");
    }
  }

  @Test
  void agreesOnTheHybridGroupWhereTheLibraryHasIt() throws Exception {
    try (Handshake h = handshake(node(WEB), node(API), API, MeshProtocol.ALPN_TCP)) {
      long pointer = ((ReferenceCountedOpenSslEngine) h.client.engine()).sslPointer();
      assertThat(SSL.getGroupName(pointer)).isEqualTo(MeshGroups.OFFERED[0]);
      assertThat(MeshGroups.OFFERED).containsExactly("X25519MLKEM768", "X25519", "P-256");
    }
  }

  @Test
  void namesNobodyInThePlaintextOfTheHello() throws Exception {
    try (Handshake h = handshake(node(WEB), node(API), API, MeshProtocol.ALPN_TCP)) {
      ClientHello hello = new ClientHello(16 * 1024);
      ByteBuf bytes = Unpooled.wrappedBuffer(h.firstBytes);
      assertThat(hello.read(bytes)).isEqualTo(ClientHello.State.COMPLETE);
      assertThat(hello.serverName()).isNull();
      assertThat(hello.protocols()).containsExactly(MeshProtocol.ALPN_TCP);
      assertThat(new String(h.firstBytes, StandardCharsets.ISO_8859_1)).doesNotContain("spiffe");
    }
  }

  @Test
  void theServerChoosesByItsOwnOrder() throws Exception {
    String[] offered = {
      MeshProtocol.ALPN_TCP, MeshProtocol.ALPN_HTTP1, "h2", MeshProtocol.ALPN_HTTP2
    };
    try (Handshake h = handshake(node(WEB), node(API), API, offered)) {
      assertThat(h.client.applicationProtocol()).isEqualTo(MeshProtocol.ALPN_HTTP2);
    }
    try (Handshake h = handshake(node(WEB), node(API), API, "h2", "http/1.1")) {
      assertThat(h.client.applicationProtocol()).isNull();
    }
  }

  @Test
  void resumesNothing() throws Exception {
    MeshTls web = node(WEB);
    MeshTls api = node(API);
    for (int round = 0; round < 3; round++) {
      try (Handshake h = handshake(web, api, API, MeshProtocol.ALPN_TCP)) {
        assertThat(h.echo("tickets would have come by now")).isNotEmpty();
        long pointer = ((ReferenceCountedOpenSslEngine) h.client.engine()).sslPointer();
        assertThat(SSL.isSessionReused(pointer)).isFalse();
      }
    }
    // A session that was resumed would not look at the certificate again.
    api.use(Optional.of(material(CA, WEB)), CA.pem());
    try (Handshake h = handshake(web, api, API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.clientFailure).contains("another was expected");
    }
  }

  @Test
  void resumesNothingForAClientThatWouldLikeTo() throws Exception {
    MeshTls api = node(API);
    SSLContext eager = TestTls.client(CA, certificate(CA, WEB));
    for (int round = 0; round < 3; round++) {
      SSLEngine engine = eager.createSSLEngine("api.shop", 443);
      engine.setUseClientMode(true);
      try (Handshake h = new Handshake(new SslHandler(engine), server(api))) {
        assertThat(h.failure()).isNull();
        assertThat(h.echo("tickets would have come by now")).isNotEmpty();
        long pointer = ((ReferenceCountedOpenSslEngine) h.server.engine()).sslPointer();
        assertThat(SSL.isSessionReused(pointer)).isFalse();
      }
    }
  }

  @Test
  void speaksNothingOlderThanTls13() throws Exception {
    MeshTls api = node(API);
    SSLEngine old = TestTls.client(CA, certificate(CA, WEB)).createSSLEngine();
    old.setUseClientMode(true);
    old.setEnabledProtocols(new String[] {"TLSv1.2"});
    try (Handshake h = new Handshake(new SslHandler(old), server(api))) {
      assertThat(h.failure()).isNotNull();
      assertThat(h.serverFailure).isNotNull();
    }
  }

  // ---- Who is refused

  @Test
  void refusesAnotherIdentityThanExpected() throws Exception {
    try (Handshake h = handshake(node(WEB), node(API), WEB, MeshProtocol.ALPN_TCP)) {
      assertThat(h.clientFailure).contains("the endpoint is " + API + ", another was expected");
      assertThat(h.serverFailure).isNotNull();
    }
  }

  @Test
  void refusesAClientOfAnotherTrustDomain() throws Exception {
    MeshTls foreign = node("spiffe://other.example/ns/shop/sa/web");
    try (Handshake h = handshake(foreign, node(API), API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.serverFailure).contains("trust domain other.example");
    }
  }

  @Test
  void refusesAnAuthorityOutsideTheBundle() throws Exception {
    TestCa other = TestCa.root("mesh root");
    MeshTls stranger = node(other, CA.pem(), WEB, InstantSource.system());
    try (Handshake h = handshake(stranger, node(API), API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.serverFailure).contains("does not lead to the bundle");
    }
    MeshTls impostor = node(other, CA.pem(), API, InstantSource.system());
    try (Handshake h = handshake(node(WEB), impostor, API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.clientFailure).contains("does not lead to the bundle");
    }
  }

  @Test
  void believesAChainThroughAnIntermediate() throws Exception {
    TestCa issuer = CA.intermediate("issuer");
    MeshTls api = node(issuer, CA.pem(), API, InstantSource.system());
    try (Handshake h = handshake(node(WEB), api, API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.failure()).isNull();
    }
  }

  @Test
  void takesSixCertificatesInAChainAndNoMore() throws Exception {
    TestCa issuer = CA;
    for (int length = 2; length <= 7; length++) {
      issuer = issuer.intermediate("issuer " + length);
      MeshTls api = node(issuer, CA.pem(), API, InstantSource.system());
      try (Handshake h = handshake(node(WEB), api, API, MeshProtocol.ALPN_TCP)) {
        if (length <= 6) {
          assertThat(h.failure()).as("%s certificates", length).isNull();
        } else {
          assertThat(h.clientFailure).contains("a chain of 7 certificates");
        }
      }
    }
  }

  /** Servers of the JDK's TLS, since ours would not even take such leaves. */
  @ParameterizedTest
  @CsvSource({
    "'',                                            no URI name",
    "spiffe://cluster.local/ns/shop/sa/api https://x.example/, several URI names",
    "spiffe://cluster.local/ns/shop,                no workload's SPIFFE id",
    "https://cluster.local/ns/shop/sa/api,          no workload's SPIFFE id",
    "spiffe://cluster.local/ns/shop/sa/api?x,       no workload's SPIFFE id",
  })
  void refusesALeafThatDoesNotNameOneWorkload(String uris, String reason) throws Exception {
    var leaf = CA.leaf("api").dns("api.shop");
    for (String uri : uris.isEmpty() ? new String[0] : uris.split(" ")) {
      leaf.uri(uri);
    }
    TestCertificate bad = leaf.issue();
    try (Handshake h = new Handshake(client(node(WEB), API), jdkServer(bad))) {
      assertThat(h.clientFailure).contains(reason);
    }
    try (Handshake h = new Handshake(jdkClient(bad), server(node(API)))) {
      assertThat(h.serverFailure).contains(reason);
    }
  }

  @Test
  void refusesAnAuthorityInPlaceOfALeaf() throws Exception {
    TestCertificate own = certificate(CA, API);
    TestCa issuer = CA.intermediate("issuer");
    // An authority has no URI name at all, so the name is what refuses it.
    assertThatThrownBy(() ->
            new MeshTls()
                .use(Optional.of(new KeyMaterial("leaf", issuer.pem(), own.keyPem())), CA.pem()))
        .isInstanceOf(GeneralSecurityException.class);
  }

  @Test
  void refusesAServerWhoseLeafIsForClientsOnly() throws Exception {
    TestCertificate client = CA.leaf("api").uri(API).client().issue();
    try (Handshake h = new Handshake(client(node(WEB), API), jdkServer(client))) {
      assertThat(h.clientFailure).contains("not for a SERVER");
    }
  }

  /** X.509-SVID section 4.4; the control plane has the same rule. */
  @Test
  void refusesALeafThatIsNotForBothSidesOnEitherSide() throws Exception {
    List<TestCertificate> partial =
        List.of(
            CA.leaf("api").uri(API).client().issue(),
            CA.leaf("api").uri(API).server().issue(),
            CA.leaf("api").uri(API).anyPurpose().issue());
    for (TestCertificate leaf : partial) {
      try (Handshake h = new Handshake(client(node(WEB), API), jdkServer(leaf))) {
        assertThat(h.clientFailure).contains("a workload's is for both");
      }
      try (Handshake h = new Handshake(jdkClient(leaf), server(node(API)))) {
        assertThat(h.serverFailure).contains("a workload's is for both");
      }
    }
  }

  @Test
  void refusesAClientWithoutACertificate() throws Exception {
    SslHandler bare =
        node(WEB)
            .newBootstrapHandler(
                UnpooledByteBufAllocator.DEFAULT,
                API,
                List.of(MeshProtocol.ALPN_TCP),
                "127.0.0.1",
                1);
    try (Handshake h = new Handshake(bare, server(node(API)))) {
      assertThat(h.serverFailure).isNotNull();
    }
  }

  // ---- Time

  @ParameterizedTest
  @ValueSource(ints = {19, 21})
  void allowsForClocksThatAreTwentySecondsApart(int seconds) throws Exception {
    // Certificates know whole seconds
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Duration off = Duration.ofSeconds(seconds);
    boolean fine = seconds < 20;
    // Expired for us, still valid by the clock of whoever shows it
    MeshTls late = node(now.minus(Duration.ofHours(1)), now.minus(off), now.minusSeconds(60));
    assertJudged(now, late, fine, "has expired at");
    // Not begun for us
    MeshTls early = node(now.plus(off), now.plus(Duration.ofHours(1)), now.plusSeconds(60));
    assertJudged(now, early, fine, "begins at");
  }

  private void assertJudged(Instant now, MeshTls peer, boolean fine, String reason)
      throws Exception {
    InstantSource fixed = InstantSource.fixed(now);
    MeshTls us = node(CA, CA.pem(), WEB, fixed);
    try (Handshake h = handshake(us, peer, WEB, MeshProtocol.ALPN_TCP)) {
      if (fine) {
        assertThat(h.failure()).isNull();
      } else {
        assertThat(h.clientFailure).contains(reason);
      }
    }
    try (Handshake h = handshake(peer, us, WEB, MeshProtocol.ALPN_TCP)) {
      if (fine) {
        assertThat(h.failure()).isNull();
      } else {
        assertThat(h.serverFailure).contains(reason);
      }
    }
  }

  @Test
  void showsNoCertificateThatHasExpired() throws Exception {
    Instant now = Instant.now();
    MeshTls expired = node(now.minusSeconds(3600), now.minusSeconds(1), now);
    assertThat(expired.hasCertificate()).isFalse();
    assertThat(expired.notAfter().orElseThrow()).isBefore(now);
    assertThatThrownBy(() -> client(expired, API)).hasMessageContaining("has expired");
    assertThatThrownBy(() -> server(expired)).hasMessageContaining("has expired");
  }

  @Test
  void saysWhenAConnectionsCertificatesEnd() throws Exception {
    Instant now = Instant.now();
    MeshTls shortLived = node(now.minusSeconds(60), now.plusSeconds(600), now);
    try (Handshake h = handshake(shortLived, node(API), API, MeshProtocol.ALPN_TCP)) {
      Instant end = shortLived.notAfter().orElseThrow().plus(MeshTls.SKEW);
      assertThat(MeshTls.connectionEnd(h.client)).isEqualTo(end);
      assertThat(MeshTls.connectionEnd(h.server)).isEqualTo(end);
    }
  }

  // ---- Credentials

  @Test
  void withoutALeafOnlyTheFirstCallIsPossible() throws Exception {
    MeshTls bare = opened(new MeshTls());
    assertThatThrownBy(() -> client(bare, API)).hasMessageContaining("no trust bundle");
    bare.use(Optional.empty(), CA.pem());
    assertThat(bare.hasCertificate()).isFalse();
    assertThat(bare.identity()).isEmpty();
    assertThatThrownBy(() -> client(bare, API)).hasMessageContaining("no certificate of ours");
    assertThatThrownBy(() -> server(bare)).hasMessageContaining("no certificate of ours");
    SslHandler bootstrap =
        bare.newBootstrapHandler(
            UnpooledByteBufAllocator.DEFAULT, API, List.of("h2"), "127.0.0.1", 1);
    SSLEngine engine = TestTls.server(certificate(CA, API), CA).createSSLEngine();
    engine.setUseClientMode(false);
    engine.setWantClientAuth(true);
    try (Handshake h = new Handshake(bootstrap, new SslHandler(engine))) {
      assertThat(h.failure()).isNull();
      assertThat(MeshTls.peerIdentity(h.client)).contains(API);
      assertThat(MeshTls.peerIdentity(h.server)).isEmpty();
    }
  }

  @Test
  void keepsWhatItHasWhenNewMaterialIsBad() throws Exception {
    MeshTls web = node(WEB);
    TestCertificate good = certificate(CA, API);
    KeyMaterial mixed = new KeyMaterial("new leaf", good.chainPem(), certificate(CA, API).keyPem());
    KeyMaterial nameless = material("new leaf", CA.leaf("api").dns("api").issue());
    KeyMaterial chainless = new KeyMaterial("new leaf", "no PEM", good.keyPem());
    KeyMaterial keyless = new KeyMaterial("new leaf", good.chainPem(), "no PEM");
    for (KeyMaterial bad : List.of(mixed, nameless, chainless, keyless)) {
      assertThatThrownBy(() -> web.use(Optional.of(bad), CA.pem()))
          .isInstanceOf(GeneralSecurityException.class)
          .hasMessageContaining("new leaf");
    }
    for (String bundle : List.of("", "no PEM", good.chainPem())) {
      assertThatThrownBy(() -> web.use(Optional.of(material("leaf", good)), bundle))
          .isInstanceOf(GeneralSecurityException.class)
          .hasMessageContaining("the trust bundle");
    }
    assertThat(web.identity().orElseThrow().uri()).isEqualTo(WEB);
    try (Handshake h = handshake(web, node(API), API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.failure()).isNull();
    }
  }

  @Test
  void aHandshakeThatHasBegunGoesOnWithWhatItBeganWith() throws Exception {
    MeshTls web = node(WEB);
    MeshTls api = node(API);
    SslHandler client = client(web, API);
    SslHandler server = server(api);
    TestCa next = TestCa.root("next root");
    web.use(Optional.of(material(next, WEB)), next.pem());
    api.use(Optional.of(material(next, API)), next.pem());
    try (Handshake h = new Handshake(client, server)) {
      assertThat(h.failure()).isNull();
    }
    try (Handshake h = handshake(web, api, API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.failure()).isNull();
    }
  }

  /** The order in which a root is replaced: bundle of both, new leaves, bundle of the new one. */
  @Test
  void aRootIsReplacedWithOverlap() throws Exception {
    TestCa next = TestCa.root("next root");
    String both = CA.pem() + next.pem();
    MeshTls web = node(WEB);
    MeshTls api = node(API);
    List<Runnable> steps =
        List.of(
            () -> use(web, CA, WEB, both),
            () -> use(api, CA, API, both),
            () -> use(api, next, API, both),
            () -> use(web, next, WEB, both),
            () -> use(web, next, WEB, next.pem()),
            () -> use(api, next, API, next.pem()));
    for (Runnable step : steps) {
      step.run();
      try (Handshake there = handshake(web, api, API, MeshProtocol.ALPN_TCP);
          Handshake back = handshake(api, web, WEB, MeshProtocol.ALPN_TCP)) {
        assertThat(there.failure()).isNull();
        assertThat(back.failure()).isNull();
      }
    }
    try (Handshake h = handshake(node(WEB), api, API, MeshProtocol.ALPN_TCP)) {
      assertThat(h.failure()).as("the old root is no longer believed").isNotNull();
    }
  }

  // ---- Tools

  private static void use(MeshTls tls, TestCa ca, String identity, String bundle) {
    try {
      tls.use(Optional.of(material(ca, identity)), bundle);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private MeshTls opened(MeshTls tls) {
    opened.add(tls);
    return tls;
  }

  private MeshTls node(String identity) throws GeneralSecurityException {
    return node(CA, CA.pem(), identity, InstantSource.system());
  }

  private MeshTls node(TestCa ca, String bundle, String identity, InstantSource clock)
      throws GeneralSecurityException {
    MeshTls tls = opened(new MeshTls(clock));
    tls.use(Optional.of(material(ca, identity)), bundle);
    return tls;
  }

  /** The workload web with a leaf of these times, whose own clock shows {@code now}. */
  private MeshTls node(Instant from, Instant until, Instant now) throws GeneralSecurityException {
    MeshTls tls = opened(new MeshTls(InstantSource.fixed(now)));
    TestCertificate leaf = CA.leaf("web").uri(WEB).valid(from, until).issue();
    tls.use(Optional.of(material("leaf", leaf)), CA.pem());
    return tls;
  }

  private static TestCertificate certificate(TestCa ca, String identity) {
    return ca.leaf("workload").uri(identity).issue();
  }

  private static KeyMaterial material(TestCa ca, String identity) {
    return material("leaf", certificate(ca, identity));
  }

  private static KeyMaterial material(String name, TestCertificate certificate) {
    return new KeyMaterial(name, certificate.chainPem(), certificate.keyPem());
  }

  private static SslHandler client(MeshTls tls, String expected, String... alpn)
      throws GeneralSecurityException {
    List<String> offered = alpn.length == 0 ? List.of(MeshProtocol.ALPN_TCP) : List.of(alpn);
    return tls.newClientHandler(
        UnpooledByteBufAllocator.DEFAULT, expected, offered, "127.0.0.1", 1);
  }

  private static SslHandler server(MeshTls tls) throws GeneralSecurityException {
    return tls.newServerHandler(UnpooledByteBufAllocator.DEFAULT);
  }

  private static SslHandler jdkServer(TestCertificate certificate) {
    SSLEngine engine = TestTls.server(certificate, CA).createSSLEngine();
    engine.setUseClientMode(false);
    return new SslHandler(engine);
  }

  private static SslHandler jdkClient(TestCertificate certificate) {
    SSLEngine engine = TestTls.client(CA, certificate).createSSLEngine("", 1);
    engine.setUseClientMode(true);
    return new SslHandler(engine);
  }

  private static Handshake handshake(MeshTls from, MeshTls to, String expected, String... alpn)
      throws GeneralSecurityException {
    return new Handshake(client(from, expected, alpn), server(to));
  }

  /** Two ends and what goes between them. */
  private static final class Handshake implements AutoCloseable {
    private static final int MAX_ROUNDS = 50;

    final SslHandler client;
    final SslHandler server;
    final byte[] firstBytes;
    final @Nullable String clientFailure;
    final @Nullable String serverFailure;
    private final EmbeddedChannel clientEnd;
    private final EmbeddedChannel serverEnd;

    Handshake(SslHandler client, SslHandler server) {
      this.client = client;
      this.server = server;
      serverEnd = new EmbeddedChannel(server);
      clientEnd = new EmbeddedChannel(client);
      ByteBuf hello =
          clientEnd.outboundMessages().isEmpty()
              ? null
              : (ByteBuf) clientEnd.outboundMessages().peek();
      byte[] seen = new byte[hello == null ? 0 : hello.readableBytes()];
      if (hello != null) {
        hello.getBytes(hello.readerIndex(), seen);
      }
      firstBytes = seen;
      pump();
      clientFailure = failure(client);
      serverFailure = failure(server);
    }

    private void pump() {
      for (int round = 0; round < MAX_ROUNDS; round++) {
        boolean moved = move(clientEnd, serverEnd) | move(serverEnd, clientEnd);
        clientEnd.runPendingTasks();
        serverEnd.runPendingTasks();
        if (!moved) {
          return;
        }
      }
    }

    private static boolean move(EmbeddedChannel from, EmbeddedChannel to) {
      boolean moved = false;
      for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
        moved = true;
        try {
          to.writeInbound(bytes);
        } catch (Exception refused) {
          // Told by the handshake's future as well.
          assertThat(refused).isNotNull();
        }
      }
      return moved;
    }

    private static @Nullable String failure(SslHandler handler) {
      if (!handler.handshakeFuture().isDone()) {
        return "not done";
      }
      Throwable cause = handler.handshakeFuture().cause();
      var text = new StringBuilder();
      for (Throwable one = cause; one != null; one = one.getCause()) {
        text.append(one).append('\n');
      }
      return cause == null ? null : text.toString();
    }

    /** Null if both ends are content; TLS 1.3 clients end first. */
    @Nullable String failure() {
      return clientFailure != null ? clientFailure : serverFailure;
    }

    String echo(String text) {
      clientEnd.writeOutbound(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
      pump();
      ByteBuf arrived = serverEnd.readInbound();
      serverEnd.writeOutbound(arrived);
      pump();
      ByteBuf back = clientEnd.readInbound();
      try {
        return back.toString(StandardCharsets.UTF_8);
      } finally {
        back.release();
      }
    }

    @Override
    public void close() {
      finish(clientEnd);
      finish(serverEnd);
    }

    private static void finish(EmbeddedChannel channel) {
      try {
        channel.finishAndReleaseAll();
      } catch (Exception broken) {
        assertThat(broken).isNotNull(); // of a handshake that was to fail
      }
    }
  }
}
