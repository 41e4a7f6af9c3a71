// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import java.io.IOException;
import java.nio.file.Path;

/** The key of workload tokens, in the identity folder. */
public final class TokenKeyFile {
  /** Readable by its owner alone: whoever reads it can be any workload. */
  static final String NAME = "token.key";

  private TokenKeyFile() {}

  /**
   * Reads the key, or makes it if there is none; two processes that do so at once get the same.
   *
   * @throws IOException naming the file, if it cannot be read or made, or is damaged
   */
  public static TokenKey openOrCreate(Path identityDir) throws IOException {
    Path file = identityDir.resolve(NAME);
    try {
      PrivateFiles.createFolder(identityDir);
      String text = PrivateFiles.read(file);
      if (text.isEmpty()) {
        PrivateFiles.create(file, WorkloadTokens.newKey().pem());
        text = PrivateFiles.read(file);
      }
      return TokenKey.parse(text);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    } catch (IOException | UnsupportedOperationException e) {
      throw new IOException(file + " cannot be read or made: " + e, e);
    }
  }
}
