// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

/**
 * Condition on a header (name lower case) or query parameter (name as written). A repeated header
 * matches on its values joined by a comma, a repeated parameter on its first value.
 */
public record NamedMatch(String name, StringMatch value) {
  public NamedMatch {
    requireNonNull(name, "name");
    requireNonNull(value, "value");
  }
}
