// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a TCPMapping.
 *
 * @param port where it listens, 1..65535
 * @param host server name (SNI); absent = the whole port
 * @param address IP literal to bind when no Listener binds the port
 * @param idleTimeoutMillis 0 = never
 */
public record TcpMappingSpec(
    AmbassadorIds ambassadorIds,
    @Nullable Integer port,
    @Nullable String host,
    @Nullable String address,
    @Nullable String service,
    @Nullable BoolOrString tls,
    @Nullable Integer weight,
    @Nullable String resolver,
    List<CircuitBreakerSpec> circuitBreakers,
    @Nullable Boolean enableIpv4,
    @Nullable Boolean enableIpv6,
    @Nullable Long idleTimeoutMillis,
    @Nullable String clusterTag,
    @Nullable String statsName,
    @Nullable Object v2ExplicitTls) {
  @JsonCreator
  public TcpMappingSpec(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("port") @Nullable Integer port,
      @JsonProperty("host") @Nullable String host,
      @JsonProperty("address") @Nullable String address,
      @JsonProperty("service") @Nullable String service,
      @JsonProperty("tls") @Nullable BoolOrString tls,
      @JsonProperty("weight") @Nullable Integer weight,
      @JsonProperty("resolver") @Nullable String resolver,
      @JsonProperty("circuit_breakers") @Nullable List<CircuitBreakerSpec> circuitBreakers,
      @JsonProperty("enable_ipv4") @Nullable Boolean enableIpv4,
      @JsonProperty("enable_ipv6") @Nullable Boolean enableIpv6,
      @JsonProperty("idle_timeout_ms") @Nullable Long idleTimeoutMillis,
      @JsonProperty("cluster_tag") @Nullable String clusterTag,
      @JsonProperty("stats_name") @Nullable String statsName,
      @JsonProperty("v3StatsName") @Nullable String v3StatsName,
      @JsonProperty("v2ExplicitTLS") @Nullable Object v2ExplicitTls) {
    this(
        AmbassadorIds.orDefault(ambassadorIds),
        port,
        host,
        address,
        service,
        tls,
        weight,
        resolver,
        Lists.copy(circuitBreakers),
        enableIpv4,
        enableIpv6,
        idleTimeoutMillis,
        clusterTag,
        statsName == null ? v3StatsName : statsName,
        v2ExplicitTls);
  }
}
