// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code keepalive}: TCP keep-alive of upstream connections, in seconds.
 *
 * @param idleTime documented as {@code idle_time}; Emissary's code reads {@code time}, so both are
 *     taken
 */
public record KeepAlive(
    @JsonProperty("idle_time") @JsonAlias("time") @Nullable Integer idleTime,
    @JsonProperty("interval") @Nullable Integer interval,
    @JsonProperty("probes") @Nullable Integer probes) {}
