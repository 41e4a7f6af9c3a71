// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * The virtual hosts served together on a listener. Patterns are unique within a table.
 *
 * @param name key in {@link RoutingModel#routeTables()}
 */
public record RouteTableSpec(String name, List<VirtualHostSpec> virtualHosts) {
  public RouteTableSpec {
    requireNonNull(name, "name");
    virtualHosts = List.copyOf(virtualHosts);
  }
}
