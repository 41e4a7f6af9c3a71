// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.token;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadKeys;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;

/**
 * The key that signs and verifies workload tokens, ECDSA P-256. Both halves are in one file, so
 * that they can never be of two different keys.
 *
 * @param secret signs; never printed
 * @param open verifies
 */
public record TokenKey(PrivateKey secret, PublicKey open) {
  public TokenKey {
    requireNonNull(secret, "secret");
    requireNonNull(open, "open");
  }

  /**
   * Reads what {@link #pem()} writes.
   *
   * @throws IllegalArgumentException saying what is wrong, without the key
   */
  public static TokenKey parse(String pem) {
    PrivateKey secret = WorkloadKeys.parse(pem);
    List<byte[]> open = PemText.read("PUBLIC KEY", pem);
    if (open.size() != 1) {
      throw new IllegalArgumentException("there is not exactly one public key in PEM form");
    }
    try {
      PublicKey key =
          KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(open.getFirst()));
      if (!WorkloadKeys.isP256(key) || !WorkloadKeys.fits(secret, key)) {
        throw new IllegalArgumentException("the public key is not that of the private key");
      }
      return new TokenKey(secret, key);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the public key is not an EC key", e);
    }
  }

  /** Both halves, PKCS#8 and SubjectPublicKeyInfo. */
  public String pem() {
    return WorkloadKeys.pem(secret) + PemText.write("PUBLIC KEY", open.getEncoded());
  }

  /** Nothing of the key. */
  @Override
  public String toString() {
    return "TokenKey[]";
  }
}
