// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * One exchange, for people and their programs.
 *
 * @param id of the proxy, a colon, and of the exchange there
 * @param proxy {@code in} or {@code out}: the side whose proxy tells of it
 * @param tls {@code true}, or the reason why not
 * @param status null if there was no response
 * @param grpcStatus null if it was no gRPC
 * @param latencyMicros to the head of the response; null if none came
 * @param outcome a word of the access log
 * @param broken whether it ended before its response was complete
 * @param headers of the request; null unless they were asked for
 */
@JsonPropertyOrder({
  "id",
  "proxy",
  "src",
  "dst",
  "tls",
  "denied",
  "service",
  "route",
  "method",
  "scheme",
  "authority",
  "path",
  "status",
  "grpc_status",
  "latency_us",
  "duration_us",
  "request_bytes",
  "response_bytes",
  "outcome",
  "broken",
  "request_headers"
})
public record TapRow(
    @JsonProperty("id") String id,
    @JsonProperty("proxy") String proxy,
    @JsonProperty("src") End source,
    @JsonProperty("dst") End destination,
    @JsonProperty("tls") String tls,
    @JsonProperty("denied") boolean denied,
    @JsonProperty("service") String service,
    @JsonProperty("route") String route,
    @JsonProperty("method") String method,
    @JsonProperty("scheme") String scheme,
    @JsonProperty("authority") String authority,
    @JsonProperty("path") String path,
    @JsonProperty("status") @Nullable Integer status,
    @JsonProperty("grpc_status") @Nullable Integer grpcStatus,
    @JsonProperty("latency_us") @Nullable Long latencyMicros,
    @JsonProperty("duration_us") long durationMicros,
    @JsonProperty("request_bytes") long requestBytes,
    @JsonProperty("response_bytes") long responseBytes,
    @JsonProperty("outcome") String outcome,
    @JsonProperty("broken") boolean broken,
    @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("request_headers")
        @Nullable SortedMap<String, String> headers) {
  /**
   * One side.
   *
   * @param address {@code IP:PORT}
   * @param namespace empty for what is outside the cluster
   * @param pod empty where none is known
   * @param identity SPIFFE id; empty = none
   * @param owners names by type, such as deployment
   */
  public record End(
      @JsonProperty("address") String address,
      @JsonProperty("namespace") String namespace,
      @JsonProperty("pod") String pod,
      @JsonProperty("identity") String identity,
      @JsonProperty("owners") Map<String, String> owners) {}
}
