// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/**
 * A request target in origin form, normalised: dot segments removed, unreserved percent escapes
 * decoded, slashes merged where configured. Where messages pass unchanged it is the client's, byte
 * by byte, and may be in absolute form. Immutable.
 *
 * @param path begins with {@code /}, without query; {@code *} for OPTIONS *; of an absolute form
 *     all before the question mark
 * @param query after the question mark, as received; null-free: empty means none
 * @param hasQuery true if there was a question mark
 */
public record RequestTarget(String path, String query, boolean hasQuery) {
  public static final RequestTarget ROOT = new RequestTarget("/", "", false);

  /** Path and query as sent upstream when nothing rewrites them. */
  @Override
  public String toString() {
    return hasQuery ? path + '?' + query : path;
  }
}
