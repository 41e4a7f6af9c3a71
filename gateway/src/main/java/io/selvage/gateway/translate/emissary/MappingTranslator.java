// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.emissary.MappingPlan.Effect;
import io.selvage.model.crd.AddedHeader;
import io.selvage.model.crd.Mapping;
import io.selvage.model.crd.MappingSpec;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.FailureAccrualSpec;
import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.CorsSpec;
import io.selvage.model.routing.ErrorResponse;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.RetrySpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.model.routing.Shadow;
import io.selvage.model.routing.Timeouts;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Translates one Mapping. An error in a field that decides where or whether traffic goes leaves the
 * Mapping out; an error in one header or one error response leaves out that element.
 */
final class MappingTranslator {
  private static final long IDLE_TIMEOUT_MILLIS = 300_000;

  /** Built-in and declared names that mean "by endpoints", which is all Selvage does. */
  private final Set<String> resolvers;

  private final Upstreams upstreams;
  private final ModuleSettings module;

  MappingTranslator(Set<String> resolvers, Upstreams upstreams, ModuleSettings module) {
    this.resolvers = resolvers;
    this.upstreams = upstreams;
    this.module = module;
  }

  /** The plan, or empty if the Mapping cannot be used; the findings say why. */
  Optional<MappingPlan> translate(Mapping mapping, Findings findings) {
    MappingSpec spec = mapping.spec();
    if (spec == null) {
      findings.error("spec", "MissingField", "spec is required");
      return Optional.empty();
    }
    reportUnsupported(spec, findings);
    if (spec.weight() != null && (spec.weight() < 0 || spec.weight() > 100)) {
      findings.invalid("spec.weight", "weight " + spec.weight() + " is not within 0..100");
    }
    var match = MappingMatch.read(mapping, spec, module.regexMaxSize(), findings);
    if (match.isEmpty() || findings.isFatal()) {
      return Optional.empty();
    }
    return effect(mapping, spec, findings)
        .map(effect ->
            new MappingPlan(
                mapping, match.get(), effect, agreement(spec), Optional.ofNullable(spec.weight())));
  }

  private Optional<Effect> effect(Mapping mapping, MappingSpec spec, Findings findings) {
    boolean shadow = Boolean.TRUE.equals(spec.shadow());
    boolean redirect = Boolean.TRUE.equals(spec.hostRedirect());
    if (shadow && redirect) {
      findings.part(
          "spec.host_redirect",
          "Conflict",
          "shadow and host_redirect exclude each other; host_redirect is ignored");
      redirect = false;
    }
    if (redirect) {
      return Redirects.read(spec, module.regexMaxSize(), findings).map(Effect.Redirect::new);
    }
    Redirects.reportWithoutHostRedirect(spec, findings);
    var forward = forward(mapping, spec, findings);
    if (forward.isEmpty()) {
      return Optional.empty();
    }
    if (shadow) {
      int percent = spec.weight() == null ? 100 : spec.weight();
      var f = forward.get();
      return Optional.of(new Effect.Copy(new Shadow(f.cluster(), percent, f.pathRewrite())));
    }
    return Optional.of(new Effect.Route(forward.get()));
  }

  private Optional<RouteAction.Forward> forward(
      Mapping mapping, MappingSpec spec, Findings findings) {
    String resolver = spec.resolver() == null ? module.resolver() : spec.resolver();
    if (!resolver.isEmpty() && !resolvers.contains(resolver)) {
      findings.error(
          "spec.resolver", "ResolverNotFound", "resolver " + resolver + " does not exist");
      return Optional.empty();
    }
    String hostRewrite = spec.hostRewrite() == null ? "" : spec.hostRewrite();
    var destination =
        upstreams.resolve(
            spec.service(),
            spec.tls(),
            mapping.metadata().namespace(),
            hostRewrite,
            Boolean.TRUE.equals(spec.grpc()),
            findings);
    var rewrite = Rewrites.read(spec, module.regexMaxSize(), findings);
    var balancing =
        Policies.balancing(
            spec.loadBalancer() == null ? module.loadBalancer().orElse(null) : spec.loadBalancer(),
            findings);
    var retry = retry(spec, findings);
    var cors = cors(spec, findings);
    var timeouts = timeouts(spec, findings);
    var priority = priority(spec, findings);
    var upgrades = upgrades(spec);
    if (destination.isEmpty() || rewrite.isEmpty()) {
      return Optional.empty();
    }
    var cluster = cluster(spec, destination.get(), balancing, findings);
    // Reported as invalid above: nothing of this Mapping is served then. A Service that does not
    // exist is different: its route stays and answers 503.
    if (findings.isFatal()) {
      return Optional.empty();
    }
    String tag = spec.clusterTag() == null ? "" : spec.clusterTag();
    return Optional.of(
        new RouteAction.Forward(
            upstreams.add(cluster, tag),
            rewrite.get(),
            hostRewrite(spec, destination.get(), findings),
            requestHeaders(spec, destination.get(), findings),
            responseHeaders(spec, findings),
            timeouts,
            retry,
            balancing.affinity(),
            upgrades,
            List.of(),
            cors,
            priority,
            module.maxRequestBodyBytes(),
            errorResponses(spec, findings)));
  }

  private ClusterSpec cluster(
      MappingSpec spec,
      Upstreams.Destination destination,
      Policies.Balancing balancing,
      Findings findings) {
    var breakers =
        Policies.breakers(
            spec.circuitBreakers().isEmpty() ? module.circuitBreakers() : spec.circuitBreakers(),
            findings);
    var checks = spec.healthChecks().isEmpty() ? spec.v3HealthChecks() : spec.healthChecks();
    String statsName = spec.statsName() == null ? spec.v3StatsName() : spec.statsName();
    return new ClusterSpec(
        destination.key(),
        statsName == null ? destination.statsName() : statsName,
        destination.source(),
        Boolean.TRUE.equals(spec.grpc()) ? Protocol.HTTP2 : Protocol.HTTP1,
        destination.tls(),
        balancing.policy(),
        // Cannot be turned off: 0 means the default, as in Emissary.
        positive(
            spec.connectTimeoutMillis(),
            "spec.connect_timeout_ms",
            Upstreams.CONNECT_TIMEOUT_MILLIS,
            findings),
        millis(
            spec.clusterIdleTimeoutMillis(),
            "spec.cluster_idle_timeout_ms",
            module.clusterIdleMillis(),
            findings),
        millis(
            spec.clusterMaxConnectionLifetimeMillis(),
            "spec.cluster_max_connection_lifetime_ms",
            module.clusterLifetimeMillis(),
            findings),
        breakers.normal(),
        breakers.high(),
        Optional.of(FailureAccrualSpec.DEFAULT),
        HealthChecks.read(checks, findings),
        Upstreams.keepalive(
            spec.keepalive() == null ? module.keepalive().orElse(null) : spec.keepalive(),
            findings));
  }

  private Timeouts timeouts(MappingSpec spec, Findings findings) {
    return new Timeouts(
        millis(spec.timeoutMillis(), "spec.timeout_ms", module.requestTimeoutMillis(), findings),
        millis(spec.idleTimeoutMillis(), "spec.idle_timeout_ms", IDLE_TIMEOUT_MILLIS, findings));
  }

  private static long millis(
      @Nullable Long value, String field, long byDefault, Findings findings) {
    if (value == null) {
      return byDefault;
    }
    if (value < 0 || value > Integer.MAX_VALUE) {
      findings.invalid(field, field + " is not within 0.." + Integer.MAX_VALUE);
      return byDefault;
    }
    return value;
  }

  private static long positive(
      @Nullable Long value, String field, long byDefault, Findings findings) {
    long millis = millis(value, field, byDefault, findings);
    return millis == 0 ? byDefault : millis;
  }

  private Optional<RetrySpec> retry(MappingSpec spec, Findings findings) {
    return Policies.retry(
        spec.retryPolicy() == null ? module.retryPolicy().orElse(null) : spec.retryPolicy(),
        findings);
  }

  private Optional<CorsSpec> cors(MappingSpec spec, Findings findings) {
    return Policies.cors(spec.cors() == null ? module.cors().orElse(null) : spec.cors(), findings);
  }

  private static Priority priority(MappingSpec spec, Findings findings) {
    String text = spec.priority() == null ? "" : spec.priority().toLowerCase(Locale.ROOT);
    if (!text.isEmpty() && !text.equals("default") && !text.equals("high")) {
      findings.invalid("spec.priority", "priority is default or high, not " + text);
    }
    return text.equals("high") ? Priority.HIGH : Priority.DEFAULT;
  }

  private static Set<String> upgrades(MappingSpec spec) {
    var tokens = new TreeSet<String>();
    spec.allowUpgrade().forEach(t -> tokens.add(t.toLowerCase(Locale.ROOT)));
    if (Boolean.TRUE.equals(spec.useWebsocket())) {
      tokens.add("websocket");
    }
    return tokens;
  }

  private static HostRewrite hostRewrite(
      MappingSpec spec, Upstreams.Destination destination, Findings findings) {
    boolean auto = Boolean.TRUE.equals(spec.autoHostRewrite());
    if (spec.hostRewrite() != null && !spec.hostRewrite().isEmpty()) {
      if (auto) {
        findings.warning(
            "spec.auto_host_rewrite",
            "Conflict",
            "host_rewrite and auto_host_rewrite are both set; host_rewrite is used");
      }
      return new HostRewrite.Literal(spec.hostRewrite());
    }
    // "The upstream's DNS name" is the service's name; an endpoint itself has none.
    return auto ? new HostRewrite.Literal(destination.host()) : new HostRewrite.Keep();
  }

  private HeaderEdits requestHeaders(
      MappingSpec spec, Upstreams.Destination destination, Findings findings) {
    var defaults = module.headerDefaults();
    var add =
        new LinkedHashMap<String, AddedHeader>(
            orDefault(spec.addRequestHeaders(), defaults.addRequest()));
    boolean linkerd =
        spec.addLinkerdHeaders() == null ? module.linkerdHeaders() : spec.addLinkerdHeaders();
    if (linkerd) {
      String host = destination.host();
      String bracketed = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      add.put(
          "l5d-dst-override", new AddedHeader(bracketed + ":" + destination.port(), false, null));
    }
    var remove =
        spec.removeRequestHeaders().isEmpty()
            ? defaults.removeRequest()
            : spec.removeRequestHeaders();
    return HeaderRules.read("request", add, remove, findings);
  }

  private HeaderEdits responseHeaders(MappingSpec spec, Findings findings) {
    var defaults = module.headerDefaults();
    var remove =
        spec.removeResponseHeaders().isEmpty()
            ? defaults.removeResponse()
            : spec.removeResponseHeaders();
    return HeaderRules.read(
        "response", orDefault(spec.addResponseHeaders(), defaults.addResponse()), remove, findings);
  }

  private static Map<String, AddedHeader> orDefault(
      Map<String, AddedHeader> own, Map<String, AddedHeader> byDefault) {
    return own.isEmpty() ? byDefault : own;
  }

  private List<ErrorResponse> errorResponses(MappingSpec spec, Findings findings) {
    if (!spec.errorResponseOverrides().isEmpty()) {
      return ErrorResponses.read(spec.errorResponseOverrides(), findings);
    }
    return Boolean.TRUE.equals(spec.bypassErrorResponseOverrides())
        ? List.of()
        : ErrorResponses.read(module.errorResponseOverrides(), findings);
  }

  /** The fields in which members of a canary group may not differ (ingress.md 1.4). */
  private static Map<String, String> agreement(MappingSpec spec) {
    var a = new TreeMap<String, String>();
    a.put("bypass_auth", Objects.toString(spec.bypassAuth()));
    a.put("circuit_breakers", spec.circuitBreakers().toString());
    a.put("cluster_idle_timeout_ms", Objects.toString(spec.clusterIdleTimeoutMillis()));
    a.put(
        "cluster_max_connection_lifetime_ms",
        Objects.toString(spec.clusterMaxConnectionLifetimeMillis()));
    a.put("connect_timeout_ms", Objects.toString(spec.connectTimeoutMillis()));
    a.put("headers", spec.headers() + " " + spec.regexHeaders());
    a.put("keepalive", Objects.toString(spec.keepalive()));
    a.put("labels", spec.labels().toString());
    a.put("load_balancer", Objects.toString(spec.loadBalancer()));
    a.put("method", spec.method() + " " + spec.methodRegex());
    a.put("prefix_exact", Boolean.toString(Boolean.TRUE.equals(spec.prefixExact())));
    a.put("prefix_regex", Boolean.toString(Boolean.TRUE.equals(spec.prefixRegex())));
    return a;
  }

  private static void reportUnsupported(MappingSpec spec, Findings findings) {
    String auth = "AuthService comes with a later release";
    String limit = "RateLimitService comes with a later release";
    report(spec.bypassAuth() != null, "bypass_auth", auth, findings);
    report(!spec.authContextExtensions().isEmpty(), "auth_context_extensions", auth, findings);
    report(!spec.labels().isEmpty(), "labels", limit, findings);
    report(spec.envoyOverride() != null, "envoy_override", "there is no Envoy here", findings);
    report(spec.modules() != null, "modules", "it has no effect", findings);
    report(
        spec.outlierDetection() != null,
        "outlier_detection",
        "failing endpoints are ejected by the gateway's own rule",
        findings);
    report(
        "logical_dns".equalsIgnoreCase(spec.dnsType()),
        "dns_type",
        "all addresses of a name are used",
        findings);
    report(
        Boolean.FALSE.equals(spec.enableIpv4()),
        "enable_ipv4",
        "addresses of both families are used",
        findings);
    report(
        Boolean.FALSE.equals(spec.enableIpv6()),
        "enable_ipv6",
        "addresses of both families are used",
        findings);
  }

  private static void report(boolean isSet, String field, String consequence, Findings findings) {
    if (isSet) {
      findings.notSupported("spec." + field, consequence);
    }
  }
}
