// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/**
 * Which host names a virtual host, TLS binding or TCP route answers to. Names are lower case,
 * without port and without a trailing dot.
 *
 * <p>More specific wins: EXACT, then the longest of ONE_LABEL and SUFFIX, then the longest PREFIX,
 * then ANY.
 *
 * @param kind form of the pattern
 * @param text the name (EXACT), the part after the star including its dot ({@code .example.com} for
 *     ONE_LABEL; any suffix for SUFFIX), the part before the star (PREFIX), or empty (ANY)
 */
public record HostPattern(Kind kind, String text) {
  /** Form of the pattern. */
  public enum Kind {
    EXACT,
    /** {@code *.example.com} of an Ingress: exactly one more label. */
    ONE_LABEL,
    /** {@code *suffix} of a DNS glob: any depth, never the empty string. */
    SUFFIX,
    /** {@code prefix*} of a DNS glob. */
    PREFIX,
    ANY
  }

  private static final HostPattern ANY_HOST = new HostPattern(Kind.ANY, "");

  public HostPattern {
    requireNonNull(kind, "kind");
    text = text.toLowerCase(Locale.ROOT);
  }

  public static HostPattern any() {
    return ANY_HOST;
  }

  public static HostPattern exact(String name) {
    return new HostPattern(Kind.EXACT, name);
  }

  /** The pattern {@code *suffix}. */
  public static HostPattern suffix(String suffix) {
    return new HostPattern(Kind.SUFFIX, suffix);
  }

  /** The pattern {@code *.rest}; {@code dotRest} begins with the dot. */
  public static HostPattern oneLabel(String dotRest) {
    return new HostPattern(Kind.ONE_LABEL, dotRest);
  }

  public static HostPattern prefix(String prefix) {
    return new HostPattern(Kind.PREFIX, prefix);
  }

  /** True if {@code host} (lower case, no port) answers to this pattern. */
  public boolean matches(String host) {
    return switch (kind) {
      case EXACT -> host.equals(text);
      case ONE_LABEL ->
          host.length() > text.length()
              && host.endsWith(text)
              && host.indexOf('.') == host.length() - text.length();
      case SUFFIX -> host.length() > text.length() && host.endsWith(text);
      case PREFIX -> host.length() > text.length() && host.startsWith(text);
      case ANY -> true;
    };
  }

  /** As written in a manifest. */
  @JsonValue
  @Override
  public String toString() {
    return switch (kind) {
      case EXACT -> text;
      case ONE_LABEL -> "*" + text + " (one label)";
      case SUFFIX -> "*" + text;
      case PREFIX -> text + "*";
      case ANY -> "*";
    };
  }
}
