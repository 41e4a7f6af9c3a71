// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code load_balancer} of a Mapping or of the Module. The hashing policies need exactly one of
 * cookie, header and source_ip.
 *
 * @param policy round_robin, least_request, ring_hash or maglev; also random and peak_ewma, which
 *     Emissary does not have
 */
public record LoadBalancerSpec(
    @JsonProperty("policy") @Nullable String policy,
    @JsonProperty("cookie") @Nullable Cookie cookie,
    @JsonProperty("header") @Nullable String header,
    @JsonProperty("source_ip") @Nullable Boolean sourceIp) {
  /**
   * {@code load_balancer.cookie}.
   *
   * @param ttl a duration such as {@code 60s}; with it the gateway creates the cookie, {@code 0s}
   *     as a session cookie; absent = the gateway never sets it
   */
  public record Cookie(
      @JsonProperty("name") @Nullable String name,
      @JsonProperty("path") @Nullable String path,
      @JsonProperty("ttl") @Nullable String ttl) {}
}
