// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Issues workload certificates: an authority's certificate with its key, known to chain to the
 * trust bundle. Immutable; safe on any thread.
 */
public final class Issuer {
  /** Life of a leaf unless configured otherwise. */
  public static final Duration DEFAULT_LIFETIME = Duration.ofHours(24);

  /**
   * Shortest life of a leaf that may be configured; for tests, since everything renews twice in it.
   */
  public static final Duration MIN_LIFETIME = Duration.ofSeconds(2);

  /** Leaves are valid this much longer at both ends than asked, because clocks differ. */
  public static final Duration SKEW = Duration.ofSeconds(20);

  private static final SecureRandom RANDOM = new SecureRandom();

  /** Position of {@code keyCertSign} in {@link X509Certificate#getKeyUsage()}. */
  private static final int KEY_CERT_SIGN = 5;

  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private final X509Certificate anchor;
  private final Instant notAfter;

  private Issuer(List<X509Certificate> chain, PrivateKey key, X509Certificate anchor) {
    this.chain = List.copyOf(chain);
    this.key = key;
    this.anchor = anchor;
    Instant end = anchor.getNotAfter().toInstant();
    for (X509Certificate certificate : chain) {
      Instant its = certificate.getNotAfter().toInstant();
      end = its.isBefore(end) ? its : end;
    }
    this.notAfter = end;
  }

  /** What a certificate and key turned out to be. */
  public sealed interface Parsed {
    /** Usable. */
    record Accepted(Issuer issuer) implements Parsed {}

    /**
     * Not usable.
     *
     * @param reason stable CamelCase word
     * @param message for a person, without key material
     */
    record Rejected(String reason, String message) implements Parsed {}
  }

  /**
   * Reads an issuer and checks all of it: one key on P-256 that fits the first certificate, which
   * is an authority that may sign certificates, is valid now, and leads to an anchor of the bundle.
   *
   * @param chainPem the issuer's certificate first, then intermediates; the anchor may follow
   * @param keyPem PKCS#8, SEC 1 or PKCS#1, not encrypted
   */
  public static Parsed parse(String chainPem, String keyPem, TrustBundle bundle, Instant now) {
    List<X509Certificate> chain;
    try {
      chain = PemText.certificates(chainPem);
    } catch (IllegalArgumentException e) {
      return new Parsed.Rejected(
          "IssuerInvalid", "the issuer's certificate cannot be read: " + e.getMessage());
    }
    if (chain.isEmpty()) {
      return new Parsed.Rejected("IssuerInvalid", "there is no issuer certificate in PEM form");
    }
    return switch (AuthorityKeys.parse(keyPem)) {
      case AuthorityKeys.Parsed.Rejected(String reason, String message) ->
          new Parsed.Rejected(reason, message);
      case AuthorityKeys.Parsed.Key(PrivateKey key) -> of(chain, key, bundle, now);
    };
  }

  /** Checks an issuer as {@link #parse} does. */
  public static Parsed of(
      List<X509Certificate> chain, PrivateKey key, TrustBundle bundle, Instant now) {
    X509Certificate own = chain.getFirst();
    String name = name(own);
    if (!WorkloadKeys.fits(key, own.getPublicKey())) {
      return new Parsed.Rejected(
          "KeyMismatch", "the key does not belong to the issuer certificate of " + name);
    }
    boolean[] usage = own.getKeyUsage();
    if (own.getBasicConstraints() < 0 || usage == null || !usage[KEY_CERT_SIGN]) {
      return new Parsed.Rejected(
          "NotAnAuthority", "the certificate of " + name + " may not sign certificates");
    }
    for (X509Certificate certificate : chain) {
      Parsed.Rejected problem = validityProblem(certificate, now);
      if (problem != null) {
        return problem;
      }
    }
    X509Certificate anchor = bundle.anchorOfAuthority(chain, now);
    if (anchor == null) {
      return new Parsed.Rejected(
          "IssuerUntrusted",
          "the issuer certificate of " + name + " leads to no valid anchor of the trust bundle");
    }
    var withoutAnchors = new ArrayList<>(chain);
    withoutAnchors.removeAll(bundle.anchors());
    return new Parsed.Accepted(new Issuer(withoutAnchors, key, anchor));
  }

  private static String name(X509Certificate certificate) {
    String subject = certificate.getSubjectX500Principal().getName();
    return subject.isEmpty() ? "an unnamed subject" : subject;
  }

  private static Parsed.@Nullable Rejected validityProblem(X509Certificate one, Instant now) {
    String name = name(one);
    if (now.isAfter(one.getNotAfter().toInstant())) {
      return new Parsed.Rejected(
          "IssuerExpired",
          "the issuer certificate of " + name + " ended at " + one.getNotAfter().toInstant());
    }
    if (now.plus(TrustBundle.SKEW).isBefore(one.getNotBefore().toInstant())) {
      return new Parsed.Rejected(
          "IssuerNotYetValid",
          "the issuer certificate of " + name + " begins at " + one.getNotBefore().toInstant());
    }
    return null;
  }

  /** The issuer's certificate, then its intermediates, without anchors; empty for a root. */
  public List<X509Certificate> chain() {
    return chain;
  }

  /** Where the chain ends. */
  public X509Certificate anchor() {
    return anchor;
  }

  /** The certificate that signs. */
  public X509Certificate certificate() {
    return chain.isEmpty() ? anchor : chain.getFirst();
  }

  /** The earliest end in the chain, anchor included: no leaf lives longer. */
  public Instant notAfter() {
    return notAfter;
  }

  /** Whether two issuers sign the same way; renewed certificates of one key count as different. */
  public boolean sameAs(Issuer other) {
    return certificate().equals(other.certificate()) && chain.equals(other.chain);
  }

  /**
   * Issues a leaf: ECDSA P-256, random 128-bit serial, digital signature, server and client, the
   * SPIFFE id as only name. The subject is empty, so that the name is critical (RFC 5280 4.2.1.6).
   *
   * @param key on P-256
   * @param lifetime at least {@link #MIN_LIFETIME}; shortened to the end of the issuer's chain
   * @param skew added at both ends; {@link #SKEW} unless configured otherwise
   * @throws IllegalArgumentException if the key is not on P-256, or the lifetime too short
   * @throws IllegalStateException if the chain has ended
   */
  public IssuedLeaf issue(
      WorkloadIdentity identity, PublicKey key, Instant now, Duration lifetime, Duration skew) {
    if (!WorkloadKeys.isP256(key)) {
      throw new IllegalArgumentException("the key is not on the curve P-256");
    }
    if (lifetime.compareTo(MIN_LIFETIME) < 0) {
      throw new IllegalArgumentException("a leaf lives for at least " + MIN_LIFETIME);
    }
    if (now.isAfter(notAfter)) {
      throw new IllegalStateException("the issuer's chain ended at " + notAfter);
    }
    // Certificates know no fractions of seconds.
    Instant start = now.minus(skew).truncatedTo(ChronoUnit.SECONDS);
    Instant wanted = now.plus(lifetime).plus(skew).truncatedTo(ChronoUnit.SECONDS);
    Instant end = wanted.isAfter(notAfter) ? notAfter : wanted;
    var empty = new X500Name(new RDN[0]);
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              X500Name.getInstance(certificate().getSubjectX500Principal().getEncoded()),
              serial(),
              Date.from(start),
              Date.from(end),
              empty,
              key);
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
          .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
          .addExtension(
              Extension.extendedKeyUsage,
              false,
              new ExtendedKeyUsage(
                  new KeyPurposeId[] {
                    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                  }))
          .addExtension(
              Extension.subjectAlternativeName,
              true,
              new GeneralNames(
                  new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())))
          .addExtension(Extension.authorityKeyIdentifier, false, authorityKeyIdentifier());
      var signed =
          builder.build(
              new JcaContentSignerBuilder(AuthorityKeys.algorithm(this.key)).build(this.key));
      var leaf = new JcaX509CertificateConverter().getCertificate(signed);
      var whole = new ArrayList<X509Certificate>();
      whole.add(leaf);
      whole.addAll(chain);
      return new IssuedLeaf(identity, whole, end);
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("the issuer cannot sign", e);
    }
  }

  /** What the issuer calls its key: not everybody derives that name from the key as we do. */
  private AuthorityKeyIdentifier authorityKeyIdentifier() throws GeneralSecurityException {
    byte[] named = certificate().getExtensionValue(Extension.subjectKeyIdentifier.getId());
    if (named == null) {
      return new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate().getPublicKey());
    }
    byte[] inner = ASN1OctetString.getInstance(named).getOctets();
    return new AuthorityKeyIdentifier(SubjectKeyIdentifier.getInstance(inner).getKeyIdentifier());
  }

  /** 128 random bits, the first of them set: positive, and never shorter (RFC 5280 4.1.2.2). */
  static BigInteger serial() {
    return new BigInteger(128, RANDOM).setBit(127);
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "Issuer["
        + certificate().getSubjectX500Principal().getName()
        + " until "
        + notAfter
        + "]";
  }
}
