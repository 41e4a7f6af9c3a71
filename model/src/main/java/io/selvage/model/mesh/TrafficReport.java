// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What went through one proxy in one interval: differences, except where a value is said to be one
 * of the moment.
 *
 * @param sequence 1 for the first report of a proxy's life, then one more each time
 * @param millis length of the interval
 * @param edges one entry per peer, at most {@link #MAX_EDGES}
 * @param calls the most frequent requests, at most {@link #MAX_CALLS}
 */
public record TrafficReport(long sequence, long millis, List<Edge> edges, List<Call> calls) {
  public static final int MAX_EDGES = 2_000;
  public static final int MAX_CALLS = 64;

  /** Which side of the connection the proxy stands on. */
  public enum Direction {
    /** In front of the server. */
    INBOUND,
    /** Beside the client; a gateway is always this. */
    OUTBOUND
  }

  /** How an edge is protected, or why it is not. */
  public enum Security {
    /** Mutually authenticated TLS. */
    SECURED("√"),
    /** The endpoint has no sidecar: discovery knows no identity for it. */
    NOT_MESHED("Not Provided By Service Discovery"),
    /** The client came in plaintext. */
    NO_TLS_FROM_REMOTE("Not Provided By Remote"),
    /** The pod talks to itself. */
    LOOPBACK("Loopback"),
    /** The port is taken out of the mesh by configuration. */
    PORT_SKIPPED("Port Skipped"),
    /** The control plane knows nothing of the address. */
    OUTSIDE("Outside The Mesh"),
    /** Application TLS carried as it is, to or from a peer without a sidecar. */
    PASSED_THROUGH("Passed Through"),
    /** The control plane was away, and nobody had asked for the address before. */
    UNANSWERED("Control Plane Away"),
    /**
     * The endpoint did not prove the identity it must have, or shook no hands: nothing was sent.
     */
    HANDSHAKE_FAILED("TLS Handshake Failed"),
    /** There was no connection on which the endpoint could have proved it: nothing was sent. */
    NOT_CONNECTED("Not Connected");

    private final String label;

    Security(String label) {
      this.label = label;
    }

    /** For people. */
    public String label() {
      return label;
    }
  }

  /**
   * One peer.
   *
   * @param peer IP literal of the other side
   * @param port the server's port
   * @param peerIdentity SPIFFE id the peer has proved; empty = none
   * @param service {@link DestinationUpdate.ServiceRef#label()} the client asked for; empty = none
   * @param route name of the route that matched; empty = the default route
   * @param denied refused by policy: counted in {@code requests} or {@code opened} too
   * @param requests HTTP requests that ended
   * @param successes of these, answered below 500 and, for gRPC, without a failure status
   * @param latency counts per bucket of {@link MeshProtocol#LATENCY_BUCKETS_MILLIS} and one above;
   *     empty when there was none
   * @param opened connections opened
   * @param open connections open at the moment
   * @param received bytes read from the peer's side
   * @param sent bytes written to the peer's side
   */
  public record Edge(
      Direction direction,
      String peer,
      int port,
      String peerIdentity,
      String service,
      String route,
      Security security,
      boolean denied,
      long requests,
      long successes,
      List<Long> latency,
      long opened,
      long open,
      long received,
      long sent) {
    public Edge {
      requireNonNull(direction, "direction");
      requireNonNull(peer, "peer");
      requireNonNull(peerIdentity, "peerIdentity");
      requireNonNull(service, "service");
      requireNonNull(route, "route");
      requireNonNull(security, "security");
      latency = List.copyOf(latency);
    }
  }

  /**
   * Requests of one method and path.
   *
   * @param path without query; long or numerous paths arrive shortened
   * @param best microseconds
   * @param worst microseconds
   * @param last microseconds
   */
  public record Call(
      Direction direction,
      String peer,
      int port,
      String service,
      String method,
      String path,
      long count,
      long successes,
      long best,
      long worst,
      long last) {
    public Call {
      requireNonNull(direction, "direction");
      requireNonNull(peer, "peer");
      requireNonNull(service, "service");
      requireNonNull(method, "method");
      requireNonNull(path, "path");
    }
  }

  public TrafficReport {
    edges = List.copyOf(edges);
    calls = List.copyOf(calls);
  }
}
