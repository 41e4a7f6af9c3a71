// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.TCPMapping;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.HostPattern;
import java.util.Optional;

/**
 * One TCPMapping, translated by itself.
 *
 * @param serverName absent = the whole port
 * @param cluster name of its registered cluster
 * @param weight as written
 */
record TcpMappingPlan(
    TCPMapping mapping,
    int port,
    Optional<HostPattern> serverName,
    Optional<String> address,
    String cluster,
    Optional<Integer> weight,
    long idleMillis) {
  /** Envoy's default for TCP. */
  private static final long IDLE_MILLIS = 3_600_000;

  /** Empty and reported if it cannot be served. */
  static Optional<TcpMappingPlan> read(TCPMapping mapping, EmissaryWorld world, Findings findings) {
    var spec = mapping.spec();
    if (spec == null || spec.port() == null) {
      findings.error("spec.port", "MissingField", "port is required");
      return Optional.empty();
    }
    if (spec.port() < 1 || spec.port() > 65_535) {
      findings.invalid("spec.port", "port " + spec.port() + " is not within 1..65535");
    }
    if (spec.weight() != null && (spec.weight() < 0 || spec.weight() > 100)) {
      findings.invalid("spec.weight", "weight " + spec.weight() + " is not within 0..100");
    }
    String address = spec.address() == null ? "" : spec.address();
    if (!address.isEmpty() && !CidrText.isIpLiteral(address)) {
      findings.invalid("spec.address", "address " + address + " is not an IP address");
    }
    long idle = spec.idleTimeoutMillis() == null ? IDLE_MILLIS : spec.idleTimeoutMillis();
    if (idle < 0 || idle > Integer.MAX_VALUE) {
      findings.invalid(
          "spec.idle_timeout_ms", "idle_timeout_ms is not within 0.." + Integer.MAX_VALUE);
    }
    String resolver = spec.resolver() == null ? "" : spec.resolver();
    if (!resolver.isEmpty() && !world.resolvers().contains(resolver)) {
      findings.error(
          "spec.resolver", "ResolverNotFound", "resolver " + resolver + " does not exist");
    }
    String host = spec.host() == null ? "" : spec.host();
    Optional<HostPattern> serverName = host.isEmpty() ? Optional.empty() : HostGlob.parse(host);
    if (!host.isEmpty() && serverName.isEmpty()) {
      findings.invalid("spec.host", "host \"" + host + "\" is not a host name");
    }
    var breakers = Policies.breakers(spec.circuitBreakers(), findings);
    var destination =
        world
            .upstreams()
            .resolve(
                spec.service(), spec.tls(), mapping.metadata().namespace(), "", false, findings);
    if (destination.isEmpty() || findings.isFatal()) {
      return Optional.empty();
    }
    var to = destination.get();
    String statsName =
        spec.statsName() == null ? to.host().replaceAll("[^A-Za-z0-9]", "_") : spec.statsName();
    var cluster =
        new ClusterSpec(
            to.key(),
            statsName,
            to.source(),
            Protocol.TCP,
            to.tls(),
            LoadBalancerPolicy.ROUND_ROBIN,
            Upstreams.CONNECT_TIMEOUT_MILLIS,
            0,
            0,
            breakers.normal(),
            breakers.high(),
            Optional.of(ClusterSpec.FailureAccrualSpec.DEFAULT),
            Optional.empty(),
            Optional.empty());
    String tag = spec.clusterTag() == null ? "" : spec.clusterTag();
    return Optional.of(
        new TcpMappingPlan(
            mapping,
            spec.port(),
            // A lone star is every name, which is the whole port.
            serverName.filter(p -> p.kind() != HostPattern.Kind.ANY),
            address.isEmpty() ? Optional.empty() : Optional.of(address),
            world.upstreams().add(cluster, tag),
            Optional.ofNullable(spec.weight()),
            idle));
  }
}
