// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.AddedHeader;
import io.selvage.model.crd.CircuitBreakerSpec;
import io.selvage.model.crd.CorsPolicy;
import io.selvage.model.crd.ErrorResponseOverride;
import io.selvage.model.crd.KeepAlive;
import io.selvage.model.crd.LoadBalancerSpec;
import io.selvage.model.crd.RetryPolicySpec;
import io.selvage.model.routing.Settings;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The Module {@code ambassador}, read: process-wide behaviour and the defaults of Mappings.
 *
 * @param settings process-wide behaviour; an option the Module does not set keeps Selvage's default
 * @param trustedHops {@code xff_num_trusted_hops}, for Listeners without {@code l7Depth}
 * @param resolver name of the default resolver, empty = endpoints
 * @param requestTimeoutMillis {@code cluster_request_timeout_ms}
 * @param clusterIdleMillis {@code cluster_idle_timeout_ms}
 * @param clusterLifetimeMillis {@code cluster_max_connection_lifetime_ms}, 0 = unlimited
 * @param regexMaxSize largest RE2 program size of a regular expression
 * @param servicesInGatewayNamespace {@code use_ambassador_namespace_for_service_resolution}
 * @param maxRequestBodyBytes {@code buffer.max_request_bytes}, 0 = unlimited
 */
record ModuleSettings(
    Settings settings,
    int trustedHops,
    String resolver,
    long requestTimeoutMillis,
    long clusterIdleMillis,
    long clusterLifetimeMillis,
    int regexMaxSize,
    boolean servicesInGatewayNamespace,
    boolean linkerdHeaders,
    long maxRequestBodyBytes,
    Optional<RetryPolicySpec> retryPolicy,
    List<CircuitBreakerSpec> circuitBreakers,
    Optional<LoadBalancerSpec> loadBalancer,
    Optional<CorsPolicy> cors,
    Optional<KeepAlive> keepalive,
    List<ErrorResponseOverride> errorResponseOverrides,
    HeaderDefaults headerDefaults) {

  /** Emissary's default of {@code cluster_request_timeout_ms}. */
  static final long REQUEST_TIMEOUT_MILLIS = 3_000;

  /** Emissary's default of {@code regex_max_size}. */
  static final int REGEX_MAX_SIZE = 200;

  /** Emissary's default of {@code cluster_idle_timeout_ms}: an hour. */
  static final long CLUSTER_IDLE_MILLIS = 3_600_000;

  /** {@code defaults.httpmapping}: used by a Mapping that does not set the field itself. */
  record HeaderDefaults(
      Map<String, AddedHeader> addRequest,
      Map<String, AddedHeader> addResponse,
      List<String> removeRequest,
      List<String> removeResponse) {
    static final HeaderDefaults NONE = new HeaderDefaults(Map.of(), Map.of(), List.of(), List.of());
  }

  /** What holds without a Module. */
  static ModuleSettings defaults() {
    return new ModuleSettings(
        Settings.defaults(),
        0,
        "",
        REQUEST_TIMEOUT_MILLIS,
        CLUSTER_IDLE_MILLIS,
        0,
        REGEX_MAX_SIZE,
        false,
        false,
        0,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        HeaderDefaults.NONE);
  }
}
