// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.MappingSpec;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import java.util.Optional;
import java.util.Set;

/** {@code host_redirect} with path_redirect, prefix_redirect or regex_redirect. */
final class Redirects {
  private static final Set<Integer> STATUSES = Set.of(301, 302, 303, 307, 308);

  private Redirects() {}

  /** The redirect; empty and reported if it cannot be made. */
  static Optional<RouteAction.Redirect> read(
      MappingSpec spec, int regexMaxSize, Findings findings) {
    int status = spec.redirectResponseCode() == null ? 301 : spec.redirectResponseCode();
    if (!STATUSES.contains(status)) {
      findings.invalid(
          "spec.redirect_response_code",
          "redirect_response_code is 301, 302, 303, 307 or 308, not " + status);
    }
    // The service is the host the client is sent to, and never a Service of the cluster.
    var url = ServiceUrl.parse(spec.service() == null ? "" : spec.service());
    if (url.isEmpty() || url.get().port().map(p -> p.isName()).orElse(false)) {
      findings.invalid("spec.service", "with host_redirect, service is the host to redirect to");
      return Optional.empty();
    }
    var path = path(spec, regexMaxSize, findings);
    if (path.isEmpty() || findings.isFatal()) {
      return Optional.empty();
    }
    String host = url.get().host();
    String scheme = url.get().scheme();
    return Optional.of(
        new RouteAction.Redirect(
            scheme.equals("http") || scheme.equals("https")
                ? Optional.of(scheme)
                : Optional.empty(),
            Optional.of(host.indexOf(':') >= 0 ? "[" + host + "]" : host),
            url.get().port().map(p -> p.number()).orElse(0),
            path.get(),
            status));
  }

  /** At most one counts: path over prefix over regex; the losers are reported. */
  private static Optional<PathRewrite> path(MappingSpec spec, int regexMaxSize, Findings findings) {
    boolean byPath = isSet(spec.pathRedirect());
    boolean byPrefix = isSet(spec.prefixRedirect());
    var regex = spec.regexRedirect();
    boolean byRegex = regex != null && !regex.pattern().isEmpty();
    if (byPath && byPrefix) {
      loses("prefix_redirect", "path_redirect", findings);
    }
    if (byRegex && (byPath || byPrefix)) {
      loses("regex_redirect", byPath ? "path_redirect" : "prefix_redirect", findings);
    }
    if (byPath || byPrefix) {
      String field = byPath ? "path_redirect" : "prefix_redirect";
      String text = String.valueOf(byPath ? spec.pathRedirect() : spec.prefixRedirect());
      if (!Rewrites.isPath(text)) {
        findings.invalid("spec." + field, field + " \"" + text + "\" is not a path");
        return Optional.empty();
      }
      return Optional.of(
          byPath ? new PathRewrite.ReplaceFull(text) : new PathRewrite.ReplacePrefix(text));
    }
    return regex != null && byRegex
        ? Rewrites.regex(regex, "spec.regex_redirect", regexMaxSize, findings)
        : Optional.of(new PathRewrite.Keep());
  }

  private static void loses(String loser, String winner, Findings findings) {
    findings.warning(
        "spec." + loser,
        "Conflict",
        winner + " and " + loser + " are both set; " + winner + " is used");
  }

  static void reportWithoutHostRedirect(MappingSpec spec, Findings findings) {
    boolean set =
        isSet(spec.pathRedirect())
            || isSet(spec.prefixRedirect())
            || spec.regexRedirect() != null
            || spec.redirectResponseCode() != null;
    if (set) {
      findings.warning(
          "spec.host_redirect",
          "MissingField",
          "path_redirect, prefix_redirect, regex_redirect and redirect_response_code need"
              + " host_redirect: true");
    }
  }

  private static boolean isSet(@org.jspecify.annotations.Nullable String text) {
    return text != null && !text.isEmpty();
  }
}
