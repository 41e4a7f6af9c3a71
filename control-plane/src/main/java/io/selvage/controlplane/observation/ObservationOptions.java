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
 * @param grafana http or https URL of a Grafana to be served under the page; empty = none
 * @param trustDomain of the mesh's identities, which metrics do not repeat
 * @param limits bounds of what is kept
 */
public record ObservationOptions(
    Optional<URI> prometheus, Optional<URI> grafana, String trustDomain, ObservationLimits limits) {
  /**
   * @throws IllegalArgumentException with a text for people, if the URL is none of a Prometheus
   */
  public ObservationOptions {
    requireNonNull(trustDomain, "trustDomain");
    prometheus.ifPresent(url -> check(url, "a Prometheus"));
    grafana.ifPresent(url -> check(url, "a Grafana"));
    requireNonNull(limits, "limits");
  }

  /** Without a Grafana. */
  public ObservationOptions(
      Optional<URI> prometheus, String trustDomain, ObservationLimits limits) {
    this(prometheus, Optional.empty(), trustDomain, limits);
  }

  private static void check(URI url, String what) {
    String scheme = String.valueOf(url.getScheme());
    if (url.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw new IllegalArgumentException(url + " is not the http URL of " + what);
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null) {
      throw new IllegalArgumentException(url + " has more than a path after the host");
    }
  }

  /** What holds where nothing is said. */
  public static ObservationOptions defaults() {
    return new ObservationOptions(Optional.empty(), "cluster.local", ObservationLimits.DEFAULT);
  }
}
