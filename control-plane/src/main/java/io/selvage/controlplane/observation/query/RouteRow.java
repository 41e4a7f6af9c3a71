// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * How well it went for one route.
 *
 * @param resource whose route, such as {@code deploy/web}
 * @param route {@value #DEFAULT} for requests no route matched
 * @param service label of the Service that was asked for; empty = none
 * @param success as the client saw it, 0..1
 * @param rps requests a second, as the client counted them
 * @param actualSuccess as the servers saw it; null where they cannot tell the route
 * @param actualRps requests a second, as the servers counted them
 */
@JsonPropertyOrder({
  "resource",
  "route",
  "service",
  "success",
  "rps",
  "actual_success",
  "actual_rps",
  "latency_ms_p50",
  "latency_ms_p95",
  "latency_ms_p99"
})
public record RouteRow(
    @JsonProperty("resource") String resource,
    @JsonProperty("route") String route,
    @JsonProperty("service") String service,
    @JsonProperty("success") @Nullable Double success,
    @JsonProperty("rps") @Nullable Double rps,
    @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("actual_success")
        @Nullable Double actualSuccess,
    @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("actual_rps")
        @Nullable Double actualRps,
    @JsonProperty("latency_ms_p50") @Nullable Long p50,
    @JsonProperty("latency_ms_p95") @Nullable Long p95,
    @JsonProperty("latency_ms_p99") @Nullable Long p99) {
  /** Name of the default route. */
  public static final String DEFAULT = "[DEFAULT]";
}
