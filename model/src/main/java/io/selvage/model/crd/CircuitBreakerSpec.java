// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** An element of {@code circuit_breakers}: limits of one priority, per gateway process. */
public record CircuitBreakerSpec(
    @JsonProperty("priority") @Nullable String priority,
    @JsonProperty("max_connections") @Nullable Integer maxConnections,
    @JsonProperty("max_pending_requests") @Nullable Integer maxPendingRequests,
    @JsonProperty("max_requests") @Nullable Integer maxRequests,
    @JsonProperty("max_retries") @Nullable Integer maxRetries) {}
