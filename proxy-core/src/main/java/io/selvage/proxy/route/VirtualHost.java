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
  private final List<CompiledRoute> routes;
  private final PathTrie exactCase = new PathTrie(false);
  private final PathTrie anyCase = new PathTrie(true);
  private final Map<String, Cluster> clusters;
  private final List<Problem> problems;

  VirtualHost(
      VirtualHostSpec spec,
      List<CompiledRoute> routes,
      Map<String, Cluster> clusters,
      List<Problem> problems) {
    this.spec = spec;
    this.routes = List.copyOf(routes);
    for (CompiledRoute route : routes) {
      (route.path().caseSensitive ? exactCase : anyCase).add(route);
    }
    exactCase.freeze();
    anyCase.freeze();
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
   * Finds the first route, in the specification's order, whose conditions all hold and whose
   * weights reach the draw.
   *
   * @param draw a number in 0..99, drawn once per request
   * @param into receives the answer; cleared when there is none
   * @return whether there is one
   */
  public boolean find(RequestHead head, int draw, RouteHit into) {
    into.clear();
    String path = head.target().path();
    search(exactCase, path, head, draw, into);
    if (!anyCase.isEmpty()) {
      search(anyCase, path, head, draw, into);
    }
    return into.isFound();
  }

  /** Puts the best route of one trie into the hit if it is better than what the hit holds. */
  private static void search(
      PathTrie trie, String path, RequestHead head, int draw, RouteHit into) {
    int visited = trie.walk(path, into);
    // Deepest first: longer texts usually come first in order, and then spare the others' tests.
    for (int i = visited - 1; i >= 0; i--) {
      PathTrie.Node node = into.visited(i);
      if (node.depth == path.length()) {
        consider(node.exact, path, head, draw, into);
        consider(node.element, path, head, draw, into);
      } else if (path.charAt(node.depth) == '/') {
        consider(node.element, path, head, draw, into);
      }
      consider(node.prefix, path, head, draw, into);
    }
    // Expressions last: most of them are then beaten without being run.
    for (int i = visited - 1; i >= 0; i--) {
      consider(into.visited(i).regex, path, head, draw, into);
    }
    into.forgetVisited(visited);
  }

  private static void consider(
      PathTrie.RouteList list, String path, RequestHead head, int draw, RouteHit into) {
    for (int i = 0; i < list.size(); i++) {
      CompiledRoute route = list.get(i);
      if (into.isFound() && route.order() >= into.route().order()) {
        return;
      }
      int target = route.target(head, draw);
      if (target >= 0 && route.path().regexMatches(path)) {
        into.set(route, target, route.path().matchedLength(path));
        return;
      }
    }
  }

  List<CompiledRoute> routes() {
    return routes;
  }

  /** True if a compilation of {@code wanted} with these clusters would give the same again. */
  // An equal cluster that is another object has other connections, so identity is meant.
  @SuppressWarnings("ReferenceEquality")
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
