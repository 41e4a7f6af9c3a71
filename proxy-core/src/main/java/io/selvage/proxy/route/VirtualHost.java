// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.Problem;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.upstream.Cluster;
import java.util.List;
import java.util.Map;

/** The routes of one host pattern. Immutable, shared by all event loops. */
public final class VirtualHost {
  private final VirtualHostSpec spec;
  private final CompiledRoute[] routes;
  private final Map<String, Cluster> clusters;
  private final List<Problem> problems;

  VirtualHost(
      VirtualHostSpec spec,
      List<CompiledRoute> routes,
      Map<String, Cluster> clusters,
      List<Problem> problems) {
    this.spec = spec;
    this.routes = routes.toArray(CompiledRoute[]::new);
    this.clusters = Map.copyOf(clusters);
    this.problems = List.copyOf(problems);
  }

  public VirtualHostSpec spec() {
    return spec;
  }

  /** Routes that had to be left out, and why. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * Finds the first route, in the specification's order, whose conditions all hold and whose weights
   * reach the draw.
   *
   * @param draw a number in 0..99, drawn once per request
   * @param into receives the answer; cleared when there is none
   * @return whether there is one
   */
  public boolean find(RequestHead head, int draw, RouteHit into) {
    into.clear();
    String path = head.target().path();
    for (CompiledRoute route : routes) {
      if (route.path().matches(path)) {
        int target = route.target(head, draw);
        if (target >= 0) {
          into.set(route, target, route.path().matchedLength(path));
          return true;
        }
      }
    }
    return false;
  }

  /** True if a compilation of {@code wanted} with these clusters would give the same again. */
  boolean isCurrent(VirtualHostSpec wanted, ClusterLookup lookup) {
    if (wanted != spec && !wanted.equals(spec)) {
      return false;
    }
    for (Map.Entry<String, Cluster> used : clusters.entrySet()) {
      if (lookup.find(used.getKey()) != used.getValue()) {
        return false;
      }
    }
    return problems.isEmpty();
  }
}
