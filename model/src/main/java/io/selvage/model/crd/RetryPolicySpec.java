// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code retry_policy} of a Mapping or of the Module.
 *
 * @param retryOn exactly one of 5xx, gateway-error, connect-failure, retriable-4xx, refused-stream,
 *     retriable-status-codes
 * @param numRetries attempts beyond the first, 1 when absent
 * @param perTryTimeout a duration such as {@code 250ms} or {@code 2s}
 * @param retryBackOff read only to be reported
 */
public record RetryPolicySpec(
    @JsonProperty("retry_on") @Nullable String retryOn,
    @JsonProperty("num_retries") @Nullable Integer numRetries,
    @JsonProperty("per_try_timeout") @Nullable String perTryTimeout,
    @JsonProperty("retry_back_off") @Nullable Object retryBackOff) {}
