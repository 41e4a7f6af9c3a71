// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/**
 * An RE2 expression. RE2 runs in time linear in its input whatever the expression, so a hostile path
 * cannot make {@code (a+)+$} explode (hostile-and-faults row 27).
 */
final class Regex {
  private final Pattern pattern;

  private Regex(Pattern pattern) {
    this.pattern = pattern;
  }

  /**
   * @throws BadRouteException if the expression does not compile
   */
  static Regex compile(String text, boolean caseSensitive) {
    try {
      return new Regex(Pattern.compile(text, caseSensitive ? 0 : Pattern.CASE_INSENSITIVE));
    } catch (PatternSyntaxException e) {
      throw new BadRouteException(
          "InvalidRegex", "the expression " + text + " does not compile: " + e.getDescription(), e);
    } catch (StackOverflowError | OutOfMemoryError e) {
      // The parser recurses into groups, and counted repetitions multiply: the expression is to
      // blame, and only its route is lost.
      throw new BadRouteException("InvalidRegex", "an expression is too large to compile", e);
    }
  }

  /** True if all of {@code text} matches. */
  boolean matches(String text) {
    return pattern.matches(text);
  }

  Pattern pattern() {
    return pattern;
  }
}
