// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.KeyMaterial;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes server certificates that vouch for themselves, for trying things out: a client has to be
 * told to trust each of them. ECDSA P-256, 128-bit random serial.
 */
public final class SelfSigned {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Clocks of two machines differ; a certificate from the future is refused. */
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  private SelfSigned() {}

  /**
   * Makes a key and its certificate.
   *
   * @param dnsNames names it is for, at least one; the first is also the common name
   * @param validity from now
   */
  public static KeyMaterial create(List<String> dnsNames, Instant now, Duration validity) {
    requireNonNull(validity, "validity");
    String first = dnsNames.getFirst();
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      KeyPair keys = generator.generateKeyPair();
      X500Name name = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, first).build();
      var builder =
          new JcaX509v3CertificateBuilder(
              name,
              new BigInteger(127, RANDOM).setBit(127),
              Date.from(now.minus(CLOCK_SKEW)),
              Date.from(now.plus(validity)),
              name,
              keys.getPublic());
      var names = dnsNames.stream().map(n -> new GeneralName(GeneralName.dNSName, n));
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
              new GeneralNames(names.toArray(GeneralName[]::new)));
      var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
      return new KeyMaterial(
          first,
          Pem.write("CERTIFICATE", builder.build(signer).getEncoded()),
          Pem.write("PRIVATE KEY", keys.getPrivate().getEncoded()));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("every Java platform has ECDSA with P-256", e);
    }
  }
}
