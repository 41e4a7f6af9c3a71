// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import java.nio.charset.StandardCharsets;

/**
 * Brings configured paths into the form that {@link io.selvage.proxy.http.RequestTargetParser}
 * gives to requests, so that {@code /caf\u00e9} and {@code /%7euser} match what clients send for
 * them.
 */
final class PathText {
  private PathText() {}

  /**
   * Escapes what cannot stand in a request path, decodes escapes of unreserved characters and
   * writes the others in upper case. Dots and slashes are left alone.
   *
   * @throws BadRouteException if a control character is in the text
   */
  static String canonical(String text) {
    int i = 0;
    while (i < text.length() && isPlain(text.charAt(i))) {
      i++;
    }
    if (i == text.length()) {
      return text;
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    var out = new StringBuilder(bytes.length + 8);
    for (int at = 0; at < bytes.length; at++) {
      int c = bytes[at] & 0xff;
      if (c < 0x20 || c == 0x7f) {
        throw new BadRouteException(
            "InvalidPath", "the path " + text.strip() + " holds the control character " + c);
      }
      int escaped = c == '%' ? escape(bytes, at) : -1;
      if (escaped >= 0) {
        at += 2;
        if (isUnreserved(escaped)) {
          out.append((char) escaped);
        } else {
          appendEscape(out, escaped);
        }
      } else if (c == ' ' || c >= 0x80) {
        appendEscape(out, c);
      } else {
        out.append((char) c);
      }
    }
    return out.toString();
  }

  /** {@code /foo/} and {@code /foo} become {@code /foo}, {@code /} becomes empty. */
  static String withoutTrailingSlashes(String path) {
    int end = path.length();
    while (end > 0 && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(0, end);
  }

  private static boolean isPlain(char c) {
    return c > 0x20 && c < 0x7f && c != '%';
  }

  private static int escape(byte[] bytes, int at) {
    if (at + 2 >= bytes.length) {
      return -1;
    }
    int high = Character.digit(bytes[at + 1], 16);
    int low = Character.digit(bytes[at + 2], 16);
    return high < 0 || low < 0 ? -1 : (high << 4) | low;
  }

  private static void appendEscape(StringBuilder out, int value) {
    out.append('%')
        .append(Character.toUpperCase(Character.forDigit(value >> 4, 16)))
        .append(Character.toUpperCase(Character.forDigit(value & 15, 16)));
  }

  /** RFC 3986, section 2.3. */
  private static boolean isUnreserved(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '.'
        || c == '_'
        || c == '~';
  }
}
