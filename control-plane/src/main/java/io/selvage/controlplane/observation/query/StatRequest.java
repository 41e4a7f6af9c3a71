// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.query.OtherEnd.Way;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How well it went.
 *
 * @param resources whose traffic; 1 to {@link #MAX_RESOURCES}
 * @param namespace of the resources; empty for all
 * @param other only traffic to or from these; without it, all that arrives at the resources
 * @param window {@link Windows#SHORTEST} to {@link Windows#LONGEST}; what is kept here ends at ten
 *     minutes
 * @param labels of the resources' pods
 * @param unmeshed whether resources without a sidecar are shown too
 */
public record StatRequest(
    List<ResourceSelector> resources,
    Optional<String> namespace,
    Optional<OtherEnd> other,
    Duration window,
    LabelTest labels,
    boolean unmeshed) {
  public static final int MAX_RESOURCES = 64;

  public StatRequest {
    resources = List.copyOf(resources);
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    requireNonNull(other, "other");
    Windows.check(window);
    requireNonNull(labels, "labels");
    if (resources.isEmpty()) {
      throw new IllegalArgumentException("no resource type was given");
    }
    if (resources.size() > MAX_RESOURCES) {
      throw new IllegalArgumentException("more than " + MAX_RESOURCES + " resources were given");
    }
    boolean to = other.isPresent() && other.get().way() == Way.TO;
    if (to && resources.stream().anyMatch(r -> r.type() == ResourceType.SERVICE)) {
      throw new IllegalArgumentException(
          "a service sends no requests: with --to, ask for workloads");
    }
  }

  /** Whether traffic from the resources to others is meant. */
  boolean isTo() {
    return other.isPresent() && other.get().way() == Way.TO;
  }

  /** Whether traffic from others to the resources is meant. */
  boolean isFrom() {
    return other.isPresent() && other.get().way() == Way.FROM;
  }
}
