// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/** PEM text (RFC 7468), which may carry explanatory text between its blocks. */
final class Pem {
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  /** Far beyond any chain or bundle in use; a Secret holds at most 1 MiB anyway. */
  private static final int MAX_BLOCKS = 1000;

  private Pem() {}

  /**
   * All blocks in order.
   *
   * @throws IOException if a block is broken or there are too many
   */
  static List<PemObject> read(String text) throws IOException {
    var blocks = new ArrayList<PemObject>();
    try (var reader = new PemReader(new StringReader(text))) {
      for (PemObject block = reader.readPemObject();
          block != null;
          block = reader.readPemObject()) {
        blocks.add(block);
        if (blocks.size() > MAX_BLOCKS) {
          throw new IOException("more than " + MAX_BLOCKS + " blocks");
        }
      }
      return blocks;
    } catch (RuntimeException e) {
      // Broken base64 surfaces as one of Bouncy Castle's unchecked exceptions.
      throw new IOException("a block is not base64", e);
    }
  }

  /** One block. */
  static String write(String type, byte[] der) {
    return "-----BEGIN "
        + type
        + "-----\n"
        + LINES.encodeToString(der)
        + "\n-----END "
        + type
        + "-----\n";
  }
}
