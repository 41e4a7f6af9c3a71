// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a Mapping, every field of v3alpha1 and of v2, in the order of Emissary's
 * reference. An absent scalar is null, because its default often comes from the Module; an absent
 * collection is empty. Timers are milliseconds.
 *
 * @param ambassadorIds instances this is for
 * @param prefix what the path must begin with (or equal, or match, by the two flags)
 * @param hostname DNS glob; {@code host} with {@code host_regex} is its deprecated form
 * @param headers exact values; boolean true = present
 * @param v2BoolHeaders names in {@code headers} that only have to be present (left by Emissary's
 *     conversion)
 * @param precedence higher is looked at first, whatever the length of the prefix
 * @param service {@code [scheme://]host[:port]}
 * @param tls TLSContext for origination, or (v2) a boolean
 * @param weight share in percent, 0..100
 * @param rewrite {@code /} when absent; empty = no rewrite
 * @param timeoutMillis whole transaction with retries; 0 = none
 * @param idleTimeoutMillis longest silence; 0 = none
 * @param labels rate-limit descriptors, read only to be reported
 * @param outlierDetection rejected by Emissary; read only to be reported, as are envoyOverride,
 *     docs, modules and v2ExplicitTls
 */
public record MappingSpec(
    @JsonProperty("ambassador_id") AmbassadorIds ambassadorIds,
    @JsonProperty("prefix") @Nullable String prefix,
    @JsonProperty("prefix_exact") @Nullable Boolean prefixExact,
    @JsonProperty("prefix_regex") @Nullable Boolean prefixRegex,
    @JsonProperty("case_sensitive") @Nullable Boolean caseSensitive,
    @JsonProperty("hostname") @Nullable String hostname,
    @JsonProperty("host") @Nullable String host,
    @JsonProperty("host_regex") @Nullable Boolean hostRegex,
    @JsonProperty("method") @Nullable String method,
    @JsonProperty("method_regex") @Nullable Boolean methodRegex,
    @JsonProperty("headers") Map<String, BoolOrString> headers,
    @JsonProperty("regex_headers") Map<String, String> regexHeaders,
    @JsonProperty("query_parameters") Map<String, BoolOrString> queryParameters,
    @JsonProperty("regex_query_parameters") Map<String, String> regexQueryParameters,
    @JsonProperty("v2BoolHeaders") List<String> v2BoolHeaders,
    @JsonProperty("v2BoolQueryParameters") List<String> v2BoolQueryParameters,
    @JsonProperty("precedence") @Nullable Integer precedence,
    @JsonProperty("service") @Nullable String service,
    @JsonProperty("resolver") @Nullable String resolver,
    @JsonProperty("tls") @Nullable BoolOrString tls,
    @JsonProperty("weight") @Nullable Integer weight,
    @JsonProperty("shadow") @Nullable Boolean shadow,
    @JsonProperty("rewrite") @Nullable String rewrite,
    @JsonProperty("regex_rewrite") @Nullable RegexMap regexRewrite,
    @JsonProperty("host_rewrite") @Nullable String hostRewrite,
    @JsonProperty("auto_host_rewrite") @Nullable Boolean autoHostRewrite,
    @JsonProperty("host_redirect") @Nullable Boolean hostRedirect,
    @JsonProperty("path_redirect") @Nullable String pathRedirect,
    @JsonProperty("prefix_redirect") @Nullable String prefixRedirect,
    @JsonProperty("regex_redirect") @Nullable RegexMap regexRedirect,
    @JsonProperty("redirect_response_code") @Nullable Integer redirectResponseCode,
    @JsonProperty("add_request_headers") Map<String, AddedHeader> addRequestHeaders,
    @JsonProperty("add_response_headers") Map<String, AddedHeader> addResponseHeaders,
    @JsonProperty("remove_request_headers")
        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
        List<String> removeRequestHeaders,
    @JsonProperty("remove_response_headers")
        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
        List<String> removeResponseHeaders,
    @JsonProperty("add_linkerd_headers") @Nullable Boolean addLinkerdHeaders,
    @JsonProperty("timeout_ms") @Nullable Long timeoutMillis,
    @JsonProperty("idle_timeout_ms") @Nullable Long idleTimeoutMillis,
    @JsonProperty("connect_timeout_ms") @Nullable Long connectTimeoutMillis,
    @JsonProperty("cluster_idle_timeout_ms") @Nullable Long clusterIdleTimeoutMillis,
    @JsonProperty("cluster_max_connection_lifetime_ms")
        @Nullable Long clusterMaxConnectionLifetimeMillis,
    @JsonProperty("retry_policy") @Nullable RetryPolicySpec retryPolicy,
    @JsonProperty("circuit_breakers") List<CircuitBreakerSpec> circuitBreakers,
    @JsonProperty("load_balancer") @Nullable LoadBalancerSpec loadBalancer,
    @JsonProperty("cors") @Nullable CorsPolicy cors,
    @JsonProperty("health_checks") List<HealthCheck> healthChecks,
    @JsonProperty("v3health_checks") List<HealthCheck> v3HealthChecks,
    @JsonProperty("keepalive") @Nullable KeepAlive keepalive,
    @JsonProperty("allow_upgrade")
        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
        List<String> allowUpgrade,
    @JsonProperty("use_websocket") @Nullable Boolean useWebsocket,
    @JsonProperty("grpc") @Nullable Boolean grpc,
    @JsonProperty("priority") @Nullable String priority,
    @JsonProperty("dns_type") @Nullable String dnsType,
    @JsonProperty("respect_dns_ttl") @Nullable Boolean respectDnsTtl,
    @JsonProperty("enable_ipv4") @Nullable Boolean enableIpv4,
    @JsonProperty("enable_ipv6") @Nullable Boolean enableIpv6,
    @JsonProperty("cluster_tag") @Nullable String clusterTag,
    @JsonProperty("stats_name") @Nullable String statsName,
    @JsonProperty("v3StatsName") @Nullable String v3StatsName,
    @JsonProperty("error_response_overrides") List<ErrorResponseOverride> errorResponseOverrides,
    @JsonProperty("bypass_error_response_overrides") @Nullable Boolean bypassErrorResponseOverrides,
    @JsonProperty("bypass_auth") @Nullable Boolean bypassAuth,
    @JsonProperty("auth_context_extensions") Map<String, String> authContextExtensions,
    @JsonProperty("labels") Map<String, Object> labels,
    @JsonProperty("outlier_detection") @Nullable Object outlierDetection,
    @JsonProperty("envoy_override") @Nullable Object envoyOverride,
    @JsonProperty("docs") @Nullable Object docs,
    @JsonProperty("modules") @Nullable Object modules,
    @JsonProperty("v2ExplicitTLS") @Nullable Object v2ExplicitTls) {
  public MappingSpec {
    ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
    headers = Lists.copy(headers);
    regexHeaders = Lists.copy(regexHeaders);
    queryParameters = Lists.copy(queryParameters);
    regexQueryParameters = Lists.copy(regexQueryParameters);
    v2BoolHeaders = Lists.copy(v2BoolHeaders);
    v2BoolQueryParameters = Lists.copy(v2BoolQueryParameters);
    addRequestHeaders = Lists.copy(addRequestHeaders);
    addResponseHeaders = Lists.copy(addResponseHeaders);
    removeRequestHeaders = Lists.copy(removeRequestHeaders);
    removeResponseHeaders = Lists.copy(removeResponseHeaders);
    circuitBreakers = Lists.copy(circuitBreakers);
    healthChecks = Lists.copy(healthChecks);
    v3HealthChecks = Lists.copy(v3HealthChecks);
    allowUpgrade = Lists.copy(allowUpgrade);
    errorResponseOverrides = Lists.copy(errorResponseOverrides);
    authContextExtensions = Lists.copy(authContextExtensions);
    labels = Lists.copy(labels);
  }
}
