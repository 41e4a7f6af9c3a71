// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.workload.Printable;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.util.Optional;

/**
 * Who talked to whom.
 *
 * @param type what to call both ends by
 * @param namespace of one end at least; empty for all
 */
public record EdgesRequest(ResourceType type, Optional<String> namespace) {
  public EdgesRequest {
    requireNonNull(type, "type");
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    if (type == ResourceType.SERVICE) {
      throw new IllegalArgumentException(
          "Resource type is not supported: service (an edge ends at a workload)");
    }
  }

  /**
   * Reads the type a person asks for.
   *
   * @throws IllegalArgumentException with a text for people
   */
  public static ResourceType type(String text) {
    int slash = text.indexOf('/');
    if (slash >= 0) {
      throw new IllegalArgumentException(nameGiven(text.substring(slash + 1)));
    }
    if (text.equalsIgnoreCase("all")) {
      throw new IllegalArgumentException("Resource type is not supported: all");
    }
    return ResourceType.parse(text);
  }

  /** What to say when a name was given. */
  public static String nameGiven(String name) {
    return "Edges cannot be returned for a specific resource name; remove "
        + Printable.text(name)
        + " from query";
  }
}
