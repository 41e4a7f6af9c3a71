// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

/**
 * Condition on a header (name lower case) or query parameter (name as written). A repeated header
 * matches on its values joined by a comma, a repeated parameter on its first value.
 *
 * <p>Among a route's headers the name {@link #HOST} means the request's host instead (lower case,
 * without port): a Mapping's {@code hostname} narrows a route inside a wider virtual host.
 */
public record NamedMatch(String name, StringMatch value) {
  /** Stands for the request's host; no header field can have this name. */
  public static final String HOST = ":authority";

  public NamedMatch {
    requireNonNull(name, "name");
    requireNonNull(value, "value");
  }
}
