// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.RouteSpec;
import java.util.List;
import java.util.Optional;

/**
 * Why a request goes where it goes: for {@code mesh explain} and the admin port.
 *
 * @param hosts the virtual hosts that answer to the name, the chosen one first; empty = none does
 * @param routes every route of the chosen virtual host, in order
 * @param chosen the route that wins; absent = 404
 * @param target index of its drawn target; -1 when there is none
 */
public record RouteExplanation(
    List<HostVerdict> hosts, List<RouteVerdict> routes, Optional<RouteSpec> chosen, int target) {
  public RouteExplanation {
    hosts = List.copyOf(hosts);
    routes = List.copyOf(routes);
  }

  /**
   * One virtual host that answers to the name.
   *
   * @param reason why it won or lost, for people
   */
  public record HostVerdict(HostPattern pattern, boolean chosen, String reason) {}

  /** How a route fared. */
  public enum Verdict {
    /** It wins. */
    CHOSEN,
    /** It matches, but an earlier one does too. */
    LATER,
    /** The path does not match. */
    PATH,
    /** The path matches, a condition on method, header or query does not hold. */
    CONDITION,
    /** All conditions hold, but its weights end below the draw. */
    WEIGHT
  }

  /**
   * One route.
   *
   * @param reason why it won or lost, for people
   */
  public record RouteVerdict(RouteSpec route, Verdict verdict, String reason) {}
}
