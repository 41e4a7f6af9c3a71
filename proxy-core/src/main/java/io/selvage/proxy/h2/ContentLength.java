// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

/** Reads Content-Length values (RFC 9110 section 8.6): digits only, no list, no sign. */
final class ContentLength {
  private static final int MAX_DIGITS = 18;

  private ContentLength() {}

  /** The value of {@code bytes[from, from + length)}, or -1 if it is not one. */
  static long parse(byte[] bytes, int from, int length) {
    if (length == 0 || length > MAX_DIGITS) {
      return -1;
    }
    long value = 0;
    for (int i = from; i < from + length; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value;
  }
}
