// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import java.util.Locale;

/** The one way an exchange ended: shared by access log, metrics and tests. */
public enum Outcome {
  /** A complete response from the upstream, whatever its status. */
  OK,
  /** The route answered itself (redirect, CORS preflight, fixed response). */
  DIRECT,
  /** No virtual host or route matched: 404. */
  NO_ROUTE,
  /** The cluster has no endpoint: 503. */
  NO_ENDPOINTS,
  /** A circuit breaker was open: 503. */
  OVERFLOW,
  /** No attempt could connect: 503. */
  CONNECT_FAILED,
  /** TLS to the upstream failed: 503. */
  UPSTREAM_TLS,
  /** The upstream closed before its response head: 503. */
  UPSTREAM_RESET,
  /** The upstream closed in mid-response: the client's stream was reset. */
  UPSTREAM_RESET_MID_RESPONSE,
  /** The upstream broke the protocol: 502. */
  UPSTREAM_PROTOCOL,
  /** The request timer ran out: 504. */
  REQUEST_TIMEOUT,
  /** The exchange was idle for too long. */
  IDLE_TIMEOUT,
  /** The client was too slow with head or body: 408. */
  CLIENT_TIMEOUT,
  /** The client went away. */
  CLIENT_GONE,
  /** Refused by a framing, limit or target rule: 4xx, 501, 505. */
  REJECTED,
  /** Refused by policy: 403, 421, 426. */
  DENIED,
  /** The gateway itself is overloaded: 503 with Retry-After. */
  OVERLOADED,
  /** An Upgrade or CONNECT that ended after it was established. */
  TUNNEL_CLOSED,
  /** A fault of our own: 500. */
  INTERNAL;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** Lower-case word for logs and metric labels. */
  public String label() {
    return label;
  }
}
