// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * When a route applies: all conditions hold. The path is the normalised one without query.
 *
 * @param method condition on the method; absent = any
 */
public record RouteMatch(
    PathMatch path,
    Optional<StringMatch> method,
    List<NamedMatch> headers,
    List<NamedMatch> queryParameters) {
  public RouteMatch {
    requireNonNull(path, "path");
    requireNonNull(method, "method");
    headers = List.copyOf(headers);
    queryParameters = List.copyOf(queryParameters);
  }

  public static RouteMatch path(PathMatch path) {
    return new RouteMatch(path, Optional.empty(), List.of(), List.of());
  }
}
