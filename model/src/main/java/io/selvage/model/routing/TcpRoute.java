// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;

/**
 * A raw byte route of a listener.
 *
 * @param serverNames SNI patterns; empty = every connection of the port
 * @param tls what happens to TLS
 * @param backends weights relative to their sum, at least one
 * @param idleTimeoutMillis 0 = never
 */
public record TcpRoute(
    String name,
    ObjectRef origin,
    List<HostPattern> serverNames,
    Tls tls,
    List<Backend> backends,
    long idleTimeoutMillis) {

  /** What happens to TLS on the way. */
  public enum Tls {
    /** Bytes are passed as they are; with serverNames the ClientHello is read but not answered. */
    PASSTHROUGH,
    /** Terminated with the listener's bindings. */
    TERMINATE
  }

  /** A weighted cluster. */
  public record Backend(String cluster, int weight) {}

  public TcpRoute {
    requireNonNull(name, "name");
    requireNonNull(origin, "origin");
    serverNames = List.copyOf(serverNames);
    requireNonNull(tls, "tls");
    backends = List.copyOf(backends);
  }
}
