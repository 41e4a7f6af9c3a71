// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import io.selvage.identity.PrivateKeyReader;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.ECKey;
import java.security.spec.PKCS8EncodedKeySpec;

/** Keys of authorities, which may come from elsewhere and be of other kinds than ours. */
final class AuthorityKeys {
  private AuthorityKeys() {}

  /** A key that was understood, or why not. */
  sealed interface Parsed {
    record Key(PrivateKey key) implements Parsed {}

    record Rejected(String reason, String message) implements Parsed {}
  }

  /** Reads EC (P-256, P-384, P-521) and RSA keys, as cert-manager writes them. */
  static Parsed parse(String pem) {
    return switch (PrivateKeyReader.read(pem)) {
      case PrivateKeyReader.Read.Rejected(String reason, String message) ->
          new Parsed.Rejected(reason, message);
      case PrivateKeyReader.Read.Pkcs8 pkcs8 -> {
        for (String kind : new String[] {"EC", "RSA"}) {
          try {
            yield new Parsed.Key(
                KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(pkcs8.der())));
          } catch (GeneralSecurityException e) {
            // Of the other kind.
          }
        }
        yield new Parsed.Rejected(
            "KeyTypeNotSupported", "the key of the issuer is neither of type EC nor RSA");
      }
    };
  }

  /** How a key signs certificates, by the strength that fits it. */
  static String algorithm(PrivateKey key) {
    if (key instanceof ECKey ec) {
      int bits = ec.getParams().getOrder().bitLength();
      return bits > 384 ? "SHA512withECDSA" : bits > 256 ? "SHA384withECDSA" : "SHA256withECDSA";
    }
    return "SHA256withRSA";
  }
}
