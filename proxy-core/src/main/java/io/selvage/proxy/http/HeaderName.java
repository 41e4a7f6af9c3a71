// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import java.nio.charset.StandardCharsets;

/**
 * Numbers for the header names the data path treats specially, so that a rule is an integer
 * comparison. A name is recognised once, when a head is parsed, without regard to case.
 */
public final class HeaderName {
  /** Any name without a number. */
  public static final int OTHER = 0;

  public static final int HOST = 1;
  public static final int CONNECTION = 2;
  public static final int KEEP_ALIVE = 3;
  public static final int PROXY_CONNECTION = 4;
  public static final int TRANSFER_ENCODING = 5;
  public static final int TE = 6;
  public static final int TRAILER = 7;
  public static final int UPGRADE = 8;
  public static final int CONTENT_LENGTH = 9;
  public static final int EXPECT = 10;
  public static final int X_FORWARDED_FOR = 11;
  public static final int X_FORWARDED_PROTO = 12;
  public static final int X_FORWARDED_HOST = 13;
  public static final int X_FORWARDED_PORT = 14;
  public static final int X_REAL_IP = 15;
  public static final int FORWARDED = 16;
  public static final int X_REQUEST_ID = 17;
  public static final int TRACEPARENT = 18;
  public static final int TRACESTATE = 19;
  public static final int B3 = 20;
  public static final int X_B3_TRACEID = 21;
  public static final int X_B3_SPANID = 22;
  public static final int X_B3_SAMPLED = 23;
  public static final int USER_AGENT = 24;
  public static final int COOKIE = 25;
  public static final int ORIGIN = 26;
  public static final int ACCESS_CONTROL_REQUEST_METHOD = 27;
  public static final int ACCESS_CONTROL_REQUEST_HEADERS = 28;
  public static final int CONTENT_TYPE = 29;
  public static final int SERVER = 30;
  public static final int DATE = 31;
  public static final int LOCATION = 32;
  public static final int SET_COOKIE = 33;
  public static final int GRPC_STATUS = 34;
  public static final int GRPC_TIMEOUT = 35;
  public static final int HTTP2_SETTINGS = 36;
  public static final int AUTHORIZATION = 37;
  public static final int PROXY_AUTHENTICATE = 38;
  public static final int PROXY_AUTHORIZATION = 39;
  public static final int RETRY_AFTER = 40;
  public static final int X_ENVOY_ORIGINAL_PATH = 41;
  public static final int SEC_WEBSOCKET_KEY = 42;
  public static final int SEC_WEBSOCKET_VERSION = 43;
  public static final int X_B3_PARENTSPANID = 44;
  public static final int X_B3_FLAGS = 45;
  public static final int X_FORWARDED_CLIENT_CERT = 46;
  public static final int REFERER = 47;

  private static final String[] NAMES = {
    "",
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "content-length",
    "expect",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "forwarded",
    "x-request-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "user-agent",
    "cookie",
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "content-type",
    "server",
    "date",
    "location",
    "set-cookie",
    "grpc-status",
    "grpc-timeout",
    "http2-settings",
    "authorization",
    "proxy-authenticate",
    "proxy-authorization",
    "retry-after",
    "x-envoy-original-path",
    "sec-websocket-key",
    "sec-websocket-version",
    "x-b3-parentspanid",
    "x-b3-flags",
    "x-forwarded-client-cert",
    "referer"
  };

  private static final byte[][] BYTES = new byte[NAMES.length][];
  // Open addressing over (length, first byte, last byte); built once, read by all loops.
  private static final byte[] TABLE = new byte[512];

  static {
    for (int id = 1; id < NAMES.length; id++) {
      byte[] b = NAMES[id].getBytes(StandardCharsets.US_ASCII);
      BYTES[id] = b;
      int slot = hash(b, 0, b.length);
      while (TABLE[slot] != 0) {
        slot = (slot + 1) & (TABLE.length - 1);
      }
      TABLE[slot] = (byte) id;
    }
  }

  private HeaderName() {}

  /** The number of the name in {@code bytes[from, to)}, or {@link #OTHER}. */
  public static int idOf(byte[] bytes, int from, int to) {
    int length = to - from;
    if (length == 0) {
      return OTHER;
    }
    int slot = hash(bytes, from, length);
    int id;
    while ((id = TABLE[slot]) != 0) {
      if (equalsIgnoreCase(BYTES[id], bytes, from, length)) {
        return id;
      }
      slot = (slot + 1) & (TABLE.length - 1);
    }
    return OTHER;
  }

  /** The lower-case text of a numbered name. */
  public static String text(int id) {
    return NAMES[id];
  }

  /** True if {@code lower} (lower case) equals the name at {@code bytes[from, from+length)}. */
  public static boolean equalsIgnoreCase(byte[] lower, byte[] bytes, int from, int length) {
    if (lower.length != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      byte c = bytes[from + i];
      if (c >= 'A' && c <= 'Z') {
        c |= 0x20;
      }
      if (c != lower[i]) {
        return false;
      }
    }
    return true;
  }

  private static int hash(byte[] b, int from, int length) {
    int first = b[from] | 0x20;
    int last = b[from + length - 1] | 0x20;
    int mid = b[from + length / 2] | 0x20;
    return (length * 31 + first * 7 + last * 131 + mid * 17) & (TABLE.length - 1);
  }
}
