// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;

/**
 * A match and what to do then.
 *
 * <p>One number in 0..99 is drawn per request. It takes the first target whose cumulative weight
 * exceeds it; if the weights end below 100 and the number is not reached, the route does not match
 * and the search goes on (Emissary's meaning of a canary group whose weights do not fill 100).
 *
 * @param name unique within its virtual host and stable across compiles, for logs and metrics
 * @param origin the object it came from (the first member's, for a group)
 * @param rule where in the object, such as {@code rules[0].paths[2]}; empty when the whole object
 * @param match when it applies
 * @param targets never empty; weights sum to at most 100
 */
public record RouteSpec(
    String name, ObjectRef origin, String rule, RouteMatch match, List<Target> targets) {

  /**
   * One member of the group.
   *
   * @param origin the object this member came from
   * @param weight share in percent, 0..100
   */
  public record Target(ObjectRef origin, int weight, RouteAction action) {
    public Target {
      requireNonNull(origin, "origin");
      requireNonNull(action, "action");
      if (weight < 0 || weight > 100) {
        throw new IllegalArgumentException("weight " + weight + " is not within 0..100");
      }
    }
  }

  public RouteSpec {
    requireNonNull(name, "name");
    requireNonNull(origin, "origin");
    requireNonNull(rule, "rule");
    requireNonNull(match, "match");
    targets = List.copyOf(targets);
    if (targets.isEmpty()) {
      throw new IllegalArgumentException("route " + name + " has no target");
    }
  }
}
