// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.routing.HostPattern;
import java.util.Locale;
import java.util.Optional;

/**
 * The DNS globs of {@code hostname}: {@code *} alone, {@code *suffix} or {@code prefix*}. The star
 * never matches the empty string, and stands for any number of labels.
 */
final class HostGlob {
  private HostGlob() {}

  /** The pattern, without its port and trailing dot; empty if the text is not a host name glob. */
  static Optional<HostPattern> parse(String text) {
    String name = withoutPort(text.strip().toLowerCase(Locale.ROOT));
    if (name.endsWith(".") && name.length() > 2) {
      name = name.substring(0, name.length() - 1);
    }
    if (name.equals("*")) {
      return Optional.of(HostPattern.any());
    }
    int star = name.indexOf('*');
    String fixed = name.replace("*", "");
    if (!isNamePart(fixed) || name.length() - fixed.length() > 1) {
      return Optional.empty();
    }
    if (star < 0) {
      return Optional.of(HostPattern.exact(name));
    }
    if (star == 0) {
      return Optional.of(HostPattern.suffix(fixed));
    }
    return star == name.length() - 1 ? Optional.of(HostPattern.prefix(fixed)) : Optional.empty();
  }

  /** {@code name:8080} is allowed in a Host; the port plays no part in matching. */
  private static String withoutPort(String text) {
    int colon = text.lastIndexOf(':');
    boolean port =
        colon > 0
            && colon < text.length() - 1
            && text.chars().skip(colon + 1L).allMatch(c -> c >= '0' && c <= '9');
    return port ? text.substring(0, colon) : text;
  }

  private static boolean isNamePart(String text) {
    return text.chars().anyMatch(c -> c != '.')
        && text.length() <= 253
        && text.chars()
            .allMatch(c ->
                c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_');
  }

  /** True if some name could match both. */
  static boolean compatible(HostPattern a, HostPattern b) {
    if (a.kind() == HostPattern.Kind.EXACT) {
      return b.matches(a.text());
    }
    if (b.kind() == HostPattern.Kind.EXACT) {
      return a.matches(b.text());
    }
    if (isSuffix(a) && isSuffix(b)) {
      return a.text().endsWith(b.text()) || b.text().endsWith(a.text());
    }
    if (a.kind() == HostPattern.Kind.PREFIX && b.kind() == HostPattern.Kind.PREFIX) {
      return a.text().startsWith(b.text()) || b.text().startsWith(a.text());
    }
    // A suffix and a prefix: their concatenation matches both. ANY matches everything.
    return true;
  }

  private static boolean isSuffix(HostPattern p) {
    return p.kind() == HostPattern.Kind.SUFFIX || p.kind() == HostPattern.Kind.ONE_LABEL;
  }

  /** True if every name that {@code narrow} matches is matched by {@code wide} too. */
  static boolean covers(HostPattern wide, HostPattern narrow) {
    return switch (wide.kind()) {
      case ANY -> true;
      case EXACT -> wide.equals(narrow);
      case SUFFIX, ONE_LABEL ->
          switch (narrow.kind()) {
            case EXACT -> wide.matches(narrow.text());
            case SUFFIX ->
                wide.kind() == HostPattern.Kind.SUFFIX && narrow.text().endsWith(wide.text());
            case ONE_LABEL ->
                wide.equals(narrow)
                    || wide.kind() == HostPattern.Kind.SUFFIX
                        && narrow.text().endsWith(wide.text());
            case PREFIX, ANY -> false;
          };
      case PREFIX ->
          narrow.kind() == HostPattern.Kind.EXACT && wide.matches(narrow.text())
              || narrow.kind() == HostPattern.Kind.PREFIX && narrow.text().startsWith(wide.text());
    };
  }

  /** An RE2 expression for the pattern, to be matched against a whole lower-case host. */
  static String regex(HostPattern pattern) {
    String quoted = com.google.re2j.Pattern.quote(pattern.text());
    return switch (pattern.kind()) {
      case EXACT -> quoted;
      case ONE_LABEL -> "[^.]+" + quoted;
      case SUFFIX -> ".+" + quoted;
      case PREFIX -> quoted + ".+";
      case ANY -> ".*";
    };
  }
}
