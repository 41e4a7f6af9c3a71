// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Optional;

/**
 * A named group of endpoints and how to talk to them. Clusters that are equal keep their
 * connections, balancer state and statistics over a change of configuration.
 *
 * @param name key in {@link RoutingModel#clusters()}, deterministic
 * @param statsName metric label value
 * @param endpoints where the addresses come from
 * @param protocol what is spoken upstream
 * @param tls absent = plaintext
 * @param loadBalancer policy
 * @param connectTimeoutMillis TCP and TLS together; TCP alone towards an endpoint of the mesh
 * @param idleTimeoutMillis an idle pooled connection is closed after this; 0 = never
 * @param maxConnectionLifetimeMillis 0 = unlimited
 * @param breakers limits per priority
 * @param accrual passive ejection; absent = off
 * @param healthCheck active checks; absent = none
 * @param tcpKeepalive absent = the system's defaults
 */
public record ClusterSpec(
    String name,
    String statsName,
    EndpointSource endpoints,
    Protocol protocol,
    Optional<UpstreamTls> tls,
    LoadBalancerPolicy loadBalancer,
    long connectTimeoutMillis,
    long idleTimeoutMillis,
    long maxConnectionLifetimeMillis,
    Breakers defaultBreakers,
    Breakers highBreakers,
    Optional<FailureAccrualSpec> accrual,
    Optional<HealthCheckSpec> healthCheck,
    Optional<TcpKeepalive> tcpKeepalive) {

  /** What is spoken to the endpoints. */
  public enum Protocol {
    HTTP1,
    /** Prior knowledge without TLS, ALPN h2 with it. */
    HTTP2,
    /** Raw bytes (TCP routes). */
    TCP
  }

  /** How an endpoint is picked. */
  public enum LoadBalancerPolicy {
    ROUND_ROBIN,
    /** Of two random endpoints the one with fewer requests in flight. */
    LEAST_REQUEST,
    /** Of two random endpoints the one with the lower latency, peak-sensitive moving average. */
    PEAK_EWMA,
    RING_HASH,
    MAGLEV,
    RANDOM
  }

  /** Where the addresses come from. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
  public sealed interface EndpointSource {
    /** An {@link EndpointSet} delivered beside the model, by key. */
    record Set(String key) implements EndpointSource {}

    /** A host name or IP literal; a name is resolved again as its DNS TTL runs out. */
    record Dns(String host, int port) implements EndpointSource {}
  }

  /**
   * TLS towards endpoints.
   *
   * @param serverName SNI; empty = the Host sent upstream, where it is a name
   * @param trust PEM bundle the endpoint's chain must lead to; empty = not verified (Emissary's
   *     default without a CA)
   * @param verifyName name the certificate must carry; empty = the SNI; only with trust
   * @param clientCertificate presented when asked
   * @param alpn protocols offered, may be empty
   */
  public record UpstreamTls(
      String serverName,
      Optional<TrustSpec> trust,
      String verifyName,
      Optional<KeyMaterial> clientCertificate,
      List<String> alpn,
      Optional<String> minVersion,
      Optional<String> maxVersion,
      List<String> cipherSuites) {
    public UpstreamTls {
      requireNonNull(serverName, "serverName");
      alpn = List.copyOf(alpn);
      cipherSuites = List.copyOf(cipherSuites);
    }
  }

  /** Circuit-breaker limits per process; each at least 0. */
  public record Breakers(
      int maxConnections, int maxPendingRequests, int maxRequests, int maxRetries) {
    public static final Breakers DEFAULT = new Breakers(1024, 1024, 1024, 3);
  }

  /**
   * Passive ejection after consecutive failures. At most {@code maxEjectedPercent} of the
   * endpoints, and never the last one, are out at a time.
   */
  public record FailureAccrualSpec(
      int consecutiveFailures,
      long baseEjectionMillis,
      long maxEjectionMillis,
      int maxEjectedPercent) {
    /** 5 failures, 30 s more for each ejection up to 5 min, at most half. */
    public static final FailureAccrualSpec DEFAULT = new FailureAccrualSpec(5, 30_000, 300_000, 50);
  }

  /**
   * Active checks.
   *
   * @param grpcService service name of the gRPC health protocol; absent = HTTP
   * @param expected inclusive status ranges; empty = 200 only
   */
  public record HealthCheckSpec(
      Optional<String> grpcService,
      String path,
      String host,
      HeaderEdits headers,
      List<StatusRange> expected,
      long timeoutMillis,
      long intervalMillis,
      int healthyThreshold,
      int unhealthyThreshold) {
    public HealthCheckSpec {
      expected = List.copyOf(expected);
    }
  }

  /** Inclusive. */
  public record StatusRange(int min, int max) {}

  /** Seconds; 0 leaves the system's value. */
  public record TcpKeepalive(int idleSeconds, int intervalSeconds, int probes) {}

  public ClusterSpec {
    requireNonNull(name, "name");
    requireNonNull(statsName, "statsName");
    requireNonNull(endpoints, "endpoints");
    requireNonNull(protocol, "protocol");
    requireNonNull(tls, "tls");
    requireNonNull(loadBalancer, "loadBalancer");
    requireNonNull(defaultBreakers, "defaultBreakers");
    requireNonNull(highBreakers, "highBreakers");
    requireNonNull(accrual, "accrual");
    requireNonNull(healthCheck, "healthCheck");
    requireNonNull(tcpKeepalive, "tcpKeepalive");
  }

  /** A plaintext HTTP/1.1 cluster fed by an endpoint set of the same name, with default limits. */
  public static ClusterSpec http(String name) {
    return new ClusterSpec(
        name,
        name,
        new EndpointSource.Set(name),
        Protocol.HTTP1,
        Optional.empty(),
        LoadBalancerPolicy.ROUND_ROBIN,
        2_000,
        30_000,
        0,
        Breakers.DEFAULT,
        Breakers.DEFAULT,
        Optional.of(FailureAccrualSpec.DEFAULT),
        Optional.empty(),
        Optional.empty());
  }
}
