// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.selvage.identity.workload.WorkloadLeaf;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.routing.KeyMaterial;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A leaf with its key, read and checked: the chain parses, the leaf names one workload, the key
 * fits.
 *
 * @param chain leaf first
 */
record MeshCredentials(PrivateKey key, List<X509Certificate> chain, WorkloadIdentity identity) {
  private static final byte[] PROBE = "selvage".getBytes(US_ASCII);
  private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String KEY_END = "-----END PRIVATE KEY-----";

  /**
   * @throws GeneralSecurityException naming what is wrong with which material, without secrets
   */
  static MeshCredentials read(KeyMaterial material) throws GeneralSecurityException {
    List<X509Certificate> chain = certificates(material.chainPem(), material.name());
    PrivateKey key = key(material, chain.getFirst().getPublicKey());
    if (!fits(key, chain.getFirst().getPublicKey())) {
      throw new GeneralSecurityException(
          "the key of " + material.name() + " does not fit its leaf");
    }
    try {
      return new MeshCredentials(key, chain, WorkloadLeaf.identityOf(chain.getFirst()));
    } catch (CertificateException e) {
      throw new GeneralSecurityException(material.name() + ": " + e.getMessage(), e);
    }
  }

  /**
   * The certificates of a PEM text.
   *
   * @throws GeneralSecurityException if there is none, or one does not parse
   */
  static List<X509Certificate> certificates(String pem, String what)
      throws GeneralSecurityException {
    List<X509Certificate> found = new ArrayList<>();
    try {
      CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes(US_ASCII)))
          .forEach(one -> found.add((X509Certificate) one));
    } catch (CertificateException e) {
      throw new GeneralSecurityException(what + ": a certificate does not parse", e);
    }
    if (found.isEmpty()) {
      throw new GeneralSecurityException(what + ": there is no certificate");
    }
    return List.copyOf(found);
  }

  private static PrivateKey key(KeyMaterial material, PublicKey fitting)
      throws GeneralSecurityException {
    String pem = material.keyPem();
    int begin = pem.indexOf(KEY_BEGIN);
    int end = pem.indexOf(KEY_END);
    if (begin < 0 || end < begin) {
      throw new GeneralSecurityException(material.name() + ": there is no PKCS#8 key");
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin + KEY_BEGIN.length(), end));
      return KeyFactory.getInstance(fitting.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(der));
    } catch (IllegalArgumentException | InvalidKeySpecException e) {
      throw new GeneralSecurityException(
          material.name() + ": the key does not parse or is not of its leaf's kind");
    }
  }

  /** BoringSSL would find a foreign key at the first handshake only. */
  private static boolean fits(PrivateKey key, PublicKey open) throws GeneralSecurityException {
    String algorithm =
        switch (open.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> open.getAlgorithm();
        };
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(key);
    signer.update(PROBE);
    byte[] signature = signer.sign();
    signer.initVerify(open);
    signer.update(PROBE);
    try {
      return signer.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** End of the leaf in milliseconds since 1970. */
  long notAfterMillis() {
    return chain.getFirst().getNotAfter().toInstant().toEpochMilli();
  }
}
