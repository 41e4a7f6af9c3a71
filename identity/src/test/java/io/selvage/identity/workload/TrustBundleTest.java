// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.CertificateAuthorities.Created;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TrustBundleTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final String WEB_URI = WEB.uri();

  private final Instant now = Instant.now();
  private final Created one = authority();
  private final Created two = authority();
  private final TestCa testRoot = TestCa.root("test root");
  private final TrustBundle testBundle = TrustBundle.of(List.of(testRoot.certificate()));

  @Test
  void theFingerprintKnowsNoOrder() {
    TrustBundle there = one.bundle().plus(two.bundle());
    TrustBundle back = two.bundle().plus(one.bundle());
    assertThat(there.fingerprint()).isEqualTo(back.fingerprint()).matches("[0-9a-f]{64}");
    assertThat(there).isEqualTo(back).hasSameHashCodeAs(back);
    assertThat(there.fingerprint()).isNotEqualTo(one.bundle().fingerprint());
    assertThat(one.bundle().plus(one.bundle())).isEqualTo(one.bundle());
  }

  @Test
  void oneAnchorsFingerprintIsThatOfItsDer() throws Exception {
    byte[] hash =
        java.security.MessageDigest.getInstance("SHA-256").digest(one.root().getEncoded());
    assertThat(one.bundle().fingerprint()).isEqualTo(java.util.HexFormat.of().formatHex(hash));
  }

  @Test
  void readsWhatItWrites() {
    TrustBundle both = one.bundle().plus(two.bundle());
    assertThat(TrustBundle.parse("a comment\n" + both.pem().replace("\n", "\r\n")))
        .isEqualTo(new TrustBundle.Parsed.Accepted(both));
  }

  @Test
  void anchorsComeAndGo() {
    TrustBundle both = one.bundle().plus(two.bundle());
    assertThat(both.minus(one.bundle())).isEqualTo(two.bundle());
    assertThat(both.containsAll(one.bundle())).isTrue();
    assertThat(one.bundle().containsAll(both)).isFalse();
    assertThatThrownBy(() -> one.bundle().minus(both)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aBundleHoldsAuthoritiesAndNothingElse() {
    TestCertificate leaf = testRoot.serverFor("a.example");
    assertThat(reason(TrustBundle.parse(testRoot.pem() + leaf.chainPem())))
        .isEqualTo("NotAnAuthority");
    assertThat(reason(TrustBundle.parse(""))).isEqualTo("BundleEmpty");
    assertThat(reason(TrustBundle.parse("-----BEGIN CERTIFICATE-----\n@@")))
        .isEqualTo("BundleInvalid");
    assertThat(
            reason(
                TrustBundle.parse("-----BEGIN CERTIFICATE-----\n@@\n-----END CERTIFICATE-----\n")))
        .isEqualTo("BundleInvalid");
    assertThat(
            reason(
                TrustBundle.parse(
                    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")))
        .isEqualTo("BundleInvalid");
    assertThat(reason(TrustBundle.parse("x".repeat(PemText.MAX_CHARS + 1))))
        .isEqualTo("BundleInvalid");
  }

  @Test
  void aHundredAnchorsAndNotOneMore() {
    var anchors =
        Stream.generate(() -> TestCa.root("many").certificate())
            .limit(TrustBundle.MAX_ANCHORS + 1)
            .toList();
    assertThat(TrustBundle.of(anchors.subList(0, TrustBundle.MAX_ANCHORS)).anchors())
        .hasSize(TrustBundle.MAX_ANCHORS);
    assertThat(reason(TrustBundle.parse(PemText.write(anchors)))).isEqualTo("BundleTooLarge");
  }

  @Test
  void bothRootsAreBelievedDuringARotation() {
    TrustBundle both = one.bundle().plus(two.bundle());
    for (Created authority : List.of(one, two)) {
      assertThat(both.verify(leaf(authority).chain(), now, TrustBundle.SKEW))
          .isInstanceOfSatisfying(
              PeerVerdict.Verified.class,
              v -> {
                assertThat(v.identity()).isEqualTo(WEB);
                assertThat(v.anchor()).isEqualTo(authority.root());
              });
    }
  }

  @Test
  void aStrangersLeafIsRefused() {
    assertThat(refused(one.bundle(), leaf(two).chain())).isEqualTo("UnknownAuthority");
  }

  @Test
  void anotherRootOfTheSameNameIsRefused() {
    TestCa impostor = TestCa.root("test root");
    assertThat(refused(testBundle, impostor.leaf("x").uri(WEB_URI).issue().chain()))
        .isIn("SignatureInvalid", "UnknownAuthority");
  }

  @Test
  void theAnchorMayBeSentAlongOrNot() {
    var chain = new java.util.ArrayList<>(leaf(one).chain());
    chain.add(one.root());
    assertThat(one.bundle().verify(chain, now, TrustBundle.SKEW))
        .isInstanceOf(PeerVerdict.Verified.class);
  }

  @Test
  void aMissingIntermediateIsRefused() {
    assertThat(refused(one.bundle(), leaf(one).chain().subList(0, 1)))
        .isEqualTo("UnknownAuthority");
  }

  @Test
  void exactlyOneSpiffeId() {
    assertThat(verdict(testRoot.leaf("x").uri(WEB_URI).issue()))
        .isInstanceOf(PeerVerdict.Verified.class);
    assertThat(refusedOf(testRoot.leaf("x").issue())).isEqualTo("NoIdentity");
    assertThat(refusedOf(testRoot.leaf(WEB_URI).issue())).isEqualTo("NoIdentity");
    assertThat(refusedOf(testRoot.leaf("x").dns("web.shop").issue())).isEqualTo("NoIdentity");
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI).uri(WEB_URI + "2").issue()))
        .isEqualTo("NoIdentity");
    assertThat(refusedOf(testRoot.leaf("x").uri("https://cluster.local/ns/shop/sa/web").issue()))
        .isEqualTo("NoIdentity");
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI + "/more").issue()))
        .isEqualTo("NoIdentity");
  }

  @Test
  void anAuthorityIsNoWorkload() {
    assertThat(refused(testBundle, List.of(testRoot.intermediate("i").certificate())))
        .isEqualTo("LeafIsAuthority");
    assertThat(refused(testBundle, List.of(testRoot.certificate()))).isEqualTo("LeafIsAuthority");
  }

  @Test
  void aLeafForOneSideOnlyIsRefused() {
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI).server().issue())).isEqualTo("KeyPurpose");
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI).anyPurpose().issue()))
        .isEqualTo("KeyPurpose");
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI).client().issue())).isEqualTo("KeyPurpose");
  }

  @Test
  void expiredAndFutureLeavesAreRefused() {
    assertThat(refusedOf(testRoot.leaf("x").uri(WEB_URI).expired().issue())).isEqualTo("Expired");
    TestCertificate soon =
        testRoot.leaf("x").uri(WEB_URI).valid(now.plusSeconds(15), now.plusSeconds(99)).issue();
    assertThat(verdict(soon)).isInstanceOf(PeerVerdict.Verified.class);
    assertThat(testBundle.verify(soon.chain(), now, Duration.ofSeconds(5)))
        .isInstanceOfSatisfying(
            PeerVerdict.Refused.class, r -> assertThat(r.reason()).isEqualTo("NotYetValid"));
  }

  @Test
  void aLeafSignedByALeafIsRefused() {
    TestCertificate leaf = testRoot.leaf("x").uri(WEB_URI).issue();
    X509Certificate forged =
        Forgery.signedBy(leaf.certificate(), leaf.key(), WEB, WorkloadKeys.create().getPublic());
    assertThat(refused(testBundle, List.of(forged, leaf.certificate()))).isEqualTo("ChainInvalid");
  }

  @Test
  void anExpiredAnchorVouchesForNobody() {
    Created old =
        CertificateAuthorities.create(
            "cluster.local", now.minus(Duration.ofDays(2)), Duration.ofDays(1));
    Instant then = now.minus(Duration.ofDays(2));
    IssuedLeaf leaf =
        ((Issuer.Parsed.Accepted)
                Issuer.parse(old.issuerPem(), old.issuerKeyPem(), old.bundle(), then))
            .issuer()
            .issue(WEB, WorkloadKeys.create().getPublic(), then, Duration.ofHours(1), Issuer.SKEW);
    assertThat(old.bundle().verify(leaf.chain(), then, TrustBundle.SKEW))
        .isInstanceOf(PeerVerdict.Verified.class);
    assertThat(refused(old.bundle(), leaf.chain())).isEqualTo("Expired");
    assertThat(old.bundle().plus(one.bundle()).anchorOfAuthority(List.of(old.issuer()), now))
        .isNull();
    assertThat(old.bundle().plus(one.bundle()).nearestEnd(now))
        .isEqualTo(one.root().getNotAfter().toInstant());
    assertThat(old.bundle().nearestEnd(now)).isEqualTo(old.root().getNotAfter().toInstant());
  }

  @Test
  void chainsAreBounded() {
    assertThat(refused(one.bundle(), List.of())).isEqualTo("NoCertificate");
    var chain = new java.util.ArrayList<>(leaf(one).chain());
    while (chain.size() <= TrustBundle.MAX_CHAIN) {
      chain.add(one.issuer());
    }
    assertThat(refused(one.bundle(), chain)).isEqualTo("ChainTooLong");
    chain.removeLast();
    assertThat(refused(one.bundle(), chain)).isNotEqualTo("ChainTooLong");
  }

  @Test
  void theHolderChecksWhatItWasIssued() {
    KeyPair keys = WorkloadKeys.create();
    IssuedLeaf leaf =
        issuer(one).issue(WEB, keys.getPublic(), now, Duration.ofHours(1), Issuer.SKEW);
    Certify.Response good = response(WEB_URI, leaf);
    var certificate = WorkloadCertificate.of(good, keys.getPrivate(), one.bundle(), now);
    assertThat(certificate.identity()).isEqualTo(WEB);
    assertThat(certificate.notAfter()).isEqualTo(leaf.notAfter());
    assertThat(certificate.toString()).doesNotContain("PRIVATE");
    assertThat(WorkloadKeys.parse(certificate.keyMaterial().keyPem())).isEqualTo(keys.getPrivate());
    assertThatThrownBy(() ->
            WorkloadCertificate.of(good, WorkloadKeys.create().getPrivate(), one.bundle(), now))
        .hasMessageContaining("another key");
    assertThatThrownBy(() -> WorkloadCertificate.of(good, keys.getPrivate(), two.bundle(), now))
        .hasMessageContaining("UnknownAuthority");
    assertThatThrownBy(() ->
            WorkloadCertificate.of(
                response(WEB_URI + "2", leaf), keys.getPrivate(), one.bundle(), now))
        .hasMessageContaining("another");
    assertThatThrownBy(() ->
            WorkloadCertificate.of(
                new Certify.Response(WEB_URI, List.of(), 0, "", ""),
                keys.getPrivate(),
                one.bundle(),
                now))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Certify.Response response(String identity, IssuedLeaf leaf) {
    return new Certify.Response(
        identity,
        leaf.chain().stream().map(PemText::write).toList(),
        leaf.notAfter().toEpochMilli(),
        one.bundle().pem(),
        one.bundle().fingerprint());
  }

  private Created authority() {
    return CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365));
  }

  private Issuer issuer(Created from) {
    return ((Issuer.Parsed.Accepted)
            Issuer.parse(from.issuerPem(), from.issuerKeyPem(), from.bundle(), now))
        .issuer();
  }

  private IssuedLeaf leaf(Created from) {
    return issuer(from)
        .issue(WEB, WorkloadKeys.create().getPublic(), now, Duration.ofHours(1), Issuer.SKEW);
  }

  private PeerVerdict verdict(TestCertificate leaf) {
    return testBundle.verify(leaf.chain(), now, TrustBundle.SKEW);
  }

  private String refusedOf(TestCertificate leaf) {
    return refused(testBundle, leaf.chain());
  }

  private String refused(TrustBundle bundle, List<X509Certificate> chain) {
    PeerVerdict verdict = bundle.verify(chain, now, TrustBundle.SKEW);
    assertThat(verdict).isInstanceOf(PeerVerdict.Refused.class);
    return ((PeerVerdict.Refused) verdict).reason();
  }

  private static String reason(TrustBundle.Parsed parsed) {
    assertThat(parsed).isInstanceOf(TrustBundle.Parsed.Rejected.class);
    return ((TrustBundle.Parsed.Rejected) parsed).reason();
  }
}
