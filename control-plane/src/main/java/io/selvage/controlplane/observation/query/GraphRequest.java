// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.workload.Printable;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Who talks to whom, and how well.
 *
 * @param by what one node of the graph is
 * @param namespace of one end at least; empty for all
 * @param window {@link Windows#SHORTEST} to {@link Windows#LONGEST}, as for {@link StatRequest}
 */
public record GraphRequest(By by, Optional<String> namespace, Duration window) {
  /** What one node of the graph is. */
  public enum By {
    /** What a pod belongs to in the end: a Deployment, say, or the pod itself. */
    WORKLOAD,
    POD,
    NAMESPACE;

    /**
     * Reads a name in lower case.
     *
     * @throws IllegalArgumentException with a text for people
     */
    public static By parse(String text) {
      return Arrays.stream(values())
          .filter(by -> by.label().equals(text))
          .findFirst()
          .orElseThrow(() ->
              new IllegalArgumentException(
                  "by is none of "
                      + Arrays.stream(values()).map(By::label).collect(Collectors.joining(", "))
                      + ": "
                      + Printable.text(text)));
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public GraphRequest {
    requireNonNull(by, "by");
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    Windows.check(window);
  }
}
