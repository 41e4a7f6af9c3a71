// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.proxy.http.FieldText;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Questions about comma-separated field values, asked of the bytes. */
final class Tokens {
  private static final byte[] CHUNKED = bytes("chunked");
  private static final byte[][] CODINGS = {
    bytes("gzip"), bytes("x-gzip"), bytes("deflate"), bytes("compress"), bytes("x-compress")
  };

  private Tokens() {}

  static byte[] bytes(String ascii) {
    return ascii.getBytes(StandardCharsets.US_ASCII);
  }

  /** True if the whole value is {@code lower}, whatever its case. */
  static boolean valueIs(HeaderBlock fields, int i, byte[] lower) {
    int from = fields.valueStart(i);
    return HeaderName.equalsIgnoreCase(lower, fields.array(), from, fields.valueEnd(i) - from);
  }

  /** True if one element of the list is {@code lower}. */
  static boolean contains(HeaderBlock fields, int i, byte[] lower) {
    byte[] bytes = fields.array();
    int at = fields.valueStart(i);
    int end = fields.valueEnd(i);
    while (at < end) {
      int to = elementEnd(bytes, at, end);
      int from = skipBlank(bytes, at, to);
      int last = trimEnd(bytes, from, to);
      if (HeaderName.equalsIgnoreCase(lower, bytes, from, last - from)) {
        return true;
      }
      at = to + 1;
    }
    return false;
  }

  /** The first element in lower case; empty if it is not a token with an optional version. */
  static String firstLower(HeaderBlock fields, int i) {
    byte[] bytes = fields.array();
    int end = elementEnd(bytes, fields.valueStart(i), fields.valueEnd(i));
    int from = skipBlank(bytes, fields.valueStart(i), end);
    int to = trimEnd(bytes, from, end);
    for (int at = from; at < to; at++) {
      if (bytes[at] != '/' && FieldText.classOf(bytes[at]) == FieldText.NO_TOKEN) {
        return "";
      }
    }
    return new String(bytes, from, to - from, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
  }

  /** True for a list of registered codings that ends with its only {@code chunked}. */
  static boolean isCodedThenChunked(HeaderBlock fields, int i) {
    byte[] bytes = fields.array();
    int at = fields.valueStart(i);
    int end = fields.valueEnd(i);
    while (at < end) {
      int to = elementEnd(bytes, at, end);
      int from = skipBlank(bytes, at, to);
      int length = trimEnd(bytes, from, to) - from;
      if (to >= end) {
        return HeaderName.equalsIgnoreCase(CHUNKED, bytes, from, length);
      }
      if (!isCoding(bytes, from, length)) {
        return false;
      }
      at = to + 1;
    }
    return false;
  }

  private static boolean isCoding(byte[] bytes, int from, int length) {
    for (byte[] coding : CODINGS) {
      if (HeaderName.equalsIgnoreCase(coding, bytes, from, length)) {
        return true;
      }
    }
    return false;
  }

  private static int elementEnd(byte[] bytes, int from, int end) {
    int to = from;
    while (to < end && bytes[to] != ',') {
      to++;
    }
    return to;
  }

  private static int skipBlank(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at;
  }

  private static int trimEnd(byte[] bytes, int from, int to) {
    int end = to;
    while (end > from && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t')) {
      end--;
    }
    return end;
  }
}
