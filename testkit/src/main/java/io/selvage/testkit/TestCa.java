// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority for tests: roots, intermediates, leaves of either key type, valid or
 * expired, and revocation lists. Nothing it signs is worth anything outside a test.
 *
 * <pre>{@code
 * TestCa root = TestCa.root("root");
 * TestCertificate server = root.leaf("a.example").dns("a.example").ip("127.0.0.1").issue();
 * }</pre>
 */
public final class TestCa {
  private static final AtomicLong SERIALS = new AtomicLong(1000);

  private final TestCertificate self;

  private TestCa(TestCertificate self) {
    this.self = self;
  }

  /** A self-signed root with an EC P-256 key. */
  public static TestCa root(String commonName) {
    KeyPair keys = TestKeys.ec();
    Request request = new Request(name(commonName), keys);
    return new TestCa(
        request.sign(null, keys.getPrivate(), List.of(), TestCa::authorityExtensions));
  }

  /** An authority below this one; its leaves carry it in their chain. */
  public TestCa intermediate(String commonName) {
    Request request = new Request(name(commonName), TestKeys.ec());
    return new TestCa(
        request.sign(
            self.certificate(), self.key(), chainBelowRoot(), TestCa::authorityExtensions));
  }

  /**
   * Begins a leaf. Without further calls: EC key, no names, server and client use, valid for a day.
   */
  public LeafBuilder leaf(String commonName) {
    return new LeafBuilder(commonName);
  }

  /** A server leaf for one DNS name. */
  public TestCertificate serverFor(String dnsName) {
    return leaf(dnsName).dns(dnsName).issue();
  }

  public X509Certificate certificate() {
    return self.certificate();
  }

  /** This authority's certificate alone, as a trust bundle. */
  public String pem() {
    return TestKeys.pem("CERTIFICATE", TestKeys.encoded(self.certificate()));
  }

  /** A current revocation list that names {@code revoked}, valid for a day. */
  public String crlPem(X509Certificate... revoked) {
    return crlPem(Duration.ofDays(1), revoked);
  }

  /**
   * A revocation list.
   *
   * @param untilNextUpdate may be negative: a list that is out of date
   */
  public String crlPem(Duration untilNextUpdate, X509Certificate... revoked) {
    Instant now = Instant.now();
    Instant thisUpdate = now.plus(untilNextUpdate).minus(Duration.ofDays(2));
    try {
      JcaX509v2CRLBuilder builder =
          new JcaX509v2CRLBuilder(self.certificate(), Date.from(thisUpdate));
      builder.setNextUpdate(Date.from(now.plus(untilNextUpdate)));
      for (X509Certificate one : revoked) {
        builder.addCRLEntry(one.getSerialNumber(), Date.from(thisUpdate), CRLReason.keyCompromise);
      }
      builder.addExtension(
          Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(now.toEpochMilli())));
      builder.addExtension(
          Extension.authorityKeyIdentifier, false, authorityKey(self.certificate()));
      X509CRL crl = new JcaX509CRLConverter().getCRL(builder.build(signer(self.key())));
      return TestKeys.pem("X509 CRL", crl.getEncoded());
    } catch (CertIOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<X509Certificate> chainBelowRoot() {
    boolean root =
        self.certificate()
            .getSubjectX500Principal()
            .equals(self.certificate().getIssuerX500Principal());
    return root ? List.of() : self.chain();
  }

  private static void authorityExtensions(JcaX509v3CertificateBuilder builder)
      throws CertIOException {
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
    builder.addExtension(
        Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
  }

  private static X500Name name(String commonName) {
    return new X500Name("CN=" + commonName + ", O=Selvage tests");
  }

  private static AuthorityKeyIdentifier authorityKey(X509Certificate issuer)
      throws GeneralSecurityException {
    return new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(issuer.getPublicKey());
  }

  private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
    String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    return new JcaContentSignerBuilder(algorithm).build(key);
  }

  /** What a certificate says beside its names and key. */
  @FunctionalInterface
  private interface Extensions {
    void add(JcaX509v3CertificateBuilder builder) throws CertIOException;
  }

  private static final class Request {
    private final X500Name subject;
    private final KeyPair keys;
    private Instant notBefore = Instant.now().minus(Duration.ofHours(1));
    private Instant notAfter = Instant.now().plus(Duration.ofDays(1));

    Request(X500Name subject, KeyPair keys) {
      this.subject = subject;
      this.keys = keys;
    }

    TestCertificate sign(
        @Nullable X509Certificate issuer,
        PrivateKey issuerKey,
        List<X509Certificate> issuerChain,
        Extensions extensions) {
      X500Name issuerName =
          issuer == null
              ? subject
              : X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
      try {
        JcaX509v3CertificateBuilder builder =
            new JcaX509v3CertificateBuilder(
                issuerName,
                BigInteger.valueOf(SERIALS.incrementAndGet()),
                Date.from(notBefore),
                Date.from(notAfter),
                subject,
                keys.getPublic());
        extensions.add(builder);
        builder.addExtension(
            Extension.subjectKeyIdentifier,
            false,
            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
        if (issuer != null) {
          builder.addExtension(Extension.authorityKeyIdentifier, false, authorityKey(issuer));
        }
        X509Certificate certificate =
            new JcaX509CertificateConverter().getCertificate(builder.build(signer(issuerKey)));
        List<X509Certificate> chain = new ArrayList<>();
        chain.add(certificate);
        chain.addAll(issuerChain);
        return new TestCertificate(chain, keys.getPrivate());
      } catch (CertIOException | GeneralSecurityException | OperatorCreationException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Collects what a leaf is to say. */
  public final class LeafBuilder {
    private final String commonName;
    private final List<GeneralName> names = new ArrayList<>();
    private KeyPair keys = TestKeys.ec();
    private KeyPurposeId[] purposes = {
      KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
    };
    private Instant notBefore = Instant.now().minus(Duration.ofHours(1));
    private Instant notAfter = Instant.now().plus(Duration.ofDays(1));

    private LeafBuilder(String commonName) {
      this.commonName = commonName;
    }

    public LeafBuilder dns(String... dnsNames) {
      for (String one : dnsNames) {
        names.add(new GeneralName(GeneralName.dNSName, one));
      }
      return this;
    }

    public LeafBuilder ip(String address) {
      names.add(new GeneralName(GeneralName.iPAddress, address));
      return this;
    }

    public LeafBuilder uri(String uri) {
      names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
      return this;
    }

    /** A 2048-bit RSA key instead of EC. */
    public LeafBuilder rsa() {
      keys = TestKeys.rsa();
      return this;
    }

    /** Client use only. */
    public LeafBuilder client() {
      purposes = new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth};
      return this;
    }

    /** Server use only. */
    public LeafBuilder server() {
      purposes = new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth};
      return this;
    }

    /** Any use ({@code anyExtendedKeyUsage}), without naming one. */
    public LeafBuilder anyPurpose() {
      purposes = new KeyPurposeId[] {KeyPurposeId.anyExtendedKeyUsage};
      return this;
    }

    /** Ended an hour ago. */
    public LeafBuilder expired() {
      return valid(
          Instant.now().minus(Duration.ofDays(2)), Instant.now().minus(Duration.ofHours(1)));
    }

    public LeafBuilder valid(Instant from, Instant until) {
      notBefore = from;
      notAfter = until;
      return this;
    }

    public TestCertificate issue() {
      Request request = new Request(name(commonName), keys);
      request.notBefore = notBefore;
      request.notAfter = notAfter;
      return request.sign(
          self.certificate(),
          self.key(),
          chainBelowRoot(),
          builder -> {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(
                Extension.keyUsage,
                true,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
            if (!names.isEmpty()) {
              builder.addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(names.toArray(new GeneralName[0])));
            }
          });
    }
  }
}
