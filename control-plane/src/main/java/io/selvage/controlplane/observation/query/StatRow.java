// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * How well it went for one resource. Null is what is not known: without requests there is neither a
 * success rate nor a latency, without any traffic there is nothing.
 *
 * @param namespace empty for a namespace itself
 * @param kind long name of the type
 * @param status phase of a pod; null for other types
 * @param meshed pods with a sidecar out of all pods, {@code 1/2}; null where there are no pods
 * @param success share of requests, 0..1
 * @param rps requests a second
 * @param p50 milliseconds, and so on
 * @param openConnections TCP connections open now
 * @param readRate bytes a second from clients
 * @param writeRate bytes a second to clients
 */
@JsonPropertyOrder({
  "namespace",
  "kind",
  "name",
  "status",
  "meshed",
  "success",
  "rps",
  "latency_ms_p50",
  "latency_ms_p95",
  "latency_ms_p99",
  "tcp_open_connections",
  "tcp_read_bytes_rate",
  "tcp_write_bytes_rate"
})
public record StatRow(
    @JsonProperty("namespace") String namespace,
    @JsonProperty("kind") String kind,
    @JsonProperty("name") String name,
    @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("status") @Nullable String status,
    @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("meshed") @Nullable String meshed,
    @JsonProperty("success") @Nullable Double success,
    @JsonProperty("rps") @Nullable Double rps,
    @JsonProperty("latency_ms_p50") @Nullable Long p50,
    @JsonProperty("latency_ms_p95") @Nullable Long p95,
    @JsonProperty("latency_ms_p99") @Nullable Long p99,
    @JsonProperty("tcp_open_connections") @Nullable Long openConnections,
    @JsonProperty("tcp_read_bytes_rate") @Nullable Double readRate,
    @JsonProperty("tcp_write_bytes_rate") @Nullable Double writeRate) {}
