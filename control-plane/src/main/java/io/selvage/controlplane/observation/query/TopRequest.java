// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.util.Optional;

/**
 * The most frequent requests of the last minute.
 *
 * @param resource client or server of the requests; empty for all
 * @param namespace of the resource; empty for all
 * @param limit rows wanted, 1 to {@link #MAX_ROWS}
 */
public record TopRequest(
    Optional<ResourceSelector> resource, Optional<String> namespace, int limit) {
  public static final int MAX_ROWS = 1_000;
  public static final int DEFAULT_ROWS = 100;

  public TopRequest {
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    if (limit < 1 || limit > MAX_ROWS) {
      throw new IllegalArgumentException("limit is not within 1.." + MAX_ROWS + ": " + limit);
    }
    if (resource.isPresent() && resource.get().type() == ResourceType.SERVICE) {
      throw new IllegalArgumentException(
          "Resource type is not supported: service (requests are between workloads)");
    }
  }
}
