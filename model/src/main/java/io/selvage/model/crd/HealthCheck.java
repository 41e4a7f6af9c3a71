// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An element of {@code health_checks}.
 *
 * @param timeout a duration, 3 s when absent
 * @param interval a duration, 5 s when absent
 * @param healthyThreshold 1 when absent
 * @param unhealthyThreshold 2 when absent
 */
public record HealthCheck(
    @JsonProperty("health_check") @Nullable Check check,
    @JsonProperty("timeout") @Nullable String timeout,
    @JsonProperty("interval") @Nullable String interval,
    @JsonProperty("healthy_threshold") @Nullable Integer healthyThreshold,
    @JsonProperty("unhealthy_threshold") @Nullable Integer unhealthyThreshold) {

  /** {@code health_check}: one of the two. */
  public record Check(
      @JsonProperty("http") @Nullable Http http, @JsonProperty("grpc") @Nullable Grpc grpc) {}

  /** {@code health_check.http}. */
  public record Http(
      @Nullable String path,
      @Nullable String hostname,
      Map<String, AddedHeader> addRequestHeaders,
      List<String> removeRequestHeaders,
      List<StatusRange> expectedStatuses) {
    public Http(
        @JsonProperty("path") @Nullable String path,
        @JsonProperty("hostname") @Nullable String hostname,
        @JsonProperty("add_request_headers") @Nullable Map<String, AddedHeader> addRequestHeaders,
        @JsonProperty("remove_request_headers") @Nullable List<String> removeRequestHeaders,
        @JsonProperty("expected_statuses") @Nullable List<StatusRange> expectedStatuses) {
      this.path = path;
      this.hostname = hostname;
      this.addRequestHeaders = Lists.copy(addRequestHeaders);
      this.removeRequestHeaders = Lists.copy(removeRequestHeaders);
      this.expectedStatuses = Lists.copy(expectedStatuses);
    }
  }

  /** {@code health_check.grpc}. */
  public record Grpc(
      @JsonProperty("upstream_name") @Nullable String upstreamName,
      @JsonProperty("authority") @Nullable String authority) {}

  /** Statuses that count as healthy, both ends included. */
  public record StatusRange(
      @JsonProperty("min") @Nullable Integer min, @JsonProperty("max") @Nullable Integer max) {}
}
