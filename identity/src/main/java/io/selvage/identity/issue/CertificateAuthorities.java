// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes a root and, below it, the issuer of a mesh. */
public final class CertificateAuthorities {
  /**
   * Life of a root and its issuer: a year. Both live equally long, because replacing the root is as
   * easy as replacing the issuer, and because the root's key is thrown away at once.
   */
  public static final Duration DEFAULT_LIFETIME = Duration.ofDays(365);

  private CertificateAuthorities() {}

  /**
   * A root's certificate and an issuer below it. The root's private key is kept nowhere: nobody can
   * sign another issuer by it, and what replaces the issuer replaces the root as well.
   *
   * @param root self-signed
   * @param issuer signed by the root; may sign leaves and no further authorities
   * @param issuerKey never printed
   */
  public record Created(X509Certificate root, X509Certificate issuer, PrivateKey issuerKey) {
    public Created {
      requireNonNull(root, "root");
      requireNonNull(issuer, "issuer");
      requireNonNull(issuerKey, "issuerKey");
    }

    /** The root alone. */
    public TrustBundle bundle() {
      return TrustBundle.of(List.of(root));
    }

    public String issuerPem() {
      return PemText.write(issuer);
    }

    public String issuerKeyPem() {
      return WorkloadKeys.pem(issuerKey);
    }

    /** Without the key. */
    @Override
    public String toString() {
      return "Created[" + root.getSubjectX500Principal() + "]";
    }
  }

  /**
   * Makes both, each with a fresh key on P-256. Every root has a name of its own, so that two of
   * them in one bundle cannot be taken for each other.
   *
   * @param trustDomain goes into the names, for people
   * @param lifetime of both, from now; they begin {@link Issuer#SKEW} earlier
   */
  public static Created create(String trustDomain, Instant now, Duration lifetime) {
    if (!WorkloadIdentity.isTrustDomain(trustDomain)) {
      throw new IllegalArgumentException("\"" + trustDomain + "\" is no trust domain");
    }
    KeyPair rootKeys = WorkloadKeys.create();
    KeyPair issuerKeys = WorkloadKeys.create();
    String suffix = HexFormat.of().toHexDigits(Issuer.serial().intValue());
    X500Name rootName = name("Selvage root " + suffix, trustDomain);
    X500Name issuerName = name("Selvage issuer " + suffix, trustDomain);
    X509Certificate root =
        sign(rootName, rootName, rootKeys, rootKeys, now, lifetime, new BasicConstraints(1));
    X509Certificate issuer =
        sign(issuerName, rootName, issuerKeys, rootKeys, now, lifetime, new BasicConstraints(0));
    return new Created(root, issuer, issuerKeys.getPrivate());
  }

  private static X500Name name(String commonName, String trustDomain) {
    // X.520 bounds an organization's name at 64 characters; it is for people only.
    String organization = trustDomain.substring(0, Math.min(trustDomain.length(), 64));
    return new X500NameBuilder(BCStyle.INSTANCE)
        .addRDN(BCStyle.O, organization)
        .addRDN(BCStyle.CN, commonName)
        .build();
  }

  private static X509Certificate sign(
      X500Name subject,
      X500Name signer,
      KeyPair keys,
      KeyPair signerKeys,
      Instant now,
      Duration lifetime,
      BasicConstraints constraints) {
    try {
      var utils = new JcaX509ExtensionUtils();
      var builder =
          new JcaX509v3CertificateBuilder(
              signer,
              Issuer.serial(),
              Date.from(now.minus(Issuer.SKEW).truncatedTo(ChronoUnit.SECONDS)),
              Date.from(now.plus(lifetime).truncatedTo(ChronoUnit.SECONDS)),
              subject,
              keys.getPublic());
      builder
          .addExtension(Extension.basicConstraints, true, constraints)
          .addExtension(
              Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              utils.createSubjectKeyIdentifier(keys.getPublic()))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              utils.createAuthorityKeyIdentifier(signerKeys.getPublic()));
      var content = new JcaContentSignerBuilder("SHA256withECDSA").build(signerKeys.getPrivate());
      return new JcaX509CertificateConverter().getCertificate(builder.build(content));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("every Java platform has ECDSA with P-256", e);
    }
  }
}
