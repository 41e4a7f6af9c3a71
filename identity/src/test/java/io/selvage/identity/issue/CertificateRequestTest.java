// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.issue.CertificateRequest.Parsed;
import io.selvage.identity.workload.CertificateRequests;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.testkit.TestCsr;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Random;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;

class CertificateRequestTest {
  private final KeyPair keys = WorkloadKeys.create();

  @Test
  void aWorkloadsOwnRequestClaimsNothing() {
    CertificateRequest request = accepted(CertificateRequests.create(keys));
    assertThat(request.key()).isEqualTo(keys.getPublic());
    assertThat(request.commonNames()).isEmpty();
    assertThat(request.uris()).isEmpty();
    assertThat(request.claims()).isEmpty();
  }

  @Test
  void harmlessExtensionsAreNoClaims() {
    byte[] der =
        TestCsr.of(keys)
            .extension(Extension.basicConstraints, new BasicConstraints(false))
            .extension(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature))
            .extension(
                Extension.extendedKeyUsage,
                new ExtendedKeyUsage(
                    new KeyPurposeId[] {
                      KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                    }))
            .build();
    assertThat(accepted(der).claims()).isEmpty();
  }

  @Test
  void collectsNamesOfEveryKind() {
    byte[] der =
        TestCsr.of(keys)
            .subject("CN=root,O=evil")
            .dns("a.example")
            .ip("10.0.0.1")
            .email("a@b.example")
            .uri("spiffe://x/ns/a/sa/b")
            .build();
    CertificateRequest request = accepted(der);
    assertThat(request.commonNames()).containsExactly("root");
    assertThat(request.uris()).containsExactly("spiffe://x/ns/a/sa/b");
    assertThat(request.claims())
        .containsExactlyInAnyOrder(
            "subject O=evil",
            "DNS name a.example",
            "IP address #0a000001",
            "e-mail address a@b.example");
  }

  @Test
  void collectsWhatAnAuthorityWouldBeGiven() {
    byte[] der =
        TestCsr.of(keys)
            .extension(Extension.basicConstraints, new BasicConstraints(true))
            .extension(Extension.keyUsage, new KeyUsage(KeyUsage.keyCertSign))
            .extension(
                Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.id_kp_codeSigning))
            .extension(new ASN1ObjectIdentifier("1.2.3.4"), DERNull.INSTANCE)
            .challengePassword()
            .build();
    assertThat(accepted(der).claims())
        .containsExactlyInAnyOrder(
            "basic constraints CA:TRUE",
            "a key usage other than digital signature",
            "key purpose " + KeyPurposeId.id_kp_codeSigning.getId(),
            "extension 1.2.3.4",
            "attribute 1.2.840.113549.1.9.7");
  }

  @Test
  void claimsAreFitForALine() {
    byte[] der = TestCsr.of(keys).subject("CN=a\u0007b,O=" + "x".repeat(1000)).build();
    CertificateRequest request = accepted(der);
    assertThat(request.commonNames()).containsExactly("a?b");
    assertThat(request.claims().getFirst()).hasSizeLessThan(320);
  }

  @Test
  void onlyP256() throws GeneralSecurityException {
    assertThat(reason(TestCsr.rsa().build())).isEqualTo("KeyNotSupported");
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp384r1"));
    assertThat(reason(TestCsr.of(generator.generateKeyPair()).build()))
        .isEqualTo("KeyNotSupported");
  }

  @Test
  void theKeyMustBeProven() {
    var mixed = new KeyPair(keys.getPublic(), WorkloadKeys.create().getPrivate());
    assertThat(reason(CertificateRequests.create(mixed))).isEqualTo("SignatureInvalid");
  }

  @Test
  void everyChangedByteIsRefused() {
    byte[] good = CertificateRequests.create(keys);
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 0x01;
      assertThat(CertificateRequest.parse(bad)).as("byte " + i).isInstanceOf(Parsed.Rejected.class);
    }
  }

  @Test
  void nothingMayFollowAndNothingMayBeMissing() {
    byte[] good = CertificateRequests.create(keys);
    assertThat(reason(Arrays.copyOf(good, good.length + 1))).isEqualTo("RequestInvalid");
    for (int length = 1; length < good.length; length++) {
      assertThat(reason(Arrays.copyOf(good, length))).isEqualTo("RequestInvalid");
    }
    assertThat(reason(new byte[0])).isEqualTo("RequestEmpty");
  }

  @Test
  void onlyDer() {
    byte[] der = CertificateRequests.create(keys);
    // The outer length in one byte more than it needs: BER, and another hash of the same content.
    int header = der[1] == (byte) 0x82 ? 4 : 3;
    int content = der.length - header;
    byte[] ber = new byte[content + 5];
    ber[0] = 0x30;
    ber[1] = (byte) 0x83;
    ber[2] = 0;
    ber[3] = (byte) (content >> 8);
    ber[4] = (byte) content;
    System.arraycopy(der, header, ber, 5, content);
    assertThat(reason(ber)).isEqualTo("RequestInvalid");
  }

  @Test
  void theSizeIsBounded() {
    int padding = CertificateRequest.MAX_BYTES - 1_000;
    byte[] most = {};
    // A signature has 70 to 72 bytes: the padding is corrected until one has the length wanted.
    for (int i = 0; i < 200 && most.length != CertificateRequest.MAX_BYTES; i++) {
      most = TestCsr.of(keys).uri("a".repeat(padding)).build();
      padding += CertificateRequest.MAX_BYTES - most.length;
    }
    assertThat(most).hasSize(CertificateRequest.MAX_BYTES);
    accepted(most);
    assertThat(reason(new byte[CertificateRequest.MAX_BYTES])).isEqualTo("RequestInvalid");
    assertThat(reason(new byte[CertificateRequest.MAX_BYTES + 1])).isEqualTo("RequestTooLarge");
  }

  @Test
  void noBytesAtAllMakeItThrow() {
    var random = new Random(3);
    byte[] good = TestCsr.of(keys).subject("CN=a").dns("b").build();
    for (int i = 0; i < 3000; i++) {
      byte[] bad = good.clone();
      for (int n = random.nextInt(6); n >= 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      assertThat(CertificateRequest.parse(bad)).isNotNull();
    }
  }

  private static CertificateRequest accepted(byte[] der) {
    assertThat(CertificateRequest.parse(der)).isInstanceOf(Parsed.Accepted.class);
    return ((Parsed.Accepted) CertificateRequest.parse(der)).request();
  }

  private static String reason(byte[] der) {
    assertThat(CertificateRequest.parse(der)).isInstanceOf(Parsed.Rejected.class);
    return ((Parsed.Rejected) CertificateRequest.parse(der)).reason();
  }
}
