// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The slow way of {@link RequestTargetParser}: paths with escapes, dot segments or empty segments.
 * Escapes first, then dot segments, then slashes: after that order a second pass finds nothing.
 * Reuses its buffers; confined to one event loop.
 */
final class PathNormalizer {
  private static final Rejection BAD_ESCAPE = Rejection.bad("target_bad_escape");
  private static final Rejection NUL = Rejection.bad("target_nul");
  private static final Rejection ESCAPED_SLASH = Rejection.bad("target_escaped_slash");
  private static final Rejection HIDDEN_DOTS = Rejection.bad("target_hidden_dot_segment");

  private byte[] decoded = new byte[512];
  private byte[] out = new byte[512];
  private int decodedLength;
  private int outLength;
  private boolean escapedSlash;

  /** The result of the last successful call. */
  String path() {
    return new String(out, 0, outLength, StandardCharsets.ISO_8859_1);
  }

  /**
   * Normalises one path.
   *
   * @param bytes path at {@code [from, to)}, beginning with a slash, free of illegal bytes
   * @return why it is refused, or null
   */
  @Nullable Rejection normalize(
      byte[] bytes, int from, int to, boolean mergeSlashes, boolean rejectEscapedSlashes) {
    if (decoded.length < to - from) {
      decoded = new byte[to - from];
      out = new byte[to - from];
    }
    Rejection rejection = decode(bytes, from, to);
    if (rejection != null) {
      return rejection;
    }
    if (escapedSlash && rejectEscapedSlashes) {
      return ESCAPED_SLASH;
    }
    rejection = removeDotSegments();
    if (rejection == null && mergeSlashes) {
      mergeSlashes();
    }
    return rejection;
  }

  /**
   * Escapes of unreserved characters become the characters, all others get upper-case digits (RFC
   * 3986, sections 6.2.2.1 and 6.2.2.2). Decoding is not repeated: {@code %252e} stays.
   */
  private @Nullable Rejection decode(byte[] bytes, int from, int to) {
    int n = 0;
    escapedSlash = false;
    for (int i = from; i < to; i++) {
      byte c = bytes[i];
      if (c != '%') {
        decoded[n++] = c;
        continue;
      }
      int value = i + 2 < to ? (hex(bytes[i + 1]) << 4) | hex(bytes[i + 2]) : -1;
      if (value < 0) {
        return BAD_ESCAPE;
      }
      if (value == 0) {
        return NUL;
      }
      i += 2;
      if (isUnreserved(value)) {
        decoded[n++] = (byte) value;
      } else {
        escapedSlash |= value == '/' || value == '\\';
        decoded[n++] = '%';
        decoded[n++] = upper(value >> 4);
        decoded[n++] = upper(value & 15);
      }
    }
    decodedLength = n;
    return null;
  }

  /** RFC 3986, section 5.2.4, by segments; {@code ..} above the root stays at the root. */
  private @Nullable Rejection removeDotSegments() {
    outLength = 0;
    int segment = 1;
    while (segment <= decodedLength) {
      int end = segment;
      while (end < decodedLength && decoded[end] != '/') {
        end++;
      }
      int dots = dots(segment, end);
      if (dots == 0) {
        if (hidesDots(segment, end)) {
          return HIDDEN_DOTS;
        }
        out[outLength++] = '/';
        System.arraycopy(decoded, segment, out, outLength, end - segment);
        outLength += end - segment;
      } else {
        if (dots == 2 && !pop()) {
          return HIDDEN_DOTS;
        }
        if (end == decodedLength) {
          out[outLength++] = '/';
        }
      }
      segment = end + 1;
    }
    return null;
  }

  /**
   * Removes the last segment of the output. False if it holds an escaped slash: whoever decodes
   * that first would have gone up by another amount.
   */
  private boolean pop() {
    int slash = outLength - 1;
    while (slash >= 0 && out[slash] != '/') {
      slash--;
    }
    if (slash < 0) {
      return true;
    }
    for (int i = slash; i < outLength; i++) {
      if (escapedSeparator(out, i, outLength)) {
        return false;
      }
    }
    outLength = slash;
    return true;
  }

  private void mergeSlashes() {
    int n = 0;
    for (int i = 0; i < outLength; i++) {
      if (out[i] != '/' || n == 0 || out[n - 1] != '/') {
        out[n++] = out[i];
      }
    }
    outLength = n;
  }

  /** 1 for {@code .}, 2 for {@code ..}, else 0. */
  private int dots(int from, int to) {
    int length = to - from;
    if (length == 0 || length > 2 || decoded[from] != '.' || decoded[to - 1] != '.') {
      return 0;
    }
    return length;
  }

  /**
   * True if a server that takes escaped slashes for slashes, or cuts path parameters off at a
   * semicolon, would find a dot segment in this segment: {@code ..;}, {@code ..%2F}, {@code %5C..}.
   */
  private boolean hidesDots(int from, int to) {
    int piece = from;
    while (piece <= to) {
      int end = piece;
      while (end < to && !escapedSeparator(decoded, end, to)) {
        end++;
      }
      int name = piece;
      while (name < end && !semicolon(name, end)) {
        name++;
      }
      if (dots(piece, name) > 0) {
        return true;
      }
      piece = end + 3;
    }
    return false;
  }

  private boolean semicolon(int at, int to) {
    return decoded[at] == ';' || isEscape(decoded, at, to, '3', 'B');
  }

  private static boolean escapedSeparator(byte[] bytes, int at, int to) {
    return isEscape(bytes, at, to, '2', 'F') || isEscape(bytes, at, to, '5', 'C');
  }

  private static boolean isEscape(byte[] bytes, int at, int to, char high, char low) {
    return bytes[at] == '%' && at + 2 < to && bytes[at + 1] == high && bytes[at + 2] == low;
  }

  /** Value of a hex digit, or a number that stays negative when shifted and or-ed. */
  private static int hex(byte c) {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : Integer.MIN_VALUE >> 4;
  }

  private static byte upper(int digit) {
    return (byte) (digit < 10 ? '0' + digit : 'A' + digit - 10);
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
