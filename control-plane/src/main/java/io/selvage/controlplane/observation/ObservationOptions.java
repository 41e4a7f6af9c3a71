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
 * @param trustDomain of the mesh's identities, which metrics do not repeat
 * @param limits bounds of what is kept
 */
public record ObservationOptions(
    Optional<URI> prometheus, String trustDomain, ObservationLimits limits) {
  /**
   * @throws IllegalArgumentException with a text for people, if the URL is none of a Prometheus
   */
  public ObservationOptions {
    requireNonNull(trustDomain, "trustDomain");
    if (prometheus.isPresent()) {
      URI url = prometheus.get();
      String scheme = String.valueOf(url.getScheme());
      if (url.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
        throw new IllegalArgumentException(url + " is not the http URL of a Prometheus");
      }
      if (url.getRawQuery() != null || url.getRawFragment() != null) {
        throw new IllegalArgumentException(url + " has more than a path after the host");
      }
    }
    requireNonNull(limits, "limits");
  }

  /** What holds where nothing is said. */
  public static ObservationOptions defaults() {
    return new ObservationOptions(Optional.empty(), "cluster.local", ObservationLimits.DEFAULT);
  }
}
