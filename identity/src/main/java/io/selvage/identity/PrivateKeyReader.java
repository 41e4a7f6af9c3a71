// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import java.io.IOException;

/** Private keys in PEM of the forms that are met, for the packages of this module. */
public final class PrivateKeyReader {
  private PrivateKeyReader() {}

  /** What a text turned out to be. */
  public sealed interface Read {
    /** A key. Not a record: nothing prints or compares it. */
    final class Pkcs8 implements Read {
      private final byte[] der;

      Pkcs8(byte[] der) {
        this.der = der;
      }

      /** PKCS#8. */
      public byte[] der() {
        return der.clone();
      }
    }

    /**
     * No key that could be used.
     *
     * @param reason stable CamelCase word
     * @param message for a person, without key material
     */
    record Rejected(String reason, String message) implements Read {}
  }

  /** Reads the key of a text, PKCS#8, PKCS#1 or SEC 1; other blocks beside it are skipped. */
  public static Read read(String pem) {
    try {
      return switch (PrivateKeys.parse(pem)) {
        case PrivateKeys.Parsed.Key(var info) -> new Read.Pkcs8(info.getEncoded());
        case PrivateKeys.Parsed.Rejected(String reason, String message) ->
            new Read.Rejected(reason, message);
      };
    } catch (IOException e) {
      return new Read.Rejected("KeyInvalid", "the private key does not parse");
    }
  }
}
