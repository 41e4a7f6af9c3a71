// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;

/**
 * Which algorithm the key of a client certificate is of. The client library goes by the first line
 * of the PEM text, which does not say so for PKCS #8 (RFC 7468, section 10), and takes RSA for
 * granted.
 */
final class ClientKeys {
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";
  private static final String EC = "EC";

  private ClientKeys() {}

  /** Tells the client if it is an elliptic curve's; what cannot be read is its to complain of. */
  static void nameAlgorithm(Config config) {
    pem(config).filter(ClientKeys::isEc).ifPresent(key -> config.setClientKeyAlgo(EC));
  }

  private static Optional<String> pem(Config config) {
    String data = config.getClientKeyData();
    String file = config.getClientKeyFile();
    try {
      if (data != null && !data.isEmpty()) {
        return Optional.of(
            new String(Base64.getDecoder().decode(data.strip()), StandardCharsets.UTF_8));
      }
      return file == null || file.isEmpty()
          ? Optional.empty()
          : Optional.of(Files.readString(Path.of(file)));
    } catch (IllegalArgumentException | IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isEc(String pem) {
    int begin = pem.indexOf(BEGIN);
    int end = pem.indexOf(END);
    if (begin < 0 || end < begin) {
      return false;
    }
    try {
      byte[] key =
          Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end).strip());
      KeyFactory.getInstance(EC).generatePrivate(new PKCS8EncodedKeySpec(key));
      return true;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }
}
