// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * Certificate requests for tests, honest or not: whatever is asked for is written and signed.
 *
 * <pre>{@code
 * byte[] der = TestCsr.of(keys).dns("a.example").build();
 * }</pre>
 */
public final class TestCsr {
  private final KeyPair keys;
  private final List<GeneralName> names = new ArrayList<>();
  private final ExtensionsGenerator extensions = new ExtensionsGenerator();
  private X500Name subject = new X500Name(new RDN[0]);
  private boolean challengePassword;

  private TestCsr(KeyPair keys) {
    this.keys = keys;
  }

  /** A request for this key that claims nothing yet. */
  public static TestCsr of(KeyPair keys) {
    return new TestCsr(keys);
  }

  /** A request for an RSA key of 2048 bits. */
  public static TestCsr rsa() {
    return new TestCsr(TestKeys.rsa());
  }

  /** In RFC 4514 form, such as {@code CN=web}. */
  public TestCsr subject(String name) {
    subject = new X500Name(name);
    return this;
  }

  public TestCsr dns(String name) {
    return name(GeneralName.dNSName, name);
  }

  public TestCsr ip(String address) {
    return name(GeneralName.iPAddress, address);
  }

  public TestCsr email(String address) {
    return name(GeneralName.rfc822Name, address);
  }

  public TestCsr uri(String uri) {
    return name(GeneralName.uniformResourceIdentifier, uri);
  }

  private TestCsr name(int kind, String text) {
    names.add(new GeneralName(kind, text));
    return this;
  }

  /** Any other extension. */
  public TestCsr extension(ASN1ObjectIdentifier oid, ASN1Encodable value) {
    try {
      extensions.addExtension(oid, true, value);
      return this;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An attribute that is no extension. */
  public TestCsr challengePassword() {
    challengePassword = true;
    return this;
  }

  /** DER, signed by the key. */
  public byte[] build() {
    try {
      if (!names.isEmpty()) {
        extensions.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(new GeneralName[0])));
      }
      var builder = new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic());
      if (!extensions.isEmpty()) {
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      if (challengePassword) {
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_challengePassword, new DERUTF8String("let me in"));
      }
      String algorithm =
          keys.getPrivate().getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
      return builder
          .build(new JcaContentSignerBuilder(algorithm).build(keys.getPrivate()))
          .getEncoded();
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }
}
