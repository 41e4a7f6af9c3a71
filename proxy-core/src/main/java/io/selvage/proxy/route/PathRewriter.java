// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import com.google.re2j.Matcher;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.PathRewrite;

/** Turns the request's path into the upstream's (or a redirect's). Never touches the query. */
abstract sealed class PathRewriter {
  /**
   * @param path normalised path of the request
   * @param prefixLength how much of it the route matched
   */
  abstract String rewrite(String path, int prefixLength);

  /** True if every path stays as it is. */
  boolean isKeep() {
    return this instanceof Keep;
  }

  /**
   * @param match of the route, which decides whether a prefix is text or path elements
   * @throws BadRouteException if the rewrite could only produce an illegal path
   */
  static PathRewriter compile(PathRewrite spec, PathMatch match) {
    return switch (spec) {
      case PathRewrite.Keep() -> new Keep();
      case PathRewrite.ReplacePrefix(String replacement) ->
          match instanceof PathMatch.ElementPrefix
              ? new ElementPrefix(PathText.canonical(replacement))
              : new Prefix(PathText.canonical(replacement));
      case PathRewrite.ReplaceFull(String path) -> new Full(rooted(PathText.canonical(path)));
      case PathRewrite.Regex(String pattern, String substitution) ->
          new RegexRewriter(
              Regex.compile(pattern, true), Substitution.parse(substitution, pattern));
    };
  }

  /** An origin-form path begins with a slash (RFC 9112, section 3.2.1). */
  private static String rooted(String path) {
    return path.startsWith("/") ? path : "/" + path;
  }

  private static final class Keep extends PathRewriter {
    @Override
    String rewrite(String path, int prefixLength) {
      return path;
    }
  }

  /** Emissary: the matched text itself is replaced, so {@code /api} to {@code /} makes //x. */
  private static final class Prefix extends PathRewriter {
    private final String replacement;

    Prefix(String replacement) {
      this.replacement = replacement;
    }

    @Override
    String rewrite(String path, int prefixLength) {
      return rooted(replacement.concat(path.substring(prefixLength)));
    }
  }

  /** By elements: exactly one slash between the replacement and what follows. */
  private static final class ElementPrefix extends PathRewriter {
    private final String replacement;

    ElementPrefix(String replacement) {
      this.replacement = PathText.withoutTrailingSlashes(replacement);
    }

    @Override
    String rewrite(String path, int prefixLength) {
      return rooted(replacement.concat(path.substring(prefixLength)));
    }
  }

  private static final class Full extends PathRewriter {
    private final String path;

    Full(String path) {
      this.path = path;
    }

    @Override
    String rewrite(String ignored, int prefixLength) {
      return path;
    }
  }

  private static final class RegexRewriter extends PathRewriter {
    private final Regex regex;
    private final Substitution substitution;

    RegexRewriter(Regex regex, Substitution substitution) {
      this.regex = regex;
      this.substitution = substitution;
      substitution.checkGroups(regex.pattern().groupCount());
    }

    @Override
    String rewrite(String path, int prefixLength) {
      Matcher matcher = regex.pattern().matcher(path);
      if (!matcher.find()) {
        return path;
      }
      var out = new StringBuilder(path.length() + 16);
      int last = 0;
      do {
        out.append(path, last, matcher.start());
        substitution.append(out, matcher);
        last = matcher.end();
      } while (matcher.find());
      return rooted(out.append(path, last, path.length()).toString());
    }
  }
}
