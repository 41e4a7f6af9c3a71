// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.CircuitBreakerSpec;
import io.selvage.model.crd.CorsPolicy;
import io.selvage.model.crd.LoadBalancerSpec;
import io.selvage.model.crd.RetryPolicySpec;
import io.selvage.model.routing.Affinity;
import io.selvage.model.routing.ClusterSpec.Breakers;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import io.selvage.model.routing.CorsSpec;
import io.selvage.model.routing.RetrySpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The small policies that a Mapping and the Module have in common. Each method reports what it
 * cannot read; an error here invalidates the Mapping, as in Emissary.
 */
final class Policies {
  private static final int MAX_RETRIES = 10;

  private Policies() {}

  /** The pools of circuit_breakers. */
  record BreakerPair(Breakers normal, Breakers high) {
    static final BreakerPair DEFAULT = new BreakerPair(Breakers.DEFAULT, Breakers.DEFAULT);
  }

  static BreakerPair breakers(List<CircuitBreakerSpec> list, Findings findings) {
    var pair = BreakerPair.DEFAULT;
    for (var breaker : list) {
      String priority =
          breaker.priority() == null ? "default" : breaker.priority().toLowerCase(Locale.ROOT);
      boolean negative =
          Stream.of(
                  breaker.maxConnections(),
                  breaker.maxPendingRequests(),
                  breaker.maxRequests(),
                  breaker.maxRetries())
              .anyMatch(n -> n != null && n < 0);
      if (negative || !priority.equals("default") && !priority.equals("high")) {
        findings.invalid(
            "spec.circuit_breakers",
            "circuit_breakers: priority is default or high, and a limit is at least 0");
        return pair;
      }
      var d = Breakers.DEFAULT;
      var limits =
          new Breakers(
              or(breaker.maxConnections(), d.maxConnections()),
              or(breaker.maxPendingRequests(), d.maxPendingRequests()),
              or(breaker.maxRequests(), d.maxRequests()),
              or(breaker.maxRetries(), d.maxRetries()));
      pair =
          priority.equals("high")
              ? new BreakerPair(pair.normal(), limits)
              : new BreakerPair(limits, pair.high());
    }
    return pair;
  }

  /** A balancing policy with what it hashes. */
  record Balancing(LoadBalancerPolicy policy, Affinity affinity) {
    static final Balancing DEFAULT =
        new Balancing(LoadBalancerPolicy.ROUND_ROBIN, new Affinity.None());
  }

  static Balancing balancing(@Nullable LoadBalancerSpec spec, Findings findings) {
    if (spec == null) {
      return Balancing.DEFAULT;
    }
    String name = spec.policy() == null ? "" : spec.policy();
    LoadBalancerPolicy policy;
    switch (name) {
      case "round_robin" -> policy = LoadBalancerPolicy.ROUND_ROBIN;
      case "least_request" -> policy = LoadBalancerPolicy.LEAST_REQUEST;
      case "ring_hash" -> policy = LoadBalancerPolicy.RING_HASH;
      case "maglev" -> policy = LoadBalancerPolicy.MAGLEV;
      case "peak_ewma" -> policy = LoadBalancerPolicy.PEAK_EWMA;
      case "random" -> policy = LoadBalancerPolicy.RANDOM;
      default -> {
        findings.invalid(
            "spec.load_balancer.policy",
            "load_balancer.policy is round_robin, least_request, ring_hash or maglev, not \""
                + name
                + "\"");
        return Balancing.DEFAULT;
      }
    }
    boolean hashes = policy == LoadBalancerPolicy.RING_HASH || policy == LoadBalancerPolicy.MAGLEV;
    boolean bySource = Boolean.TRUE.equals(spec.sourceIp());
    int keys =
        (spec.cookie() == null ? 0 : 1) + (spec.header() == null ? 0 : 1) + (bySource ? 1 : 0);
    if (keys != (hashes ? 1 : 0)) {
      findings.invalid(
          "spec.load_balancer",
          hashes
              ? "load_balancer: " + name + " needs exactly one of cookie, header and source_ip"
              : "load_balancer: " + name + " takes no cookie, header or source_ip");
      return Balancing.DEFAULT;
    }
    return new Balancing(policy, hashes ? affinity(spec, findings) : new Affinity.None());
  }

  private static Affinity affinity(LoadBalancerSpec spec, Findings findings) {
    if (spec.header() != null) {
      return new Affinity.Header(spec.header().toLowerCase(Locale.ROOT));
    }
    var cookie = spec.cookie();
    if (cookie == null) {
      return new Affinity.SourceAddress();
    }
    OptionalLong ttl =
        cookie.ttl() == null ? OptionalLong.of(-1) : DurationText.millis(cookie.ttl());
    boolean nameless = cookie.name() == null || cookie.name().isEmpty();
    if (nameless || ttl.isEmpty()) {
      findings.invalid(
          "spec.load_balancer.cookie",
          "load_balancer.cookie needs a name, and a ttl such as 60s where it has one");
      return new Affinity.None();
    }
    // Whole seconds, rounded up: a ttl of 500ms must not become a session cookie.
    long seconds = ttl.getAsLong() < 0 ? -1 : (ttl.getAsLong() + 999) / 1000;
    return new Affinity.Cookie(
        String.valueOf(cookie.name()), cookie.path() == null ? "" : cookie.path(), seconds);
  }

  static Optional<RetrySpec> retry(@Nullable RetryPolicySpec spec, Findings findings) {
    if (spec == null) {
      return Optional.empty();
    }
    RetrySpec.On on;
    switch (spec.retryOn() == null ? "" : spec.retryOn()) {
      case "5xx" -> on = RetrySpec.On.SERVER_ERROR;
      case "gateway-error" -> on = RetrySpec.On.GATEWAY_ERROR;
      case "connect-failure" -> on = RetrySpec.On.CONNECT_FAILURE;
      case "retriable-4xx" -> on = RetrySpec.On.CONFLICT;
      case "refused-stream" -> on = RetrySpec.On.REFUSED_STREAM;
      case "retriable-status-codes" -> {
        findings.notSupported(
            "spec.retry_policy.retry_on",
            "retriable-status-codes takes its statuses from a request header, which is not read");
        return Optional.empty();
      }
      default -> {
        findings.invalid(
            "spec.retry_policy.retry_on",
            "retry_policy.retry_on is one of 5xx, gateway-error, connect-failure, retriable-4xx,"
                + " refused-stream, retriable-status-codes");
        return Optional.empty();
      }
    }
    int retries = or(spec.numRetries(), 1);
    if (retries < 0 || retries > MAX_RETRIES) {
      findings.invalid(
          "spec.retry_policy.num_retries",
          "retry_policy.num_retries is not within 0.." + MAX_RETRIES);
      return Optional.empty();
    }
    var perTry =
        spec.perTryTimeout() == null
            ? OptionalLong.of(0)
            : DurationText.millis(spec.perTryTimeout());
    if (perTry.isEmpty()) {
      findings.invalid(
          "spec.retry_policy.per_try_timeout",
          "retry_policy.per_try_timeout \"" + spec.perTryTimeout() + "\" is no duration");
      return Optional.empty();
    }
    if (spec.retryBackOff() != null) {
      findings.notSupported("spec.retry_policy.retry_back_off", "retries are made at once");
    }
    return Optional.of(new RetrySpec(Set.of(on), List.of(), retries, perTry.getAsLong(), true));
  }

  static Optional<CorsSpec> cors(@Nullable CorsPolicy cors, Findings findings) {
    if (cors == null) {
      return Optional.empty();
    }
    boolean star = cors.origins().values().contains("*");
    if (star && cors.origins().values().size() > 1) {
      findings.warning(
          "spec.cors.origins", "Conflict", "cors.origins: * beside other origins allows all");
    }
    String maxAge = cors.maxAge();
    if (!maxAge.isEmpty() && !maxAge.chars().allMatch(c -> c >= '0' && c <= '9')) {
      findings.invalid("spec.cors.max_age", "cors.max_age is not a number of seconds");
      return Optional.empty();
    }
    return Optional.of(
        new CorsSpec(
            star ? List.of("*") : cors.origins().values(),
            cors.methods().values(),
            cors.headers().values(),
            cors.exposedHeaders().values(),
            cors.credentials(),
            maxAge));
  }

  private static int or(@Nullable Integer value, int byDefault) {
    return value == null ? byDefault : value;
  }
}
