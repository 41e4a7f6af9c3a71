// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;

/** The one kind of key workloads have: ECDSA on the curve P-256. */
public final class WorkloadKeys {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Parameters of the curve P-256, loaded on first use. */
  private static final class Curve {
    static final ECParameterSpec P256 = load();

    private static ECParameterSpec load() {
      try {
        var parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        return parameters.getParameterSpec(ECParameterSpec.class);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every Java platform has P-256", e);
      }
    }
  }

  private WorkloadKeys() {}

  /** A fresh key. */
  public static KeyPair create() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has P-256", e);
    }
  }

  /** The key as PKCS#8 in PEM, not encrypted. */
  public static String pem(PrivateKey key) {
    return PemText.write("PRIVATE KEY", key.getEncoded());
  }

  /**
   * Reads what {@link #pem} writes.
   *
   * @throws IllegalArgumentException if it is not exactly one P-256 key; the message shows nothing
   *     of it
   */
  public static ECPrivateKey parse(String pem) {
    List<byte[]> blocks = PemText.read("PRIVATE KEY", pem);
    if (blocks.size() != 1) {
      throw new IllegalArgumentException("there is not exactly one private key in PKCS#8 PEM");
    }
    try {
      var key =
          KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(blocks.getFirst()));
      if (key instanceof ECPrivateKey ec && isP256(ec.getParams())) {
        return ec;
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the private key is not an EC key");
    }
    throw new IllegalArgumentException("the private key is not on the curve P-256");
  }

  /** Whether a public key is an EC key on P-256. */
  public static boolean isP256(PublicKey key) {
    return key instanceof ECPublicKey ec && isP256(ec.getParams());
  }

  private static boolean isP256(ECParameterSpec spec) {
    ECParameterSpec wanted = Curve.P256;
    return spec.getCurve().equals(wanted.getCurve())
        && spec.getGenerator().equals(wanted.getGenerator())
        && spec.getOrder().equals(wanted.getOrder())
        && BigInteger.valueOf(spec.getCofactor()).equals(BigInteger.valueOf(wanted.getCofactor()));
  }

  /** Whether the two belong together, by signing and verifying. */
  public static boolean fits(PrivateKey key, PublicKey open) {
    try {
      var signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(key);
      byte[] text = {'f', 'i', 't', 's'};
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(open);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
