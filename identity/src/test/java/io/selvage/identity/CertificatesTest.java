// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.io.IOException;
import java.io.StringWriter;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificatesTest {
  private static final TestCa ROOT = TestCa.root("root");
  private static final TestCa MIDDLE = ROOT.intermediate("middle");
  private static final Instant NOW = Instant.now();

  @Test
  void acceptsAnEcChainWithItsPkcs8Key() {
    TestCertificate leaf = MIDDLE.leaf("a.example").dns("a.example", "*.b.example").issue();

    var accepted = accepted(Certificates.parseChain(leaf.chainPem(), leaf.keyPem()));

    assertThat(accepted.validityProblem(NOW)).isEmpty();
    assertThat(accepted.dnsNames()).containsExactly("a.example", "*.b.example");
    assertThat(accepted.covers("a.example")).isTrue();
    assertThat(accepted.covers("x.b.example")).isTrue();
    assertThat(accepted.covers("b.example")).isFalse();
    assertThat(accepted.covers("x.y.b.example")).isFalse();
    assertThat(accepted.keyPem()).startsWith("-----BEGIN PRIVATE KEY-----\n");
    assertThat(accepted.toString()).doesNotContain("PRIVATE");
  }

  @Test
  void turnsPkcs1AndSec1KeysIntoPkcs8() throws IOException {
    TestCertificate rsa = ROOT.leaf("rsa.example").dns("rsa.example").rsa().issue();
    TestCertificate ec = ROOT.leaf("ec.example").dns("ec.example").issue();
    // PKCS#1, as openssl genrsa -traditional writes it.
    String pkcs1 = openSsl(rsa.key());
    assertThat(pkcs1).startsWith("-----BEGIN RSA PRIVATE KEY-----");
    var sec1 =
        ECPrivateKey.getInstance(
            PrivateKeyInfo.getInstance(ec.key().getEncoded()).parsePrivateKey().toASN1Primitive());
    var withCurve =
        new ECPrivateKey(
            256,
            sec1.getKey(),
            null,
            PrivateKeyInfo.getInstance(ec.key().getEncoded())
                .getPrivateKeyAlgorithm()
                .getParameters());

    var fromPkcs1 = accepted(Certificates.parseChain(rsa.chainPem(), pkcs1));
    var fromSec1 =
        accepted(
            Certificates.parseChain(
                ec.chainPem(),
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                    + pem("EC PRIVATE KEY", withCurve.getEncoded())));

    assertThat(fromPkcs1.keyPem())
        .isEqualTo(accepted(Certificates.parseChain(rsa.chainPem(), rsa.keyPem())).keyPem());
    assertThat(accepted(Certificates.parseChain(ec.chainPem(), fromSec1.keyPem())).subject())
        .isEqualTo("O=Selvage tests,CN=ec.example");
  }

  @Test
  void rejectsAKeyThatDoesNotFit() {
    TestCertificate one = ROOT.leaf("a.example").dns("a.example").issue();
    TestCertificate other = ROOT.leaf("a.example").dns("a.example").issue();
    TestCertificate rsa = ROOT.leaf("a.example").dns("a.example").rsa().issue();

    assertRejected(Certificates.parseChain(one.chainPem(), other.keyPem()), "KeyMismatch");
    assertRejected(Certificates.parseChain(one.chainPem(), rsa.keyPem()), "KeyMismatch");
    assertRejected(Certificates.parseChain(rsa.chainPem(), one.keyPem()), "KeyMismatch");
  }

  @Test
  void putsIssuersIntoOrderButWantsTheLeafFirst() {
    TestCertificate leaf = MIDDLE.leaf("a.example").dns("a.example").issue();
    List<String> blocks = blocks(leaf.chainPem());
    String root = ROOT.pem();

    var shuffled =
        accepted(
            Certificates.parseChain(blocks.get(0) + root + blocks.get(1) + root, leaf.keyPem()));
    var leafLast = Certificates.parseChain(blocks.get(1) + blocks.get(0), leaf.keyPem());

    assertThat(blocks(shuffled.chainPem())).hasSize(3);
    assertThat(shuffled.chainPem())
        .isEqualTo(
            accepted(Certificates.parseChain(leaf.chainPem() + root, leaf.keyPem())).chainPem());
    assertRejected(leafLast, "ChainOrder");
  }

  @Test
  void rejectsAChainWithAStranger() {
    TestCertificate leaf = MIDDLE.leaf("a.example").dns("a.example").issue();
    String stranger = TestCa.root("stranger").pem();

    assertRejected(
        Certificates.parseChain(leaf.chainPem() + stranger, leaf.keyPem()), "ChainBroken");
  }

  @Test
  void tellsExpiredFromNotYetValid() {
    var leaf =
        ROOT.leaf("a.example")
            .dns("a.example")
            .valid(NOW.plus(Duration.ofHours(1)), NOW.plus(Duration.ofHours(2)))
            .issue();
    var accepted = accepted(Certificates.parseChain(leaf.chainPem(), leaf.keyPem()));
    Instant start = accepted.notBefore();
    Instant end = accepted.notAfter();

    assertThat(accepted.validityProblem(start.minusSeconds(121)))
        .map(ParsedChain.Rejected::reason)
        .contains("CertificateNotYetValid");
    assertThat(accepted.validityProblem(start.minusSeconds(120))).isEmpty();
    assertThat(accepted.validityProblem(end)).isEmpty();
    assertThat(accepted.validityProblem(end.plusSeconds(1)))
        .map(ParsedChain.Rejected::reason)
        .contains("CertificateExpired");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n"
      })
  void rejectsWhatIsNoCertificate(String pem) {
    TestCertificate leaf = ROOT.leaf("a.example").dns("a.example").issue();

    assertRejected(Certificates.parseChain(pem, leaf.keyPem()), "CertificateInvalid");
    assertThat(Certificates.parseBundle(pem)).isInstanceOf(ParsedBundle.Rejected.class);
  }

  @Test
  void rejectsKeysNobodyCanUse() throws GeneralSecurityException, IOException {
    TestCertificate leaf = ROOT.leaf("a.example").dns("a.example").issue();
    String chain = leaf.chainPem();

    assertRejected(Certificates.parseChain(chain, ""), "KeyInvalid");
    assertRejected(Certificates.parseChain(chain, pem("PRIVATE KEY", new byte[7])), "KeyInvalid");
    assertRejected(
        Certificates.parseChain(chain, pem("ENCRYPTED PRIVATE KEY", new byte[7])), "KeyEncrypted");
    assertRejected(
        Certificates.parseChain(
            chain,
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nAAAA\n"
                + "-----END RSA PRIVATE KEY-----\n"),
        "KeyEncrypted");
    assertRejected(Certificates.parseChain(chain, pem(rsa(1024))), "KeyTooWeak");
    assertRejected(Certificates.parseChain(chain, pem(rsa(2048))), "KeyMismatch");
    var generator =
        KeyPairGenerator.getInstance(
            "EC", new org.bouncycastle.jce.provider.BouncyCastleProvider());
    generator.initialize(new ECGenParameterSpec("secp256k1"));
    assertRejected(
        Certificates.parseChain(chain, pem(generator.generateKeyPair())), "KeyTypeNotSupported");
  }

  @Test
  void readsAuthoritiesAndTheirRevocationLists() {
    TestCertificate leaf = ROOT.leaf("a.example").dns("a.example").issue();
    var bundle = bundle(Certificates.parseBundle(ROOT.pem() + "text between\n" + ROOT.pem()));

    assertThat(bundle.names()).containsExactly("O=Selvage tests,CN=root");
    var lists = bundle(Certificates.parseRevocationLists(ROOT.crlPem(leaf.certificate()), bundle));
    assertThat(lists.names()).containsExactly("O=Selvage tests,CN=root");
    assertThat(Certificates.parseRevocationLists(TestCa.root("other").crlPem(), bundle))
        .isInstanceOfSatisfying(
            ParsedBundle.Rejected.class,
            r -> assertThat(r.reason()).isEqualTo("RevocationListForeign"));
    assertThat(Certificates.parseBundle(leaf.chainPem()))
        .isInstanceOfSatisfying(
            ParsedBundle.Rejected.class, r -> assertThat(r.reason()).isEqualTo("NotAnAuthority"));
  }

  private static KeyPair rsa(int bits) throws GeneralSecurityException {
    var generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  private static String pem(KeyPair keys) throws IOException {
    return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
  }

  private static String pem(String type, byte[] der) throws IOException {
    var text = new StringWriter();
    try (var writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, der));
    }
    return text.toString();
  }

  private static String openSsl(PrivateKey key) throws IOException {
    var text = new StringWriter();
    try (var writer = new PemWriter(text)) {
      writer.writeObject(new JcaMiscPEMGenerator(key));
    }
    return text.toString();
  }

  private static List<String> blocks(String pem) {
    return List.of(pem.split("(?<=-----END CERTIFICATE-----\n)"));
  }

  private static ParsedChain.Accepted accepted(ParsedChain parsed) {
    assertThat(parsed).isInstanceOf(ParsedChain.Accepted.class);
    return (ParsedChain.Accepted) parsed;
  }

  private static CertificateBundle bundle(ParsedBundle parsed) {
    assertThat(parsed).isInstanceOf(ParsedBundle.Accepted.class);
    return ((ParsedBundle.Accepted) parsed).bundle();
  }

  private static void assertRejected(ParsedChain parsed, String reason) {
    assertThat(parsed)
        .isInstanceOfSatisfying(
            ParsedChain.Rejected.class,
            r -> {
              assertThat(r.reason()).as(r.message()).isEqualTo(reason);
              assertThat(r.message()).doesNotContain("BEGIN");
            });
  }
}
