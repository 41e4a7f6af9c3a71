// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;

/** The static table of RFC 7541 appendix A. */
final class HpackStaticTable {
  static final int SIZE = 61;

  static final int METHOD = 2;
  static final int PATH = 4;
  static final int SCHEME_HTTP = 6;
  static final int SCHEME_HTTPS = 7;
  static final int STATUS = 8;
  static final int AUTHORITY = 1;

  private static final String[] TEXT = {
    ":authority",
    "",
    ":method",
    "GET",
    ":method",
    "POST",
    ":path",
    "/",
    ":path",
    "/index.html",
    ":scheme",
    "http",
    ":scheme",
    "https",
    ":status",
    "200",
    ":status",
    "204",
    ":status",
    "206",
    ":status",
    "304",
    ":status",
    "400",
    ":status",
    "404",
    ":status",
    "500",
    "accept-charset",
    "",
    "accept-encoding",
    "gzip, deflate",
    "accept-language",
    "",
    "accept-ranges",
    "",
    "accept",
    "",
    "access-control-allow-origin",
    "",
    "age",
    "",
    "allow",
    "",
    "authorization",
    "",
    "cache-control",
    "",
    "content-disposition",
    "",
    "content-encoding",
    "",
    "content-language",
    "",
    "content-length",
    "",
    "content-location",
    "",
    "content-range",
    "",
    "content-type",
    "",
    "cookie",
    "",
    "date",
    "",
    "etag",
    "",
    "expect",
    "",
    "expires",
    "",
    "from",
    "",
    "host",
    "",
    "if-match",
    "",
    "if-modified-since",
    "",
    "if-none-match",
    "",
    "if-range",
    "",
    "if-unmodified-since",
    "",
    "last-modified",
    "",
    "link",
    "",
    "location",
    "",
    "max-forwards",
    "",
    "proxy-authenticate",
    "",
    "proxy-authorization",
    "",
    "range",
    "",
    "referer",
    "",
    "refresh",
    "",
    "retry-after",
    "",
    "server",
    "",
    "set-cookie",
    "",
    "strict-transport-security",
    "",
    "transfer-encoding",
    "",
    "user-agent",
    "",
    "vary",
    "",
    "via",
    "",
    "www-authenticate",
    ""
  };

  private static final HpackField[] FIELDS = new HpackField[SIZE + 1];
  private static final byte[][] NAMES = new byte[SIZE + 1][];
  // Static index by HeaderName number, for the names that have one.
  private static final byte[] BY_ID = new byte[128];

  static {
    for (int i = 1; i <= SIZE; i++) {
      HpackField f = HpackField.of(TEXT[i * 2 - 2], TEXT[i * 2 - 1]);
      FIELDS[i] = f;
      NAMES[i] = TEXT[i * 2 - 2].getBytes(StandardCharsets.US_ASCII);
      if (f.id != HeaderName.OTHER && BY_ID[f.id] == 0) {
        BY_ID[f.id] = (byte) i;
      }
    }
  }

  private HpackStaticTable() {}

  /** Entry 1..61. */
  static HpackField get(int index) {
    return FIELDS[index];
  }

  /**
   * Index of a name, or 0.
   *
   * @param id the name's HeaderName number if it has one
   * @param name lower-case name at {@code name[from, from + length)}
   */
  static int indexOfName(int id, byte[] name, int from, int length) {
    if (id != HeaderName.OTHER) {
      return BY_ID[id];
    }
    // 47 plain names follow the pseudo names; the first byte rules out nearly all of them.
    byte first = name[from];
    for (int i = 15; i <= SIZE; i++) {
      byte[] candidate = NAMES[i];
      if (candidate[0] == first && HeaderName.equalsIgnoreCase(candidate, name, from, length)) {
        return i;
      }
    }
    return 0;
  }
}
