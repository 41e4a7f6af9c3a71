// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code keepalive}: TCP keep-alive of upstream connections, in seconds.
 *
 * @param idleTime documented as {@code idle_time}; Emissary's code reads {@code time}, so both are
 *     taken
 */
public record KeepAlive(
    @Nullable Integer idleTime, @Nullable Integer interval, @Nullable Integer probes) {
  @JsonCreator
  public KeepAlive(
      @JsonProperty("idle_time") @Nullable Integer idleTime,
      @JsonProperty("time") @Nullable Integer time,
      @JsonProperty("interval") @Nullable Integer interval,
      @JsonProperty("probes") @Nullable Integer probes) {
    this(idleTime == null ? time : idleTime, interval, probes);
  }
}
