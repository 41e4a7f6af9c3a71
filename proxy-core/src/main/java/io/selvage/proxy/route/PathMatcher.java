// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.PathMatch;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A path condition in the form the trie stores: what kind, and the text in the requests' canonical
 * form (lower case where case does not count, without trailing slashes for element prefixes).
 */
final class PathMatcher {
  /** How the text is compared. */
  enum Kind {
    EXACT,
    PREFIX,
    ELEMENT_PREFIX,
    REGEX
  }

  final Kind kind;
  final String text;
  final boolean caseSensitive;
  final @Nullable Regex regex;

  private PathMatcher(Kind kind, String text, boolean caseSensitive, @Nullable Regex regex) {
    this.kind = kind;
    // Lower-casing an expression would turn \S into \s.
    this.text = caseSensitive || kind == Kind.REGEX ? text : text.toLowerCase(Locale.ROOT);
    this.caseSensitive = caseSensitive;
    this.regex = regex;
  }

  /**
   * @throws BadRouteException if it is an expression that does not compile
   */
  static PathMatcher compile(PathMatch spec) {
    return switch (spec) {
      case PathMatch.Exact(String text, boolean caseSensitive) ->
          new PathMatcher(Kind.EXACT, PathText.canonical(text), caseSensitive, null);
      case PathMatch.Prefix(String text, boolean caseSensitive) ->
          new PathMatcher(Kind.PREFIX, PathText.canonical(text), caseSensitive, null);
      case PathMatch.ElementPrefix(String text) ->
          new PathMatcher(
              Kind.ELEMENT_PREFIX,
              PathText.withoutTrailingSlashes(PathText.canonical(text)),
              true,
              null);
      case PathMatch.Regex(String text, boolean caseSensitive) ->
          new PathMatcher(Kind.REGEX, text, caseSensitive, Regex.compile(text, caseSensitive));
    };
  }

  /** What a matching path of a regex condition certainly begins with, folded like the text. */
  String literalPrefix() {
    String literal = LiteralPrefix.of(text);
    return caseSensitive ? literal : literal.toLowerCase(Locale.ROOT);
  }

  /** The condition by itself; lookups use the trie instead, explanations this. */
  boolean matches(String path) {
    return switch (kind) {
      case EXACT ->
          path.length() == text.length()
              && path.regionMatches(!caseSensitive, 0, text, 0, text.length());
      case PREFIX -> path.regionMatches(!caseSensitive, 0, text, 0, text.length());
      case ELEMENT_PREFIX ->
          path.startsWith(text)
              && (path.length() == text.length() || path.charAt(text.length()) == '/');
      case REGEX -> regex != null && regex.matches(path);
    };
  }

  /** The part of the condition that the trie does not decide: true for all but expressions. */
  boolean regexMatches(String path) {
    return regex == null || regex.matches(path);
  }

  /** How much of a matching path a prefix rewrite replaces. */
  int matchedLength(String path) {
    return kind == Kind.PREFIX || kind == Kind.ELEMENT_PREFIX ? text.length() : path.length();
  }
}
