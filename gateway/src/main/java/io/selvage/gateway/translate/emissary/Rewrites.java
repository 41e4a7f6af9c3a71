// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.MappingSpec;
import io.selvage.model.crd.RegexMap;
import io.selvage.model.routing.PathRewrite;
import io.selvage.proxy.http.DotSegments;
import java.util.Optional;

/** {@code rewrite} and {@code regex_rewrite}. */
final class Rewrites {
  private Rewrites() {}

  /**
   * The rewrite on the way to the upstream; empty and reported if it cannot be used.
   *
   * <p>The default is {@code /}: the prefix disappears. An empty text is no rewrite. Where the
   * whole path was matched (exact or by expression) the whole path is replaced.
   */
  static Optional<PathRewrite> read(MappingSpec spec, int regexMaxSize, Findings findings) {
    var regex = spec.regexRewrite();
    if (regex != null && !regex.pattern().isEmpty()) {
      if (spec.rewrite() != null) {
        findings.warning(
            "spec.rewrite", "Conflict", "rewrite and regex_rewrite: regex_rewrite is used");
      }
      return regex(regex, "spec.regex_rewrite", regexMaxSize, findings);
    }
    String rewrite = spec.rewrite() == null ? "/" : spec.rewrite();
    if (rewrite.isEmpty()) {
      return Optional.of(new PathRewrite.Keep());
    }
    boolean wholePath =
        Boolean.TRUE.equals(spec.prefixExact()) || Boolean.TRUE.equals(spec.prefixRegex());
    if (!isPath(rewrite)) {
      findings.invalid(
          "spec.rewrite",
          "rewrite \"" + rewrite + "\" does not begin with / or holds a character no path has");
      return Optional.empty();
    }
    if (DotSegments.isIn(rewrite)) {
      // The data path would refuse every request of the route.
      findings.invalid("spec.rewrite", "rewrite \"" + rewrite + "\" holds a dot segment");
      return Optional.empty();
    }
    return Optional.of(
        wholePath ? new PathRewrite.ReplaceFull(rewrite) : new PathRewrite.ReplacePrefix(rewrite));
  }

  static Optional<PathRewrite> regex(
      RegexMap regex, String field, int regexMaxSize, Findings findings) {
    boolean usable =
        Regexes.check(regex.pattern(), field + ".pattern", regexMaxSize, findings)
            && Regexes.checkSubstitution(
                regex.pattern(), regex.substitution(), field + ".substitution", findings);
    return usable
        ? Optional.of(new PathRewrite.Regex(regex.pattern(), regex.substitution()))
        : Optional.empty();
  }

  /** A path as it may stand in a request line: no blank, control character or fragment. */
  static boolean isPath(String text) {
    return text.startsWith("/") && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '#');
  }
}
