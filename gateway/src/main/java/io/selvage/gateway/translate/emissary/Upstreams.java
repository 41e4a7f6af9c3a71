// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.selvage.model.crd.BoolOrString;
import io.selvage.model.crd.KeepAlive;
import io.selvage.model.crd.TLSContext;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.EndpointSource;
import io.selvage.model.routing.ClusterSpec.TcpKeepalive;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TrustSpec;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Turns {@code service}, {@code tls} and the connection settings of Mappings and TCPMappings into
 * clusters, one for each different way of talking to a service. Confined to the compiling thread.
 */
final class Upstreams {
  /** Upstream connect timeout of Emissary, TCP and TLS together. */
  static final long CONNECT_TIMEOUT_MILLIS = 3_000;

  private static final int KEEPALIVE_MAX_SECONDS = 32_767;

  private final Lookups lookups;
  private final TlsContexts contexts;
  private final ModuleSettings module;
  private final String gatewayNamespace;
  private final Map<String, ClusterSpec> clusters = new HashMap<>();

  /** Names given so far: thousands of Mappings ask for the same few clusters. */
  private final Map<Asked, String> names = new HashMap<>();

  private record Asked(ClusterSpec unnamed, String tag) {}

  Upstreams(Lookups lookups, TlsContexts contexts, ModuleSettings module, String gatewayNamespace) {
    this.lookups = lookups;
    this.contexts = contexts;
    this.module = module;
    this.gatewayNamespace = gatewayNamespace;
  }

  /** A cluster by the name {@link #add} gave it. */
  ClusterSpec cluster(String name) {
    return Objects.requireNonNull(clusters.get(name), name);
  }

  /**
   * Where a service text leads.
   *
   * @param host name of the service, qualified with its namespace where the text was not
   * @param statsName metric name by default: service and namespace, or the host
   * @param tls what to speak, absent = plaintext
   */
  record Destination(
      String key,
      EndpointSource source,
      String host,
      int port,
      String statsName,
      Optional<UpstreamTls> tls) {}

  /**
   * Reads {@code service} and {@code tls}.
   *
   * @param hostRewrite literal Host sent upstream, empty when it is the client's; the default SNI
   * @param http2 whether h2 is to be offered by ALPN
   * @return empty and reported if nothing can be sent there
   */
  Optional<Destination> resolve(
      @Nullable String service,
      @Nullable BoolOrString tls,
      String namespace,
      String hostRewrite,
      boolean http2,
      Findings findings) {
    if (service == null || service.isBlank()) {
      findings.error("spec.service", "MissingField", "service is required");
      return Optional.empty();
    }
    var parsed = ServiceUrl.parse(service);
    if (parsed.isEmpty()) {
      findings.invalid("spec.service", "service \"" + service + "\" is not [scheme://]host[:port]");
      return Optional.empty();
    }
    ServiceUrl url = parsed.get();
    if (!url.trailing().isEmpty()) {
      findings.warning(
          "spec.service",
          Findings.INVALID_VALUE,
          "service: \"" + url.trailing() + "\" after host and port is ignored; use rewrite");
    }
    if (!url.scheme().isEmpty() && !url.scheme().equals("http") && !url.isHttps()) {
      findings.warning(
          "spec.service",
          Findings.INVALID_VALUE,
          "service: scheme " + url.scheme() + " is neither http nor https; http is used");
    }
    String context = tls == null || tls.isBool() ? "" : tls.text();
    boolean originates = url.isHttps() || !context.isEmpty() || tls != null && tls.isTrue();
    if (originates && url.scheme().equals("http")) {
      findings.warning(
          "spec.service", "Conflict", "service says http://, tls asks for TLS; TLS is used");
    }
    Optional<UpstreamTls> upstreamTls = Optional.empty();
    if (originates) {
      upstreamTls = originate(context, namespace, url, hostRewrite, http2, findings);
      if (upstreamTls.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(destination(url, namespace, upstreamTls, findings));
  }

  private Destination destination(
      ServiceUrl url, String namespace, Optional<UpstreamTls> tls, Findings findings) {
    IntOrString port = url.port().orElse(IntOrString.of(tls.isPresent() ? 443 : 80));
    String home = module.servicesInGatewayNamespace() ? gatewayNamespace : namespace;
    String[] labels = url.host().split("\\.", -1);
    String service = labels[0];
    String serviceNamespace = labels.length > 1 ? labels[1] : home;
    if (url.isUnqualified() || isService(url, labels)) {
      var backend = lookups.backend(serviceNamespace, service, port, findings);
      String host = url.isUnqualified() ? service + "." + serviceNamespace : url.host();
      String statsName = statsName(service + "." + serviceNamespace);
      return new Destination(backend.key(), backend.source(), host, port.number(), statsName, tls);
    }
    if (port.isName()) {
      findings.invalid(
          "spec.service", "service: a port name needs a Service; " + url.host() + " is none");
    }
    int number = port.isName() ? (tls.isPresent() ? 443 : 80) : port.number();
    return new Destination(
        "dns/" + url.authority(number),
        new EndpointSource.Dns(url.host(), number),
        url.host(),
        number,
        statsName(url.host()),
        tls);
  }

  private static String statsName(String host) {
    return host.replaceAll("[^A-Za-z0-9]", "_");
  }

  /**
   * A dotted name is a Service's if it ends like one, if there is such a Service, or if it has two
   * labels and the second is a namespace we know; anything else is looked up in DNS.
   */
  private boolean isService(ServiceUrl url, String[] labels) {
    if (url.isIpLiteral() || labels.length < 2) {
      return false;
    }
    boolean svc = labels.length >= 3 && labels[2].equals("svc");
    boolean clusterLocal = svc && (labels.length == 3 || url.host().endsWith(".cluster.local"));
    return clusterLocal
        || labels.length == 2
            && (lookups.serviceExists(labels[1], labels[0])
                || lookups.namespaceHasServices(labels[1]));
  }

  private Optional<UpstreamTls> originate(
      String contextName,
      String namespace,
      ServiceUrl url,
      String hostRewrite,
      boolean http2,
      Findings findings) {
    String name = url.isUnqualified() || url.isIpLiteral() ? "" : url.host();
    String sni = hostRewrite.isEmpty() ? name : hostRewrite;
    List<String> offered = http2 ? List.of("h2") : List.of();
    if (contextName.isEmpty()) {
      return Optional.of(
          new UpstreamTls(
              sni,
              Optional.empty(),
              "",
              Optional.empty(),
              offered,
              Optional.empty(),
              Optional.empty(),
              List.of()));
    }
    var context = contexts.find(contextName, namespace);
    if (context.isEmpty()) {
      // Emissary goes on without the context; a missing client certificate or CA must not pass
      // unnoticed, so this Mapping is left out instead.
      findings.error(
          "spec.tls", "TLSContextNotFound", "TLSContext " + contextName + " does not exist");
      return Optional.empty();
    }
    return originate(context.get(), sni, offered, findings);
  }

  private Optional<UpstreamTls> originate(
      TLSContext context, String sni, List<String> offered, Findings findings) {
    var spec = Objects.requireNonNull(context.spec());
    var config = spec.config();
    String namespace = context.metadata().namespace();
    var rules = TlsContexts.rules(config, "spec", findings);
    Optional<KeyMaterial> certificate = contexts.certificate(context, findings);
    Optional<TrustSpec> trust = Optional.empty();
    if (config.caSecret() != null) {
      boolean namespacing = !Boolean.FALSE.equals(spec.secretNamespacing());
      trust = contexts.trust(config, namespacing, namespace, "spec", findings);
      if (trust.isEmpty()) {
        return Optional.empty();
      }
    }
    if (config.cacertChainFile() != null || config.certChainFile() != null) {
      TlsContexts.files("spec.tls", findings);
      return Optional.empty();
    }
    if (rules.isEmpty() || spec.secret() != null && certificate.isEmpty()) {
      return Optional.empty();
    }
    var r = rules.get();
    String serverName = config.sni() == null || config.sni().isEmpty() ? sni : config.sni();
    return Optional.of(
        new UpstreamTls(
            serverName,
            trust,
            "",
            certificate,
            r.alpn().isEmpty() ? offered : r.alpn(),
            r.minVersion(),
            r.maxVersion(),
            r.cipherSuites()));
  }

  /** Keep-alive in seconds; empty and reported if out of range. */
  static Optional<TcpKeepalive> keepalive(@Nullable KeepAlive k, Findings findings) {
    if (k == null) {
      return Optional.empty();
    }
    int idle = k.idleTime() == null ? 0 : k.idleTime();
    int interval = k.interval() == null ? 0 : k.interval();
    int probes = k.probes() == null ? 0 : k.probes();
    int max = Math.max(idle, Math.max(interval, probes));
    if (Math.min(idle, Math.min(interval, probes)) < 0 || max > KEEPALIVE_MAX_SECONDS) {
      findings.invalid(
          "spec.keepalive", "keepalive: values are within 0.." + KEEPALIVE_MAX_SECONDS);
      return Optional.empty();
    }
    return Optional.of(new TcpKeepalive(idle, interval, probes));
  }

  /**
   * Notes a cluster and returns its name (what routes use it hands it to the model): the
   * destination's key, with a short digest of everything that differs from the plain form.
   * Certificates count by name, so that a rotation does not rename the cluster.
   */
  String add(ClusterSpec unnamed, String tag) {
    return names.computeIfAbsent(new Asked(unnamed, tag), a -> name(unnamed, tag));
  }

  private String name(ClusterSpec unnamed, String tag) {
    var plain = ClusterSpec.http(unnamed.name());
    String variant = variant(unnamed) + tag;
    String name = unnamed.name();
    if (!variant.equals(variant(plain))) {
      name = name + "#" + digest(variant);
    }
    clusters.put(name, withName(unnamed, name));
    return name;
  }

  private static String variant(ClusterSpec c) {
    String tls =
        c.tls()
            .map(t ->
                String.join(
                    "|",
                    t.serverName(),
                    t.trust().map(TrustSpec::name).orElse(""),
                    t.verifyName(),
                    t.clientCertificate().map(KeyMaterial::name).orElse(""),
                    t.alpn().toString(),
                    t.minVersion().toString(),
                    t.maxVersion().toString(),
                    t.cipherSuites().toString()))
            .orElse("");
    return String.join(
        "\n",
        c.statsName(),
        c.protocol().toString(),
        tls,
        c.loadBalancer().toString(),
        Long.toString(c.connectTimeoutMillis()),
        Long.toString(c.idleTimeoutMillis()),
        Long.toString(c.maxConnectionLifetimeMillis()),
        c.defaultBreakers().toString(),
        c.highBreakers().toString(),
        c.accrual().toString(),
        c.healthCheck().toString(),
        c.tcpKeepalive().toString());
  }

  private static ClusterSpec withName(ClusterSpec c, String name) {
    return new ClusterSpec(
        name,
        c.statsName(),
        c.endpoints(),
        c.protocol(),
        c.tls(),
        c.loadBalancer(),
        c.connectTimeoutMillis(),
        c.idleTimeoutMillis(),
        c.maxConnectionLifetimeMillis(),
        c.defaultBreakers(),
        c.highBreakers(),
        c.accrual(),
        c.healthCheck(),
        c.tcpKeepalive());
  }

  private static String digest(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(hash, 0, 5);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
