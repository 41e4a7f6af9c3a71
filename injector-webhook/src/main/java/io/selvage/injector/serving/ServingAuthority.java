// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.serving;

import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadKeys;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes what the webhook serves with. An authority of its own, apart from the mesh's: whoever
 * steals it can answer the API server, but is nobody in the mesh, and the other way round.
 */
final class ServingAuthority {
  static final Duration AUTHORITY_LIFE = Duration.ofDays(5 * 365);
  static final Duration LEAF_LIFE = Duration.ofDays(60);

  /** Clocks of two machines differ; a certificate from the future is refused. */
  private static final Duration SKEW = Duration.ofMinutes(5);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final List<String> names;

  /**
   * @param names DNS names and IP addresses the webhook is called by, at least one
   */
  ServingAuthority(List<String> names) {
    this.names = names.stream().map(ServingAuthority::normal).toList();
    if (names.isEmpty()) {
      throw new IllegalArgumentException("a server needs a name");
    }
  }

  /**
   * What should be served by: the same again while nothing is due, a new leaf in the last third of
   * its life or when the names differ, and a new authority in the last fifth of its own, beside
   * which the old one goes on being believed.
   */
  ServingMaterial next(Optional<ServingMaterial> current, Instant now) {
    if (current.isEmpty() || isOver(current.get().authority(), now)) {
      return renewed(authority(now), Optional.empty(), now);
    }
    ServingMaterial known = current.get();
    if (isDue(known.authority(), now, 5)) {
      return renewed(authority(now), Optional.of(known.authority()), now);
    }
    if (isDue(known.leaf(), now, 3) || !names(known.leaf()).equals(new TreeSet<>(names))) {
      return renewed(
          new Authority(known.authority(), WorkloadKeys.parse(known.authorityKeyPem())),
          known.authorities().stream().skip(1).filter(a -> !isOver(a, now)).findFirst(),
          now);
    }
    return known;
  }

  private record Authority(X509Certificate certificate, PrivateKey key) {}

  private static boolean isOver(X509Certificate certificate, Instant now) {
    return !now.isBefore(certificate.getNotAfter().toInstant());
  }

  /** Whether less than one part in so many of a life is left, or it has not begun. */
  private static boolean isDue(X509Certificate certificate, Instant now, int parts) {
    Instant start = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    Duration whole = Duration.between(start, end);
    return now.isBefore(start) || Duration.between(now, end).compareTo(whole.dividedBy(parts)) < 0;
  }

  private static Set<String> names(X509Certificate leaf) {
    var found = new TreeSet<String>();
    try {
      var all = leaf.getSubjectAlternativeNames();
      if (all != null) {
        all.forEach(entry -> found.add(String.valueOf(entry.get(1))));
      }
    } catch (GeneralSecurityException e) {
      return new TreeSet<>(); // not what we asked for
    }
    return found;
  }

  private ServingMaterial renewed(
      Authority authority, Optional<X509Certificate> before, Instant now) {
    KeyPair keys = WorkloadKeys.create();
    try {
      var builder =
          builder(
              authority.certificate.getSubjectX500Principal().getName(),
              "CN=selvage-injector",
              keys.getPublic(),
              now,
              min(now.plus(LEAF_LIFE), authority.certificate.getNotAfter().toInstant()));
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
          .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
          .addExtension(
              Extension.extendedKeyUsage,
              false,
              new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
          .addExtension(
              Extension.subjectAlternativeName,
              false,
              new GeneralNames(
                  names.stream().map(ServingAuthority::name).toArray(GeneralName[]::new)))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              new JcaX509ExtensionUtils()
                  .createAuthorityKeyIdentifier(authority.certificate.getPublicKey()));
      var believed = new ArrayList<X509Certificate>();
      believed.add(authority.certificate);
      before.ifPresent(believed::add);
      return new ServingMaterial(
          PemText.write(believed),
          WorkloadKeys.pem(authority.key),
          PemText.write(signed(builder, authority.key)),
          WorkloadKeys.pem(keys.getPrivate()));
    } catch (CertIOException | GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has ECDSA with P-256", e);
    }
  }

  private static Authority authority(Instant now) {
    KeyPair keys = WorkloadKeys.create();
    // A name of its own, so that two of them in one bundle cannot be taken for each other.
    String name = "CN=selvage-injector-ca-" + serial().toString(36).substring(0, 10);
    try {
      var builder = builder(name, name, keys.getPublic(), now, now.plus(AUTHORITY_LIFE));
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
          .addExtension(
              Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
      return new Authority(signed(builder, keys.getPrivate()), keys.getPrivate());
    } catch (CertIOException | GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has ECDSA with P-256", e);
    }
  }

  private static JcaX509v3CertificateBuilder builder(
      String issuer, String subject, PublicKey key, Instant now, Instant notAfter) {
    return new JcaX509v3CertificateBuilder(
        new X500Name(issuer),
        serial(),
        Date.from(now.minus(SKEW)),
        Date.from(notAfter),
        new X500Name(subject),
        key);
  }

  private static X509Certificate signed(JcaX509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException {
    try {
      var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key);
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    } catch (OperatorCreationException e) {
      throw new IllegalStateException("every Java platform has ECDSA with P-256", e);
    }
  }

  /** 127 random bits below a set one: positive and never shorter. */
  private static BigInteger serial() {
    return new BigInteger(127, RANDOM).setBit(126);
  }

  private static Instant min(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static GeneralName name(String name) {
    boolean address = name.indexOf(':') >= 0 || name.matches("[0-9.]+");
    return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, name);
  }

  /** An address as certificates are read back with it, so that {@code ::1} is no other name. */
  private static String normal(String name) {
    try {
      return InetAddress.ofLiteral(name).getHostAddress();
    } catch (IllegalArgumentException e) {
      return name;
    }
  }
}
