// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * Reads certificates, keys and revocation lists from PEM and says what is wrong with them. Nothing
 * here throws for what a user wrote, and no message shows key material.
 */
public final class Certificates {
  private static final Set<String> CERTIFICATE_TYPES =
      Set.of("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE");

  /** {@code dNSName} in {@link X509Certificate#getSubjectAlternativeNames()} (RFC 5280 4.2.1.6). */
  private static final int DNS_NAME = 2;

  private Certificates() {}

  /**
   * Reads a server certificate and its key.
   *
   * @param chainPem leaf first; issuers may follow in any order and are put into order
   * @param keyPem PKCS#8, PKCS#1 or SEC 1, not encrypted
   */
  public static ParsedChain parseChain(String chainPem, String keyPem) {
    List<X509Certificate> certificates;
    try {
      certificates = certificates(chainPem);
    } catch (IOException | GeneralSecurityException e) {
      return new ParsedChain.Rejected("CertificateInvalid", "the certificate does not parse");
    }
    if (certificates.isEmpty()) {
      return new ParsedChain.Rejected("CertificateInvalid", "there is no certificate in PEM form");
    }
    return switch (PrivateKeys.parse(keyPem)) {
      case PrivateKeys.Parsed.Rejected(String reason, String message) ->
          new ParsedChain.Rejected(reason, message);
      case PrivateKeys.Parsed.Key(PrivateKeyInfo key) -> join(certificates, key);
    };
  }

  private static ParsedChain join(List<X509Certificate> certificates, PrivateKeyInfo key) {
    try {
      int fitting = indexOfFitting(certificates, key);
      if (fitting < 0) {
        return new ParsedChain.Rejected(
            "KeyMismatch",
            "the private key does not belong to the certificate of "
                + subject(certificates.getFirst()));
      }
      if (fitting > 0) {
        return new ParsedChain.Rejected(
            "ChainOrder",
            "the private key belongs to certificate "
                + (fitting + 1)
                + " of the chain; the leaf must come first");
      }
      return accept(certificates, key);
    } catch (IOException | RuntimeException | CertificateException e) {
      return new ParsedChain.Rejected(
          "CertificateInvalid", "the certificate or its key cannot be read");
    }
  }

  private static int indexOfFitting(List<X509Certificate> certificates, PrivateKeyInfo key)
      throws IOException {
    for (int i = 0; i < certificates.size(); i++) {
      var open = SubjectPublicKeyInfo.getInstance(certificates.get(i).getPublicKey().getEncoded());
      if (PrivateKeys.fits(key, open)) {
        return i;
      }
    }
    return -1;
  }

  private static ParsedChain accept(List<X509Certificate> certificates, PrivateKeyInfo key)
      throws IOException, CertificateException {
    var rest = new ArrayList<>(certificates.subList(1, certificates.size()));
    X509Certificate leaf = certificates.getFirst();
    var chain = new ArrayList<>(List.of(leaf));
    for (Optional<X509Certificate> issuer = issuerOf(leaf, rest);
        issuer.isPresent();
        issuer = issuerOf(chain.getLast(), rest)) {
      chain.add(issuer.get());
      rest.remove(issuer.get());
    }
    if (!rest.isEmpty()) {
      return new ParsedChain.Rejected(
          "ChainBroken",
          "the certificate of "
              + subject(rest.getFirst())
              + " has signed none of the chain's other certificates");
    }
    var pem = new StringBuilder();
    Instant notAfter = Instant.MAX;
    for (X509Certificate certificate : chain) {
      pem.append(Pem.write("CERTIFICATE", certificate.getEncoded()));
      Instant end = certificate.getNotAfter().toInstant();
      notAfter = end.isBefore(notAfter) ? end : notAfter;
    }
    return new ParsedChain.Accepted(
        pem.toString(),
        Pem.write("PRIVATE KEY", key.getEncoded()),
        subject(leaf),
        dnsNames(leaf),
        leaf.getNotBefore().toInstant(),
        notAfter);
  }

  private static Optional<X509Certificate> issuerOf(
      X509Certificate certificate, List<X509Certificate> among) {
    return among.stream()
        .filter(c -> c.getSubjectX500Principal().equals(certificate.getIssuerX500Principal()))
        .filter(c -> isSignedBy(certificate, c))
        .findFirst();
  }

  private static boolean isSignedBy(X509Certificate certificate, X509Certificate issuer) {
    try {
      certificate.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static List<String> dnsNames(X509Certificate leaf) throws CertificateException {
    Collection<List<?>> names = leaf.getSubjectAlternativeNames();
    if (names == null) {
      return List.of();
    }
    return names.stream()
        .filter(n -> Integer.valueOf(DNS_NAME).equals(n.get(0)))
        .map(n -> String.valueOf(n.get(1)).toLowerCase(Locale.ROOT))
        .toList();
  }

  /** Reads the certificates of authorities. One that says it is none makes the bundle unusable. */
  public static ParsedBundle parseBundle(String pem) {
    try {
      var certificates = certificates(pem);
      if (certificates.isEmpty()) {
        return new ParsedBundle.Rejected(
            "CertificateInvalid", "there is no certificate in PEM form");
      }
      for (X509Certificate certificate : certificates) {
        if (!mayIssue(certificate)) {
          return new ParsedBundle.Rejected(
              "NotAnAuthority",
              "the certificate of " + subject(certificate) + " is not that of an authority");
        }
      }
      var text = new StringBuilder();
      for (X509Certificate certificate : certificates) {
        text.append(Pem.write("CERTIFICATE", certificate.getEncoded()));
      }
      return new ParsedBundle.Accepted(
          new CertificateBundle(
              text.toString(), certificates.stream().map(Certificates::subject).toList()));
    } catch (IOException | GeneralSecurityException e) {
      return new ParsedBundle.Rejected("CertificateInvalid", "a certificate does not parse");
    }
  }

  /** A self-signed certificate may stand for itself; any other must be a CA (RFC 5280 6.1.4 k). */
  private static boolean mayIssue(X509Certificate certificate) {
    return certificate.getBasicConstraints() >= 0
        || certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
  }

  /**
   * Reads revocation lists.
   *
   * @param authorities whose lists they must be
   */
  public static ParsedBundle parseRevocationLists(String pem, CertificateBundle authorities) {
    var text = new StringBuilder();
    var issuers = new ArrayList<String>();
    try {
      var signers = certificates(authorities.pem());
      for (PemObject block : Pem.read(pem)) {
        if (!block.getType().equals("X509 CRL")) {
          continue;
        }
        var in = new ByteArrayInputStream(block.getContent());
        var list = (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(in);
        String issuer = list.getIssuerX500Principal().getName();
        if (signers.stream().noneMatch(s -> isSignedBy(list, s))) {
          return new ParsedBundle.Rejected(
              "RevocationListForeign",
              "the revocation list of " + issuer + " is not signed by one of the authorities");
        }
        text.append(Pem.write("X509 CRL", block.getContent()));
        issuers.add(issuer);
      }
    } catch (IOException | GeneralSecurityException e) {
      return new ParsedBundle.Rejected("RevocationListInvalid", "a revocation list does not parse");
    }
    return issuers.isEmpty()
        ? new ParsedBundle.Rejected(
            "RevocationListInvalid", "there is no revocation list in PEM form")
        : new ParsedBundle.Accepted(new CertificateBundle(text.toString(), issuers));
  }

  private static boolean isSignedBy(X509CRL list, X509Certificate signer) {
    try {
      list.verify(signer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** The certificates of a file, each once, in its order; other blocks are skipped. */
  private static List<X509Certificate> certificates(String pem)
      throws IOException, GeneralSecurityException {
    var factory = CertificateFactory.getInstance("X.509");
    var found = new LinkedHashSet<X509Certificate>();
    for (PemObject block : Pem.read(pem)) {
      if (CERTIFICATE_TYPES.contains(block.getType())) {
        var in = new ByteArrayInputStream(block.getContent());
        found.add((X509Certificate) factory.generateCertificate(in));
      }
    }
    return List.copyOf(found);
  }

  /** In RFC 2253 form; of an unnamed certificate its first DNS names. */
  private static String subject(X509Certificate certificate) {
    String name = certificate.getSubjectX500Principal().getName();
    if (!name.isEmpty()) {
      return name;
    }
    try {
      return dnsNames(certificate).stream().limit(3).collect(Collectors.joining(", "));
    } catch (CertificateException e) {
      return "an unnamed subject";
    }
  }
}
