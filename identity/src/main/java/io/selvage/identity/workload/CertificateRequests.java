// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;

/**
 * Certificate requests of workloads: PKCS#10 (RFC 2986) in DER that claims nothing. The subject is
 * empty and no name is asked for, since who asks is in the token alone.
 */
public final class CertificateRequests {
  private static final int INTEGER = 0x02;
  private static final int BIT_STRING = 0x03;
  private static final int SEQUENCE = 0x30;
  private static final int ATTRIBUTES = 0xa0;

  /** SEQUENCE of the object identifier ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 3.2). */
  private static final byte[] ECDSA_WITH_SHA256 = {
    0x30, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
  };

  private CertificateRequests() {}

  /**
   * A request for a certificate of this key, signed with it.
   *
   * @param keys of {@link WorkloadKeys#create()}
   * @return DER
   * @throws IllegalArgumentException if the key cannot sign by ECDSA
   */
  public static byte[] create(KeyPair keys) {
    byte[] version = der(INTEGER, new byte[] {0});
    byte[] subject = der(SEQUENCE);
    byte[] attributes = der(ATTRIBUTES);
    byte[] info = der(SEQUENCE, version, subject, keys.getPublic().getEncoded(), attributes);
    try {
      var signer = Signature.getInstance("SHA256withECDSA");
      signer.initSign(keys.getPrivate());
      signer.update(info);
      byte[] noUnusedBits = {0};
      return der(SEQUENCE, info, ECDSA_WITH_SHA256, der(BIT_STRING, noUnusedBits, signer.sign()));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the key cannot sign", e);
    }
  }

  /** Tag, length and value (X.690 8.1.3); at most 65535 bytes, far above any request of ours. */
  private static byte[] der(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] part : parts) {
      length += part.length;
    }
    var out = new ByteArrayOutputStream(length + 4);
    out.write(tag);
    if (length >= 0x100) {
      out.write(0x82);
      out.write(length >> 8);
    } else if (length >= 0x80) {
      out.write(0x81);
    }
    out.write(length);
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
