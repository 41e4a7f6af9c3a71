// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.TrustSpec;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A context's native memory is given back when the last binding and the last connection let go. */
class ContextLifetimeTest {
  private static final TestCa CA = TestCa.root("root");

  private final ServerContexts contexts = new ServerContexts();

  @Test
  void freesAServerContextWithItsLastConnection() throws Exception {
    TlsBindings first = build(CA.serverFor("a.example"), TlsBindings.none(contexts));
    SslContext context = contextOf(first);
    EmbeddedChannel connection = new EmbeddedChannel(handler(first));

    // When a renewed certificate takes its place
    TlsBindings second = build(CA.serverFor("a.example"), first);
    first.release();
    assertThat(contexts.size()).isEqualTo(1);
    assertThat(ReferenceCountUtil.refCnt(context)).as("held by the connection").isEqualTo(1);
    assertThat(first.lookup("a.example")).isNotNull();

    connection.finishAndReleaseAll();
    assertThat(ReferenceCountUtil.refCnt(context)).as("freed").isZero();
    // Then a late comer that still holds the old bindings is told to look again.
    assertThat(first.lookup("a.example").newHandler(ByteBufAllocator.DEFAULT)).isNull();

    SslContext newer = contextOf(second);
    second.release();
    assertThat(contexts.size()).isZero();
    assertThat(ReferenceCountUtil.refCnt(newer)).isZero();
  }

  @Test
  void freesEveryContextOfAThousandRotations() {
    List<TestCertificate> certificates =
        List.of(CA.serverFor("a.example"), CA.serverFor("a.example"));
    List<SslContext> made = new ArrayList<>();
    TlsBindings current = TlsBindings.none(contexts);
    for (int i = 0; i < 1000; i++) {
      TlsBindings next = build(certificates.get(i % 2), current);
      current.release();
      current = next;
      made.add(contextOf(current));
    }
    assertThat(made.stream().filter(one -> ReferenceCountUtil.refCnt(one) > 0).count())
        .as("alive")
        .isEqualTo(1);
    assertThat(contexts.size()).isEqualTo(1);
    current.release();
    assertThat(contexts.size()).isZero();
  }

  @Test
  void freesAnUpstreamContextThatNoClusterAsksForOnceItsConnectionsAreGone() throws Exception {
    try (UpstreamTlsContexts upstream = UpstreamTlsContexts.create()) {
      UpstreamTls tls = upstreamTls(CA.pem());
      SslHandler handler = open(upstream, tls);
      EmbeddedChannel connection = new EmbeddedChannel(handler);
      EmbeddedChannel other = new EmbeddedChannel(open(upstream, tls));
      upstream.retain(List.of(tls));
      upstream.retain(List.of());
      // A new one is made for whoever asks again; the old one lives as long as its connections.
      EmbeddedChannel again = new EmbeddedChannel(open(upstream, tls));
      connection.finishAndReleaseAll();
      assertThat(ReferenceCountUtil.refCnt(handler.engine())).isZero();
      other.finishAndReleaseAll();
      again.finishAndReleaseAll();
    }
  }

  private static SslHandler open(UpstreamTlsContexts upstream, UpstreamTls tls)
      throws GeneralSecurityException {
    return upstream.newHandler(tls, ByteBufAllocator.DEFAULT, "a.example", "127.0.0.1", 443);
  }

  private static UpstreamTls upstreamTls(String caPem) {
    return new UpstreamTls(
        "",
        Optional.of(new TrustSpec("ca", caPem, "")),
        "",
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  private TlsBindings build(TestCertificate certificate, TlsBindings previous) {
    TlsBinding spec =
        new TlsBinding(
            "a",
            new ObjectRef("Host", "default", "a"),
            List.of(HostPattern.any()),
            new KeyMaterial("Secret default/a", certificate.chainPem(), certificate.keyPem()),
            Optional.empty(),
            List.of("h2", "http/1.1"),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of());
    return TlsBindings.build(
        List.of(spec),
        previous,
        contexts,
        problem -> {
          throw new AssertionError(problem);
        });
  }

  private static SslHandler handler(TlsBindings bindings) {
    return bindings.lookup("a.example").newHandler(ByteBufAllocator.DEFAULT);
  }

  private static SslContext contextOf(TlsBindings bindings) {
    return bindings.lookup("a.example").context();
  }
}
