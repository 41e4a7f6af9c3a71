// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a rendering has to know of the cluster that it is for.
 *
 * @param kubernetes version of the cluster, such as {@code v1.36.2}; empty if not known
 * @param foreignClasses names of IngressClasses that somebody else has
 * @param replicas how many pods a Deployment has, by its name: what stays where somebody else
 *     scales it
 * @param apiServerPorts ports by which the API server is reached; empty for those of the chart
 */
record Surroundings(
    Optional<String> kubernetes,
    List<String> foreignClasses,
    Map<String, Integer> replicas,
    List<Integer> apiServerPorts) {
  Surroundings {
    requireNonNull(kubernetes, "kubernetes");
    foreignClasses = List.copyOf(foreignClasses);
    replicas = Map.copyOf(replicas);
    apiServerPorts = List.copyOf(apiServerPorts);
  }

  /** Nothing is known but the version. */
  static Surroundings of(Optional<String> kubernetes) {
    return new Surroundings(kubernetes, List.of(), Map.of(), List.of());
  }

  Surroundings withForeignClasses(List<String> names) {
    return new Surroundings(kubernetes, names, replicas, apiServerPorts);
  }

  Surroundings withReplicas(Map<String, Integer> there) {
    return new Surroundings(kubernetes, foreignClasses, there, apiServerPorts);
  }

  Surroundings withApiServerPorts(List<Integer> ports) {
    return new Surroundings(kubernetes, foreignClasses, replicas, ports);
  }
}
