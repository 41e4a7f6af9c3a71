// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/**
 * An RE2 expression. RE2 runs in time linear in its input whatever the expression, so a hostile
 * path cannot make {@code (a+)+$} explode (hostile-and-faults row 27).
 */
final class Regex {
  /**
   * Largest program in instructions. A match costs at most this times the length of the text: with
   * a request line of 8 KiB some 8 million steps, a few tens of milliseconds of an event loop.
   * Emissary allows 200 by default (regex_max_size).
   */
  static final int MAX_PROGRAM_SIZE = 1_000;

  // An estimate this large is refused unseen; anything smaller compiles in a few milliseconds.
  private static final int MAX_ESTIMATE = 10 * MAX_PROGRAM_SIZE;

  private final Pattern pattern;

  private Regex(Pattern pattern) {
    this.pattern = pattern;
  }

  /**
   * @throws BadRouteException if the expression does not compile or is too large
   */
  static Regex compile(String text, boolean caseSensitive) {
    if (RegexSize.of(text) > MAX_ESTIMATE) {
      throw tooLarge();
    }
    try {
      Pattern pattern = Pattern.compile(text, caseSensitive ? 0 : Pattern.CASE_INSENSITIVE);
      if (pattern.programSize() > MAX_PROGRAM_SIZE) {
        throw tooLarge();
      }
      return new Regex(pattern);
    } catch (PatternSyntaxException e) {
      throw new BadRouteException(
          "InvalidRegex", "the expression " + text + " does not compile: " + e.getDescription(), e);
    } catch (StackOverflowError e) {
      // The parser recurses into groups: the expression is to blame, and only its route is lost.
      throw new BadRouteException("InvalidRegex", "an expression is nested too deeply", e);
    }
  }

  private static BadRouteException tooLarge() {
    return new BadRouteException(
        "RegexTooLarge",
        "an expression compiles to more than " + MAX_PROGRAM_SIZE + " instructions");
  }

  /** True if all of {@code text} matches. */
  boolean matches(String text) {
    return pattern.matches(text);
  }

  Pattern pattern() {
    return pattern;
  }
}
