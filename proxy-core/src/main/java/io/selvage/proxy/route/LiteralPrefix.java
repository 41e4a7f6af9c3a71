// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

/**
 * The text that everything an expression matches must begin with, so that the trie can rule most
 * expressions out. Cautious: where in doubt it is shorter than it might be, never longer.
 */
final class LiteralPrefix {
  private LiteralPrefix() {}

  static String of(String expression) {
    // Quoting and POSIX classes would need a real parser; they are rare.
    if (expression.contains("\\Q")
        || expression.contains("[:")
        || hasOuterAlternative(expression)) {
      return "";
    }
    var literal = new StringBuilder();
    int at = expression.startsWith("^") ? 1 : 0;
    for (; at < expression.length(); at++) {
      char c = expression.charAt(at);
      if (c == '\\' && at + 1 < expression.length() && isPunctuation(expression.charAt(at + 1))) {
        literal.append(expression.charAt(++at));
      } else if (c == '*' || c == '?' || c == '{') {
        // The character before may be absent.
        literal.setLength(Math.max(literal.length() - 1, 0));
        break;
      } else if ("\\.[]()+^$|}".indexOf(c) >= 0 || c >= 0x7f) {
        break;
      } else {
        literal.append(c);
      }
    }
    return literal.toString();
  }

  /** True if a {@code |} outside all groups gives the expression several beginnings. */
  private static boolean hasOuterAlternative(String expression) {
    int depth = 0;
    for (int i = 0; i < expression.length(); i++) {
      switch (expression.charAt(i)) {
        case '\\' -> i++;
        case '[' -> i = endOfClass(expression, i);
        case '(' -> depth++;
        case ')' -> depth--;
        case '|' -> {
          if (depth == 0) {
            return true;
          }
        }
        default -> {
          // Any other character begins no structure.
        }
      }
    }
    return false;
  }

  /** Index of the bracket that closes the class opened at {@code open}. */
  private static int endOfClass(String expression, int open) {
    int i = open + 1;
    if (i < expression.length() && expression.charAt(i) == '^') {
      i++;
    }
    // A bracket in first place is itself a member.
    if (i < expression.length() && expression.charAt(i) == ']') {
      i++;
    }
    while (i < expression.length() && expression.charAt(i) != ']') {
      i += expression.charAt(i) == '\\' ? 2 : 1;
    }
    return i;
  }

  private static boolean isPunctuation(char c) {
    return c > ' '
        && c < 0x7f
        && !(c >= 'a' && c <= 'z')
        && !(c >= 'A' && c <= 'Z')
        && !(c >= '0' && c <= '9');
  }
}
