// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/**
 * A request target in origin form, normalised: dot segments removed, unreserved percent escapes
 * decoded, slashes merged where configured. Immutable.
 *
 * @param path begins with {@code /}, without query; {@code *} for OPTIONS *
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
