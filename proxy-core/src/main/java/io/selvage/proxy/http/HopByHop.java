// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import org.jspecify.annotations.Nullable;

/** Fields that concern one connection only (RFC 9110 section 7.6.1). */
public final class HopByHop {
  private static final boolean[] NEVER_FORWARDED = new boolean[128];

  static {
    for (int id :
        new int[] {
          HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.PROXY_CONNECTION,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.TE,
          HeaderName.UPGRADE,
          HeaderName.HTTP2_SETTINGS
        }) {
      NEVER_FORWARDED[id] = true;
    }
  }

  private HopByHop() {}

  /** True if an HTTP/1.1 encoder leaves the field out and writes its own where it needs one. */
  public static boolean isHopByHop(int id) {
    return NEVER_FORWARDED[id];
  }

  /**
   * True if the whole trailer section must be dropped: it holds a field of framing, routing,
   * authentication or connection control (RFC 9110 section 6.5.1), which a recipient might merge
   * into the head.
   */
  public static boolean isForbiddenInTrailers(HeaderBlock trailers) {
    for (int i = 0; i < trailers.count(); i++) {
      int id = trailers.id(i);
      switch (id) {
        case HeaderName.HOST,
            HeaderName.CONTENT_LENGTH,
            HeaderName.TRAILER,
            HeaderName.EXPECT,
            HeaderName.COOKIE,
            HeaderName.SET_COOKIE,
            HeaderName.AUTHORIZATION,
            HeaderName.PROXY_AUTHENTICATE,
            HeaderName.PROXY_AUTHORIZATION,
            HeaderName.CONTENT_TYPE,
            HeaderName.LOCATION,
            HeaderName.X_FORWARDED_FOR,
            HeaderName.X_FORWARDED_PROTO,
            HeaderName.X_FORWARDED_HOST,
            HeaderName.X_FORWARDED_PORT,
            HeaderName.X_FORWARDED_CLIENT_CERT,
            HeaderName.X_REAL_IP,
            HeaderName.FORWARDED,
            HeaderName.X_REQUEST_ID -> {
          return true;
        }
        default -> {
          if (NEVER_FORWARDED[id]) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /**
   * Drops the fields a Connection value nominates. Runs before any field of ours is added, so a
   * client cannot nominate ours away; the fields that frame and route the message have been read by
   * then and are written anew.
   *
   * @param value index of the Connection field
   */
  public static void dropNominated(HeaderBlock headers, int value) {
    byte[] bytes = headers.array();
    int from = headers.valueStart(value);
    int end = headers.valueEnd(value);
    while (from < end) {
      int to = from;
      while (to < end && bytes[to] != ',') {
        to++;
      }
      byte[] name = lowerTrimmed(bytes, from, to);
      if (name != null) {
        dropNamed(headers, name);
      }
      from = to + 1;
    }
  }

  private static void dropNamed(HeaderBlock headers, byte[] name) {
    int id = HeaderName.idOf(name, 0, name.length);
    // Upgrade is never forwarded as it is, but a 101 must be compared with it.
    if (id != HeaderName.HOST
        && id != HeaderName.CONTENT_LENGTH
        && id != HeaderName.CONNECTION
        && id != HeaderName.UPGRADE) {
      headers.dropAll(name);
    }
  }

  private static byte @Nullable [] lowerTrimmed(byte[] bytes, int from, int to) {
    while (from < to && (bytes[from] == ' ' || bytes[from] == '\t')) {
      from++;
    }
    while (to > from && (bytes[to - 1] == ' ' || bytes[to - 1] == '\t')) {
      to--;
    }
    if (from == to) {
      return null;
    }
    byte[] name = new byte[to - from];
    for (int i = from; i < to; i++) {
      byte b = bytes[i];
      name[i - from] = b >= 'A' && b <= 'Z' ? (byte) (b | 0x20) : b;
    }
    return name;
  }
}
