// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * The addresses behind one Service port, without duplicates, in a deterministic order. Replaced as
 * a whole and swapped into running clusters without recompiling routes.
 *
 * @param key such as {@code namespace/service/port}
 */
public record EndpointSet(String key, List<Endpoint> endpoints) {
  public EndpointSet {
    requireNonNull(key, "key");
    endpoints = List.copyOf(endpoints);
  }

  public static EndpointSet empty(String key) {
    return new EndpointSet(key, List.of());
  }

  /**
   * One address.
   *
   * @param address IP literal
   * @param hostname DNS-like name for HostRewrite.FromEndpoint; empty = none
   * @param zone topology zone; empty = unknown
   * @param draining serving but terminating: listed only when nothing is ready
   * @param identity SPIFFE id the endpoint must prove over mutual TLS; empty = as the cluster says
   * @param pod {@code namespace/name} of the pod it is said to be; empty = none is named
   */
  public record Endpoint(
      String address,
      int port,
      String hostname,
      String zone,
      boolean draining,
      String identity,
      String pod) {
    public Endpoint {
      requireNonNull(address, "address");
      requireNonNull(hostname, "hostname");
      requireNonNull(zone, "zone");
      requireNonNull(identity, "identity");
      requireNonNull(pod, "pod");
    }

    /** An endpoint that no pod is named for. */
    public Endpoint(
        String address, int port, String hostname, String zone, boolean draining, String identity) {
      this(address, port, hostname, zone, draining, identity, "");
    }

    /** An endpoint outside the mesh. */
    public Endpoint(String address, int port, String hostname, String zone, boolean draining) {
      this(address, port, hostname, zone, draining, "");
    }

    public static Endpoint of(String address, int port) {
      return new Endpoint(address, port, "", "", false);
    }

    /** The same endpoint, to be spoken to as {@code identity}. */
    public Endpoint withIdentity(String newIdentity) {
      return new Endpoint(address, port, hostname, zone, draining, newIdentity, pod);
    }

    /** The same endpoint, said to be {@code newPod}. */
    public Endpoint withPod(String newPod) {
      return new Endpoint(address, port, hostname, zone, draining, identity, newPod);
    }
  }
}
