// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who talks to whom, and how well.
 *
 * @param nodes at most {@link #MAX_NODES}: those with traffic first, then by namespace and name
 * @param edges at most {@link #MAX_EDGES}, between nodes of the list
 * @param notes for people: what is not in it, and why
 */
public record Graph(
    @JsonProperty("nodes") List<Node> nodes,
    @JsonProperty("edges") List<Edge> edges,
    @JsonProperty("notes") List<String> notes) {
  public static final int MAX_NODES = 2_000;
  public static final int MAX_EDGES = 5_000;

  public Graph {
    nodes = List.copyOf(nodes);
    edges = List.copyOf(edges);
    notes = List.copyOf(notes);
  }

  /**
   * What is known of the requests and connections of a node or an edge. Null is what is not known:
   * without requests there is neither a success rate nor a latency.
   *
   * @param success share of requests, 0..1
   * @param rps requests a second
   * @param p50 milliseconds, and so on
   * @param openConnections TCP connections open now
   * @param readRate bytes a second from clients
   * @param writeRate bytes a second to clients
   */
  @JsonPropertyOrder({
    "success",
    "rps",
    "latency_ms_p50",
    "latency_ms_p95",
    "latency_ms_p99",
    "tcp_open_connections",
    "tcp_read_bytes_rate",
    "tcp_write_bytes_rate"
  })
  public record Golden(
      @JsonProperty("success") @Nullable Double success,
      @JsonProperty("rps") @Nullable Double rps,
      @JsonProperty("latency_ms_p50") @Nullable Long p50,
      @JsonProperty("latency_ms_p95") @Nullable Long p95,
      @JsonProperty("latency_ms_p99") @Nullable Long p99,
      @JsonProperty("tcp_open_connections") @Nullable Long openConnections,
      @JsonProperty("tcp_read_bytes_rate") @Nullable Double readRate,
      @JsonProperty("tcp_write_bytes_rate") @Nullable Double writeRate) {
    static Golden of(Traffic traffic) {
      return new Golden(
          traffic.success(),
          traffic.rps(),
          traffic.latency(0.5),
          traffic.latency(0.95),
          traffic.latency(0.99),
          traffic.openConnections(),
          traffic.readRate(),
          traffic.writeRate());
    }
  }

  /**
   * One end of traffic.
   *
   * @param id unique in the graph
   * @param namespace empty for a namespace itself and for what is outside the cluster
   * @param kind long name of a resource type; {@code service} for a Service whose endpoints are no
   *     pods; {@code clients} and {@code outside} for whoever calls, or is called, outside
   * @param gateway whether requests enter the mesh here
   * @param pods pods there are now
   * @param meshed of these, the ones with a proxy
   * @param ownProxy whether the figures are those of its own proxies; otherwise those of its
   *     clients
   */
  @JsonPropertyOrder({"id", "namespace", "kind", "name", "gateway", "pods", "meshed", "own_proxy"})
  public record Node(
      @JsonProperty("id") String id,
      @JsonProperty("namespace") String namespace,
      @JsonProperty("kind") String kind,
      @JsonProperty("name") String name,
      @JsonProperty("gateway") boolean gateway,
      @JsonProperty("pods") int pods,
      @JsonProperty("meshed") int meshed,
      @JsonProperty("own_proxy") boolean ownProxy,
      @JsonUnwrapped Golden golden) {}

  /**
   * Traffic between two nodes.
   *
   * @param source id of a node; so for the destination
   * @param secured whether all of it was mutually authenticated
   * @param reasons why some of it was not protected; empty if all was
   * @param denied whether policy refused some of it
   * @param services labels of Services the client asked for, at most {@link #MAX_SERVICES}
   */
  @JsonPropertyOrder({"src", "dst", "secured", "no_tls_reasons", "denied", "services"})
  public record Edge(
      @JsonProperty("src") String source,
      @JsonProperty("dst") String destination,
      @JsonProperty("secured") boolean secured,
      @JsonProperty("no_tls_reasons") List<String> reasons,
      @JsonProperty("denied") boolean denied,
      @JsonProperty("services") List<String> services,
      @JsonUnwrapped Golden golden) {
    public static final int MAX_SERVICES = 5;

    public Edge {
      reasons = List.copyOf(reasons);
      services = List.copyOf(services);
    }
  }
}
