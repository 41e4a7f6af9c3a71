// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

/**
 * Condition on a text.
 *
 * @param kind EXACT equality, REGEX (RE2, whole value), or PRESENT (any value; text is empty)
 */
public record StringMatch(Kind kind, String text) {
  /** How the text is compared. */
  public enum Kind {
    EXACT,
    REGEX,
    PRESENT
  }

  public StringMatch {
    requireNonNull(kind, "kind");
    requireNonNull(text, "text");
  }

  public static StringMatch exact(String text) {
    return new StringMatch(Kind.EXACT, text);
  }

  public static StringMatch regex(String text) {
    return new StringMatch(Kind.REGEX, text);
  }

  public static StringMatch present() {
    return new StringMatch(Kind.PRESENT, "");
  }
}
