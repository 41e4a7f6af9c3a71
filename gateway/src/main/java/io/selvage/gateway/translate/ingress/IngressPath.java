// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.RouteRank;
import io.selvage.model.kube.Ingress;
import io.selvage.model.routing.PathMatch;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A path of a rule, checked by the API server's own rules, since a folder has no API server before
 * it.
 *
 * @param match what it matches
 * @param claim equal for paths that match the same requests in the same way
 */
record IngressPath(PathMatch match, String claim) {
  private static final List<String> FORBIDDEN = List.of("//", "/./", "/../", "%2f");
  private static final List<String> FORBIDDEN_ENDS = List.of("/..", "/.");

  /** What a path turned out to be. */
  sealed interface Parsed {
    record Valid(IngressPath path) implements Parsed {}

    /**
     * Not accepted.
     *
     * @param field below the path's own, such as {@code pathType}
     */
    record Invalid(String field, String reason, String message) implements Parsed {}
  }

  static Parsed parse(Ingress.Path wanted) {
    String type = wanted.pathType() == null ? "" : wanted.pathType();
    String text = wanted.path() == null ? "" : wanted.path();
    return switch (type) {
      case "Exact" -> checked(text).orElseGet(() -> exact(text));
      case "Prefix" -> checked(text).orElseGet(() -> prefix(text));
      // Ours to define, and Prefix is what people expect of it; no path means all of them.
      case "ImplementationSpecific" ->
          text.isEmpty() ? prefix("/") : checked(text).orElseGet(() -> prefix(text));
      case "" -> new Parsed.Invalid("pathType", "PathTypeMissing", "pathType is missing");
      default ->
          new Parsed.Invalid(
              "pathType",
              "PathTypeUnknown",
              "pathType is Exact, Prefix or ImplementationSpecific, not " + type);
    };
  }

  private static Parsed exact(String text) {
    return new Parsed.Valid(new IngressPath(new PathMatch.Exact(text, true), "Exact " + text));
  }

  private static Parsed prefix(String text) {
    String elements = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    return new Parsed.Valid(
        new IngressPath(
            new PathMatch.ElementPrefix(text), "Prefix " + (elements.isEmpty() ? "/" : elements)));
  }

  /** Why the API server would refuse the path; empty if it would not. */
  private static Optional<Parsed> checked(String text) {
    if (!text.startsWith("/")) {
      return invalid("is not absolute: it must begin with /");
    }
    String lower = text.toLowerCase(Locale.ROOT);
    for (String part : FORBIDDEN) {
      if (lower.contains(part)) {
        return invalid("contains " + part + ", which no request is left with");
      }
    }
    for (String end : FORBIDDEN_ENDS) {
      if (lower.endsWith(end)) {
        return invalid("ends with " + end + ", which no request is left with");
      }
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c == 0x7f || c == '?' || c == '#') {
        return invalid("contains a character that no path can have");
      }
    }
    return Optional.empty();
  }

  private static Optional<Parsed> invalid(String what) {
    return Optional.of(new Parsed.Invalid("path", "PathInvalid", "path " + what));
  }

  /** Exact first, then longer prefixes first. */
  RouteRank rank(String tieBreak) {
    int precedence = match instanceof PathMatch.Exact ? 1 : 0;
    return new RouteRank(precedence, match.text().length(), 0, 0, tieBreak);
  }
}
