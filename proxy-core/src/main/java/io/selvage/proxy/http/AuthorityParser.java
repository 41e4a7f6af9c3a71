// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Parses the value of Host or {@code :authority} (RFC 3986 section 3.2, RFC 9110 section 7.2).
 * Confined to one event loop; remembers the last value, which on a connection is nearly always the
 * next one too.
 */
public final class AuthorityParser {
  private String authority = "";
  private String host = "";
  private int port = -1;

  /**
   * Parses {@code bytes[from, to)}.
   *
   * @param stripPort a port to leave out of {@link #authority()} (strip_matching_host_port); -1 =
   *     none
   * @return why it is refused, or null when the accessors hold it
   */
  public @Nullable Rejection parse(byte[] bytes, int from, int to, int stripPort) {
    authority = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    int colon = authority.lastIndexOf(':');
    host = (colon < 0 ? authority : authority.substring(0, colon)).toLowerCase(Locale.ROOT);
    return null;
  }

  /** As the client sent it, without a stripped port. */
  public String authority() {
    return authority;
  }

  /** Lower case, without port, brackets and trailing dot. */
  public String host() {
    return host;
  }

  /** 1..65535, or -1 when none was given. */
  public int port() {
    return port;
  }
}
