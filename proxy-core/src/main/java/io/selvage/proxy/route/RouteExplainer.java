// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.route.RouteExplanation.HostVerdict;
import io.selvage.proxy.route.RouteExplanation.RouteVerdict;
import io.selvage.proxy.route.RouteExplanation.Verdict;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Explains a lookup. Winner and target are those of {@link VirtualHost#find} itself; the reasons of
 * the others come from the same compiled conditions, asked one by one.
 */
final class RouteExplainer {
  private RouteExplainer() {}

  static RouteExplanation explain(
      RequestHead head, int draw, Collection<VirtualHost> all, @Nullable VirtualHost chosen) {
    if (chosen == null) {
      return new RouteExplanation(List.of(), List.of(), Optional.empty(), -1);
    }
    var hit = new RouteHit();
    boolean found = chosen.find(head, draw, hit);
    var routes = new ArrayList<RouteVerdict>();
    for (CompiledRoute route : chosen.routes()) {
      routes.add(verdict(route, head, draw, found ? hit.route() : null));
    }
    return new RouteExplanation(
        hosts(head.host(), all, chosen),
        routes,
        found ? Optional.of(hit.route().spec()) : Optional.empty(),
        found ? hit.target() : -1);
  }

  private static List<HostVerdict> hosts(
      String host, Collection<VirtualHost> all, VirtualHost chosen) {
    HostPattern best = chosen.spec().host();
    var verdicts = new ArrayList<HostVerdict>();
    verdicts.add(new HostVerdict(best, true, "most specific pattern for \"" + host + "\""));
    for (VirtualHost other : all) {
      HostPattern pattern = other.spec().host();
      if (other != chosen && pattern.matches(host)) {
        verdicts.add(new HostVerdict(pattern, false, best + " is more specific"));
      }
    }
    return verdicts;
  }

  private static String text(PathMatch match) {
    String kind =
        switch (match) {
          case PathMatch.Exact _ -> "the exact path ";
          case PathMatch.Prefix _ -> "the prefix ";
          case PathMatch.ElementPrefix _ -> "the prefix of whole elements ";
          case PathMatch.Regex _ -> "the expression ";
        };
    return kind + match.text() + (match.caseSensitive() ? "" : ", in upper or lower case");
  }

  private static RouteVerdict verdict(
      CompiledRoute route, RequestHead head, int draw, @Nullable CompiledRoute winner) {
    RouteSpec spec = route.spec();
    String path = head.target().path();
    if (!route.path().matches(path)) {
      return new RouteVerdict(
          spec, Verdict.PATH, "path " + path + " does not match " + text(spec.match().path()));
    }
    String failed = route.failureText(head);
    if (failed != null) {
      return new RouteVerdict(spec, Verdict.CONDITION, failed);
    }
    int target = route.target(head, draw);
    if (target < 0) {
      return new RouteVerdict(
          spec, Verdict.WEIGHT, "its weights end below this request's draw of " + draw);
    }
    if (route == winner) {
      return new RouteVerdict(
          spec, Verdict.CHOSEN, "first match; target " + target + " at draw " + draw);
    }
    return new RouteVerdict(
        spec,
        Verdict.LATER,
        "route " + (winner == null ? "" : winner.spec().name()) + " comes before it");
  }
}
