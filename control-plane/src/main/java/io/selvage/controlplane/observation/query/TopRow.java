// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * One kind of requests of the last minute.
 *
 * @param source name of a pod, or an address
 * @param destination as {@code source}
 * @param count requests
 * @param bestMicros shortest duration, and so on
 * @param success share, 0..1
 */
@JsonPropertyOrder({
  "source",
  "destination",
  "method",
  "path",
  "count",
  "best_us",
  "worst_us",
  "last_us",
  "success"
})
public record TopRow(
    @JsonProperty("source") String source,
    @JsonProperty("destination") String destination,
    @JsonProperty("method") String method,
    @JsonProperty("path") String path,
    @JsonProperty("count") long count,
    @JsonProperty("best_us") long bestMicros,
    @JsonProperty("worst_us") long worstMicros,
    @JsonProperty("last_us") long lastMicros,
    @JsonProperty("success") double success) {}
