// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.identity.issue.Issuer.Parsed;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class IssuerTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.5Z");
  private static final Duration DAY = Duration.ofDays(1);
  private static final WorkloadIdentity WEB =
      new WorkloadIdentity("cluster.local", "shop", "web.front");

  private final CertificateAuthorities.Created made =
      CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365));
  private final PublicKey key = WorkloadKeys.create().getPublic();

  @Test
  void theLeafIsAsPromised() throws CertificateParsingException {
    IssuedLeaf issued = issue(DAY);
    X509Certificate leaf = issued.leaf();
    assertThat(leaf.getPublicKey()).isEqualTo(key);
    assertThat(leaf.getSubjectX500Principal().getName()).isEmpty();
    assertThat(leaf.getSubjectAlternativeNames())
        .containsExactly(List.of(6, "spiffe://cluster.local/ns/shop/sa/web.front"));
    assertThat(leaf.getCriticalExtensionOIDs()).contains("2.5.29.17", "2.5.29.15", "2.5.29.19");
    assertThat(leaf.getKeyUsage())
        .containsExactly(true, false, false, false, false, false, false, false, false);
    assertThat(leaf.getExtendedKeyUsage())
        .containsExactlyInAnyOrder("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(leaf.getSigAlgName()).isEqualTo("SHA256withECDSA");
    assertThat(leaf.getExtensionValue("2.5.29.35")).isNotNull();
    assertThat(leaf.getVersion()).isEqualTo(3);
    assertThat(issued.identity()).isEqualTo(WEB);
    assertThat(issued.sha256()).matches("[0-9a-f]{64}");
  }

  @Test
  void clocksMayDifferByTwentySeconds() {
    X509Certificate leaf = issue(DAY).leaf();
    assertThat(leaf.getNotBefore().toInstant()).isEqualTo("2025-12-31T23:59:40Z");
    assertThat(leaf.getNotAfter().toInstant()).isEqualTo("2026-01-02T00:00:20Z");
  }

  @Test
  void serialsAreRandomPositiveAndOf128Bits() {
    var seen = new HashSet<BigInteger>();
    for (int i = 0; i < 200; i++) {
      BigInteger serial = Issuer.serial();
      assertThat(serial.signum()).isOne();
      assertThat(serial.bitLength()).isEqualTo(128);
      assertThat(seen.add(serial)).isTrue();
    }
    assertThat(issue(DAY).leaf().getSerialNumber().bitLength()).isEqualTo(128);
  }

  @Test
  void noLeafOutlivesTheIssuersChain() {
    Instant end = made.root().getNotAfter().toInstant();
    IssuedLeaf late = issuer().issue(WEB, key, end.minusSeconds(60), DAY, Issuer.SKEW);
    assertThat(late.notAfter()).isEqualTo(end);
    assertThat(late.leaf().getNotAfter().toInstant()).isEqualTo(end);
    assertThatThrownBy(() -> issuer().issue(WEB, key, end.plusSeconds(1), DAY, Issuer.SKEW))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void lifetimesOfSecondsArePossibleAndNoShorter() {
    assertThat(issue(Issuer.MIN_LIFETIME).notAfter()).isEqualTo("2026-01-01T00:00:22Z");
    assertThatThrownBy(() -> issue(Issuer.MIN_LIFETIME.minusMillis(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void otherKeysGetNoLeaf() throws GeneralSecurityException {
    PublicKey rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair().getPublic();
    assertThatThrownBy(() -> issuer().issue(WEB, rsa, NOW, DAY, Issuer.SKEW))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void leavesAreGoodByTheBundleUntilTheyEnd() {
    IssuedLeaf issued = issue(DAY);
    assertThat(made.bundle().verify(issued.chain(), NOW, Duration.ZERO))
        .isEqualTo(new PeerVerdict.Verified(WEB, issued.notAfter(), made.root()));
    assertThat(made.bundle().verify(issued.chain(), issued.notAfter(), Duration.ZERO))
        .isInstanceOf(PeerVerdict.Verified.class);
    assertThat(
            made.bundle()
                .verify(issued.chain(), issued.notAfter().plusSeconds(1), Duration.ofHours(1)))
        .isInstanceOfSatisfying(
            PeerVerdict.Refused.class, r -> assertThat(r.reason()).isEqualTo("Expired"));
  }

  @Test
  void aLeafOfTheIssuerIsNoIssuer() {
    var keys = WorkloadKeys.create();
    IssuedLeaf leaf = issuer().issue(WEB, keys.getPublic(), NOW, DAY, Issuer.SKEW);
    assertThat(reason(Issuer.of(leaf.chain(), keys.getPrivate(), made.bundle(), NOW)))
        .isEqualTo("NotAnAuthority");
  }

  @Test
  void theKeyMustFit() {
    assertThat(
            reason(
                Issuer.parse(
                    made.issuerPem(),
                    WorkloadKeys.pem(WorkloadKeys.create().getPrivate()),
                    made.bundle(),
                    NOW)))
        .isEqualTo("KeyMismatch");
  }

  @Test
  void anIssuerThatChainsToNothingIsRefused() {
    var other = CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365));
    assertThat(reason(Issuer.parse(made.issuerPem(), made.issuerKeyPem(), other.bundle(), NOW)))
        .isEqualTo("IssuerUntrusted");
  }

  @Test
  void anExpiredIssuerIsRefused() {
    Instant later = made.issuer().getNotAfter().toInstant().plusSeconds(1);
    assertThat(reason(Issuer.parse(made.issuerPem(), made.issuerKeyPem(), made.bundle(), later)))
        .isEqualTo("IssuerExpired");
    assertThat(
            reason(
                Issuer.parse(
                    made.issuerPem(),
                    made.issuerKeyPem(),
                    made.bundle(),
                    NOW.minus(Duration.ofDays(1)))))
        .isEqualTo("IssuerNotYetValid");
  }

  @Test
  void textThatIsNoIssuerIsRefused() {
    assertThat(reason(Issuer.parse("", made.issuerKeyPem(), made.bundle(), NOW)))
        .isEqualTo("IssuerInvalid");
    assertThat(reason(Issuer.parse(made.issuerPem(), "", made.bundle(), NOW)))
        .isEqualTo("KeyInvalid");
    assertThat(
            reason(
                Issuer.parse(
                    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
                    made.issuerKeyPem(),
                    made.bundle(),
                    NOW)))
        .isEqualTo("IssuerInvalid");
  }

  @Test
  void theAnchorsCertificateIsNotSentAlong() {
    var parsed =
        Issuer.parse(
            made.issuerPem() + made.bundle().pem(), made.issuerKeyPem(), made.bundle(), NOW);
    assertThat(((Parsed.Accepted) parsed).issuer().chain()).containsExactly(made.issuer());
  }

  @Test
  void everyRootHasANameOfItsOwn() {
    var other = CertificateAuthorities.create("cluster.local", NOW, Duration.ofDays(365));
    assertThat(other.root().getSubjectX500Principal())
        .isNotEqualTo(made.root().getSubjectX500Principal());
    assertThat(made.root().getBasicConstraints()).isOne();
    assertThat(made.issuer().getBasicConstraints()).isZero();
  }

  @Test
  void nothingPrintsAKey() {
    assertThat(issuer().toString() + made).doesNotContain("PRIVATE").contains("Selvage root");
  }

  private IssuedLeaf issue(Duration lifetime) {
    return issuer().issue(WEB, key, NOW, lifetime, Issuer.SKEW);
  }

  private Issuer issuer() {
    var parsed = Issuer.parse(made.issuerPem(), made.issuerKeyPem(), made.bundle(), NOW);
    assertThat(parsed).isInstanceOf(Parsed.Accepted.class);
    return ((Parsed.Accepted) parsed).issuer();
  }

  private static String reason(Parsed parsed) {
    assertThat(parsed).isInstanceOf(Parsed.Rejected.class);
    return ((Parsed.Rejected) parsed).reason();
  }
}
