// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.query.OtherEnd.Way;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How well it went, route by route.
 *
 * @param resources that serve the routes (or, with {@code to}, use them); 1 to {@link
 *     StatRequest#MAX_RESOURCES}
 * @param namespace of the resources; empty for all
 * @param to only what is sent to these
 * @param window as in {@link StatRequest}
 */
public record RoutesRequest(
    List<ResourceSelector> resources,
    Optional<String> namespace,
    Optional<OtherEnd> to,
    Duration window) {
  public RoutesRequest {
    if (to.isPresent() && to.get().way() != Way.TO) {
      throw new IllegalArgumentException("routes are asked for with --to only");
    }
    // The same rules hold as for golden metrics.
    var same = new StatRequest(resources, namespace, to, window, LabelTest.ANY, false);
    resources = same.resources();
    requireNonNull(to, "to");
  }
}
