// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@link VirtualHost#find}, written into an object the caller keeps, so that a lookup
 * allocates nothing. Mutable, confined to one event loop; keeps scratch space between lookups.
 */
public final class RouteHit {
  private @Nullable CompiledRoute route;
  private @Nullable CompiledAction action;
  private int target;
  private int prefixLength;
  private PathTrie.@Nullable Node[] visited = new PathTrie.Node[16];

  /** The route that won. Only after a successful find. */
  public CompiledRoute route() {
    return requireNonNull(route, "no route was found");
  }

  /** Index of the drawn target in the route's specification. */
  public int target() {
    return target;
  }

  /** What to do. Only after a successful find. */
  public CompiledAction action() {
    return requireNonNull(action, "no route was found");
  }

  /**
   * How much of the path the route matched: the prefix, or all of it for exact and regex routes.
   * What a prefix rewrite replaces.
   */
  public int prefixLength() {
    return prefixLength;
  }

  public boolean isFound() {
    return route != null;
  }

  /**
   * Forgets the last answer, and with it the snapshot it belongs to; to be called when it is done
   * with.
   */
  public void clear() {
    route = null;
    action = null;
    target = 0;
    prefixLength = 0;
  }

  void set(CompiledRoute found, int drawnTarget, int matchedLength) {
    route = found;
    target = drawnTarget;
    action = found.action(drawnTarget);
    prefixLength = matchedLength;
  }

  /** Scratch of a lookup: node {@code i} on the way along the path. */
  void visit(int i, PathTrie.Node node) {
    if (i == visited.length) {
      visited = Arrays.copyOf(visited, i * 2);
    }
    visited[i] = node;
  }

  PathTrie.Node visited(int i) {
    return requireNonNull(visited[i]);
  }

  /** Ends a lookup: an idle connection must not keep an old table in memory. */
  void forgetVisited(int count) {
    Arrays.fill(visited, 0, count, null);
  }
}
