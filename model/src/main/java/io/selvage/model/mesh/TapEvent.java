// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.List;

/**
 * One exchange that went through a proxy, told when it has ended.
 *
 * @param sequence 1 for the first exchange that this proxy tells this Tap of, then one more each
 * @param direction which side of the exchange the proxy stands on
 * @param source {@code IP:PORT} of the client
 * @param destination {@code IP:PORT} of the server; empty if none was reached
 * @param peer IP literal of the other side of the proxy, as in {@link TrafficReport.Edge#peer}
 * @param peerIdentity SPIFFE id the peer has proved; empty = none
 * @param service label of the Service the client asked for; empty = none
 * @param route empty = the default route
 * @param denied refused by policy
 * @param scheme http or https, as the client came
 * @param path without the query, which may hold secrets
 * @param status of the response; 0 = there was none
 * @param grpcStatus -1 = none
 * @param latencyMicros from the request's head to the response's; -1 = there was none
 * @param durationMicros from the request's head to the end
 * @param requestBytes of the body
 * @param responseBytes of the body
 * @param outcome how it ended, a word of the access log
 * @param broken whether it ended before the response was complete
 * @param headers of the request; empty unless they were asked for
 */
public record TapEvent(
    long sequence,
    Direction direction,
    String source,
    String destination,
    String peer,
    String peerIdentity,
    String service,
    String route,
    Security security,
    boolean denied,
    String method,
    String scheme,
    String authority,
    String path,
    int status,
    int grpcStatus,
    long latencyMicros,
    long durationMicros,
    long requestBytes,
    long responseBytes,
    String outcome,
    boolean broken,
    List<Header> headers) {
  /** Fields of one request that are told. */
  public static final int MAX_HEADERS = 64;

  /** In place of the value of a field that is a secret. */
  public static final String REDACTED = "(redacted)";

  /**
   * A field.
   *
   * @param name in lower case
   * @param value {@link #REDACTED} if it is a secret
   */
  public record Header(String name, String value) {
    public Header {
      requireNonNull(name, "name");
      requireNonNull(value, "value");
    }
  }

  public TapEvent {
    requireNonNull(direction, "direction");
    requireNonNull(source, "source");
    requireNonNull(destination, "destination");
    requireNonNull(peer, "peer");
    requireNonNull(peerIdentity, "peerIdentity");
    requireNonNull(service, "service");
    requireNonNull(route, "route");
    requireNonNull(security, "security");
    requireNonNull(method, "method");
    requireNonNull(scheme, "scheme");
    requireNonNull(authority, "authority");
    requireNonNull(path, "path");
    requireNonNull(outcome, "outcome");
    headers = List.copyOf(headers);
  }
}
