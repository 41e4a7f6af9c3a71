// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.Optional;

/**
 * Routes for one host pattern. The search for a route stays inside the most specific virtual host.
 *
 * @param host who it answers to
 * @param origin the Host object, where there is one
 * @param insecure what happens to a request the listener does not judge secure
 * @param redirectPort port put into the https redirect's location; 0 = none
 * @param routes in order: the first that matches wins
 */
public record VirtualHostSpec(
    HostPattern host,
    Optional<ObjectRef> origin,
    InsecureAction insecure,
    int redirectPort,
    List<RouteSpec> routes) {
  /**
   * Below this path insecure requests are always routed: certificate authorities ask over plaintext
   * (RFC 8555, section 8.3).
   */
  public static final String ACME_PATH = "/.well-known/acme-challenge/";

  /** What happens to an insecure request (Emissary Host {@code requestPolicy.insecure.action}). */
  public enum InsecureAction {
    ROUTE,
    /** 301 to https. */
    REDIRECT,
    /** 400. */
    REJECT
  }

  public VirtualHostSpec {
    requireNonNull(host, "host");
    requireNonNull(origin, "origin");
    requireNonNull(insecure, "insecure");
    routes = List.copyOf(routes);
  }
}
