// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.http.RequestHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A route with its conditions and actions compiled. Immutable, shared by all event loops. */
public final class CompiledRoute {
  /** {@link #target} when the weights do not reach the draw. */
  static final int NO_TARGET = -1;

  private final RouteSpec spec;
  private final int order;
  private final PathMatcher path;
  private final @Nullable StringMatcher method;
  private final HeaderCondition[] headers;
  private final QueryCondition[] queries;
  private final int[] thresholds;
  private final CompiledAction[] actions;
  private final boolean unconditional;

  /**
   * @param order position in the virtual host; lower wins
   * @throws BadRouteException if a condition does not compile
   */
  CompiledRoute(RouteSpec spec, int order, List<CompiledAction> actions) {
    this.spec = spec;
    this.order = order;
    this.path = PathMatcher.compile(spec.match().path());
    this.method = spec.match().method().map(StringMatcher::compile).orElse(null);
    this.headers =
        spec.match().headers().stream()
            .map(HeaderCondition::compile)
            .toArray(HeaderCondition[]::new);
    this.queries =
        spec.match().queryParameters().stream()
            .map(QueryCondition::compile)
            .toArray(QueryCondition[]::new);
    this.actions = actions.toArray(CompiledAction[]::new);
    this.thresholds = new int[this.actions.length];
    int sum = 0;
    for (int i = 0; i < thresholds.length; i++) {
      sum += spec.targets().get(i).weight();
      thresholds[i] = sum;
    }
    this.unconditional = method == null && headers.length == 0 && queries.length == 0 && sum >= 100;
  }

  public RouteSpec spec() {
    return spec;
  }

  /** Position in the virtual host's list; lower wins. */
  public int order() {
    return order;
  }

  CompiledAction action(int target) {
    return actions[target];
  }

  PathMatcher path() {
    return path;
  }

  /** True if the path decides alone and every draw finds a target. */
  boolean isUnconditional() {
    return unconditional;
  }

  /**
   * The conditions other than the path.
   *
   * @param draw 0..99
   * @return index of the target, or {@link #NO_TARGET} when the route does not apply
   */
  int target(RequestHead head, int draw) {
    if (!unconditional && !conditionsHold(head)) {
      return NO_TARGET;
    }
    for (int i = 0; i < thresholds.length; i++) {
      if (draw < thresholds[i]) {
        return i;
      }
    }
    return NO_TARGET;
  }

  /** Why a condition other than path and weight does not hold, for people; null when all do. */
  @Nullable String failureText(RequestHead head) {
    if (method != null && !method.matches(head.method())) {
      return "method " + head.method() + " is not " + method;
    }
    for (HeaderCondition header : headers) {
      if (!header.matches(head)) {
        return "header condition fails: " + header;
      }
    }
    for (QueryCondition query : queries) {
      if (!query.matches(head.target().query())) {
        return "query condition fails: " + query;
      }
    }
    return null;
  }

  private boolean conditionsHold(RequestHead head) {
    if (method != null && !method.matches(head.method())) {
      return false;
    }
    for (HeaderCondition header : headers) {
      if (!header.matches(head)) {
        return false;
      }
    }
    for (QueryCondition query : queries) {
      if (!query.matches(head.target().query())) {
        return false;
      }
    }
    return true;
  }
}
