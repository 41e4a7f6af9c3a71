// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/**
 * Finds dot segments in a path that was put together after {@link RequestTargetParser} had removed
 * them: {@code /api..} with the prefix {@code /api} replaced by {@code /} is {@code /..}, and the
 * backend would go where no route led.
 */
public final class DotSegments {
  private static final int END = -1;

  private DotSegments() {}

  /**
   * True if a segment is {@code .} or {@code ..} to a server that decodes escapes, takes escaped
   * slashes or backslashes for slashes, or cuts path parameters off at a semicolon.
   *
   * @param target path, with or without a query, which is not looked at
   */
  public static boolean isIn(String target) {
    // Nearly all paths: no dot after a slash and nothing that stands for either.
    if (target.indexOf('%') < 0 && !target.contains("/.")) {
      return false;
    }
    int dots = 0;
    boolean nameOpen = true;
    int at = 0;
    while (true) {
      int c = at < target.length() ? unit(target, at) : END;
      at += c != END && target.charAt(at) == '%' && c != '%' ? 3 : 1;
      boolean ends = c == END || c == '?' || c == '#';
      if (ends || c == '/' || c == '\\' || c == ';') {
        if (nameOpen && (dots == 1 || dots == 2)) {
          return true;
        }
        if (ends) {
          return false;
        }
        // What follows a semicolon is a parameter of this segment, not a segment.
        nameOpen = c != ';';
        dots = 0;
      } else if (c == '.') {
        dots++;
      } else {
        nameOpen = false;
      }
    }
  }

  /** The character at {@code at}, decoded where it is an escape of one that matters here. */
  private static int unit(String target, int at) {
    char c = target.charAt(at);
    if (c != '%' || at + 2 >= target.length()) {
      return c;
    }
    int value = Character.digit(target.charAt(at + 1), 16) << 4;
    value |= Character.digit(target.charAt(at + 2), 16);
    return value == '.' || value == '/' || value == '\\' || value == ';' ? value : c;
  }
}
