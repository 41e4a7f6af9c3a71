// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.util.Optional;

/**
 * Options of observation.
 *
 * @param prometheus http or https URL of a Prometheus that scrapes the proxies, which then answers
 *     instead of what is kept here; empty = none
 * @param limits bounds of what is kept
 */
public record ObservationOptions(Optional<URI> prometheus, ObservationLimits limits) {
  public ObservationOptions {
    requireNonNull(prometheus, "prometheus");
    requireNonNull(limits, "limits");
  }

  /** What holds where nothing is said. */
  public static ObservationOptions defaults() {
    return new ObservationOptions(Optional.empty(), ObservationLimits.DEFAULT);
  }
}
