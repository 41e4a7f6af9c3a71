// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import static java.util.Objects.requireNonNull;

/**
 * A route's place within its virtual host: the natural order puts what is searched first, first.
 * Emissary's order (precedence, length of the prefix, of header conditions, of query conditions,
 * then text, all descending) carries the Ingress specification's too: an Exact path has precedence
 * 1, as Emissary gives it, a Prefix 0, and a default backend comes after everything.
 *
 * @param precedence higher first
 * @param pathLength length of the configured path, longer first
 * @param headerLength total length of header conditions, longer first
 * @param queryLength total length of query conditions, longer first
 * @param tieBreak compared as text, greater first
 */
public record RouteRank(
    int precedence, int pathLength, int headerLength, int queryLength, String tieBreak)
    implements Comparable<RouteRank> {
  /** Behind every ordinary route: default backends. */
  public static final int LAST = Integer.MIN_VALUE;

  public RouteRank {
    requireNonNull(tieBreak, "tieBreak");
  }

  @Override
  public int compareTo(RouteRank o) {
    int c = Integer.compare(o.precedence, precedence);
    if (c == 0) {
      c = Integer.compare(o.pathLength, pathLength);
    }
    if (c == 0) {
      c = Integer.compare(o.headerLength, headerLength);
    }
    if (c == 0) {
      c = Integer.compare(o.queryLength, queryLength);
    }
    return c == 0 ? o.tieBreak.compareTo(tieBreak) : c;
  }
}
