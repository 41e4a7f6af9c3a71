// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/** The character rules of field names and values (RFC 9110 sections 5.1, 5.5 and 5.6.2). */
public final class FieldText {
  /** Class of a byte that may not stand in a token. */
  public static final byte NO_TOKEN = 0;

  /** Class of a token byte. */
  public static final byte TOKEN = 1;

  /** Class of the underscore: a token byte that a policy may forbid in names. */
  public static final byte UNDERSCORE = 2;

  private static final byte[] CLASSES = new byte[256];

  static {
    String marks = "!#$%&'*+-.^`|~";
    for (int c = 0; c < 128; c++) {
      boolean letterOrDigit = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
      CLASSES[c] = letterOrDigit || marks.indexOf(c) >= 0 ? TOKEN : NO_TOKEN;
    }
    CLASSES['_'] = UNDERSCORE;
  }

  private FieldText() {}

  /** {@link #NO_TOKEN}, {@link #TOKEN} or {@link #UNDERSCORE}. */
  public static byte classOf(byte b) {
    return CLASSES[b & 0xff];
  }

  /** True for a byte of a field value: visible, space, tab or above 0x7f. */
  public static boolean isValueByte(byte b) {
    return b >= 0x20 ? b != 0x7f : b < 0 || b == '\t';
  }

  /** True if {@code bytes[from, to)} is a token (a method, a field name). */
  public static boolean isToken(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (CLASSES[bytes[i] & 0xff] == NO_TOKEN) {
        return false;
      }
    }
    return to > from;
  }

  /** True if every byte of {@code bytes[from, to)} may stand in a field value. */
  public static boolean isValue(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (!isValueByte(bytes[i])) {
        return false;
      }
    }
    return true;
  }

  /**
   * The value of a content-length field: digits only (RFC 9110 section 8.6).
   *
   * @return -1 if it is anything else, a list included, or beyond 2^63
   */
  public static long contentLength(byte[] bytes, int from, int to) {
    if (from == to || to - from > 19) {
      return -1;
    }
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }
}
