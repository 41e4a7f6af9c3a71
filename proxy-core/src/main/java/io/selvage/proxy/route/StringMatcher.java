// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.StringMatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A compiled {@link StringMatch}; exact comparison over bytes allocates nothing. */
final class StringMatcher {
  private final StringMatch spec;
  private final byte[] exact;
  private final @Nullable Regex regex;

  private StringMatcher(StringMatch spec, @Nullable Regex regex) {
    this.spec = spec;
    this.exact = spec.text().getBytes(StandardCharsets.UTF_8);
    this.regex = regex;
  }

  /**
   * @throws BadRouteException if it is an expression that does not compile
   */
  static StringMatcher compile(StringMatch spec) {
    return new StringMatcher(
        spec, spec.kind() == StringMatch.Kind.REGEX ? Regex.compile(spec.text(), true) : null);
  }

  boolean matches(String text) {
    return regex != null
        ? regex.matches(text)
        : spec.kind() == StringMatch.Kind.PRESENT || text.equals(spec.text());
  }

  boolean matches(byte[] bytes, int from, int to) {
    return switch (spec.kind()) {
      case PRESENT -> true;
      case EXACT -> Arrays.equals(exact, 0, exact.length, bytes, from, to);
      case REGEX -> matches(new String(bytes, from, to - from, StandardCharsets.UTF_8));
    };
  }

  boolean isPresence() {
    return spec.kind() == StringMatch.Kind.PRESENT;
  }

  @Override
  public String toString() {
    return switch (spec.kind()) {
      case PRESENT -> "present";
      case EXACT -> "\"" + spec.text() + "\"";
      case REGEX -> "~ \"" + spec.text() + "\"";
    };
  }
}
