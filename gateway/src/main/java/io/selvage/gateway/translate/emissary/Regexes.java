// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.selvage.proxy.route.RegexSize;

/**
 * Checks regular expressions while translating, so that a bad one costs its own object and never
 * reaches the data path. RE2 runs in linear time; the size limit bounds memory.
 */
final class Regexes {
  /**
   * How much larger than allowed the estimate may be before the expression is refused unseen: it
   * errs upwards, and compiling a few thousand instructions too many does no harm.
   */
  private static final long ESTIMATE_MARGIN = 10;

  private Regexes() {}

  /**
   * True if {@code regex} is an RE2 expression of at most {@code maxSize} instructions; else the
   * reason is among the findings.
   */
  static boolean check(String regex, String field, int maxSize, Findings findings) {
    // Counted repetitions multiply: twenty characters can ask for more memory than there is, and
    // compiling is what would allocate it.
    long estimate = RegexSize.of(regex);
    if (estimate > ESTIMATE_MARGIN * maxSize) {
      findings.error(
          field,
          "RegexTooLarge",
          field
              + ": the expression has a size of about "
              + estimate
              + ", more than regex_max_size "
              + maxSize);
      return false;
    }
    try {
      int size = Pattern.compile(regex).programSize();
      if (size > maxSize) {
        findings.error(
            field,
            "RegexTooLarge",
            field + ": the expression has size " + size + ", more than regex_max_size " + maxSize);
        return false;
      }
      return true;
    } catch (PatternSyntaxException e) {
      findings.error(
          field,
          "InvalidRegex",
          field + ": not an RE2 expression: " + e.getDescription() + " in " + e.getPattern());
      return false;
    } catch (StackOverflowError e) {
      findings.error(field, "InvalidRegex", field + ": the expression is nested too deeply");
      return false;
    }
  }

  /** True if every {@code \N} of a substitution names a group of {@code regex}, already checked. */
  static boolean checkSubstitution(
      String regex, String substitution, String field, Findings findings) {
    int groups = Pattern.compile(regex).groupCount();
    int at = substitution.indexOf('\\');
    while (at >= 0) {
      char next = at + 1 < substitution.length() ? substitution.charAt(at + 1) : ' ';
      boolean group = next >= '0' && next <= '9';
      if (!group && next != '\\' || group && next - '0' > groups) {
        findings.invalid(
            field, field + ": \\" + next + " is not a group of the pattern, which has " + groups);
        return false;
      }
      at = substitution.indexOf('\\', at + 2);
    }
    return true;
  }
}
