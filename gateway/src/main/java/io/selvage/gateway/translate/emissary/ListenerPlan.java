// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.Admission;
import io.selvage.gateway.translate.DefaultListeners;
import io.selvage.model.crd.LabelSelector;
import io.selvage.model.crd.Listener;
import io.selvage.model.crd.ListenerSpecification;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One Listener, translated by itself. */
record ListenerPlan(ListenerSpec spec, Admission admission) {
  private static final Map<String, List<String>> PROTOCOLS =
      Map.of(
          "HTTP", List.of("HTTP", "TCP"),
          "HTTPS", List.of("TLS", "HTTP", "TCP"),
          "HTTPPROXY", List.of("PROXY", "HTTP", "TCP"),
          // The manifest's order would look for the PROXY header inside TLS, where no proxy puts
          // it; it is read first whatever the order.
          "HTTPSPROXY", List.of("TLS", "PROXY", "HTTP", "TCP"),
          "TCP", List.of("TCP"),
          "TLS", List.of("TLS", "TCP"));

  private static final Set<List<String>> STACKS =
      Set.of(
          List.of("HTTP", "TCP"),
          List.of("TLS", "HTTP", "TCP"),
          List.of("PROXY", "HTTP", "TCP"),
          List.of("TLS", "PROXY", "HTTP", "TCP"),
          List.of("PROXY", "TLS", "HTTP", "TCP"),
          List.of("TCP"),
          List.of("TLS", "TCP"),
          List.of("PROXY", "TCP"),
          List.of("PROXY", "TLS", "TCP"),
          List.of("TLS", "PROXY", "TCP"));

  private static final int MAX_STREAMS = 1000;
  private static final int MAX_HOPS = 100;

  /** Empty and reported if the port cannot be opened as asked. */
  static Optional<ListenerPlan> read(
      Listener listener, String address, int defaultHops, Findings findings) {
    var spec = listener.spec();
    if (spec == null || spec.port() == null) {
      findings.error("spec.port", "MissingField", "port is required");
      return Optional.empty();
    }
    int port = spec.port();
    if (port < 1 || port > 65_535) {
      findings.invalid("spec.port", "port " + port + " is not within 1..65535");
    }
    var stack = stack(spec, findings);
    var security = securityModel(spec, findings);
    var admission = admission(listener, spec, findings);
    int hops = spec.l7Depth() == null ? defaultHops : spec.l7Depth();
    if (hops < 0 || hops > MAX_HOPS) {
      findings.invalid("spec.l7Depth", "l7Depth is not within 0.." + MAX_HOPS);
    }
    int streams =
        spec.http2MaxConcurrentStreams() == null
            ? DefaultListeners.HTTP2_MAX_CONCURRENT_STREAMS
            : spec.http2MaxConcurrentStreams();
    if (streams < 1 || streams > MAX_STREAMS) {
      findings.invalid(
          "spec.http2MaxConcurrentStreams",
          "http2MaxConcurrentStreams is not within 1.." + MAX_STREAMS);
    }
    if (stack.isEmpty() || security.isEmpty() || admission.isEmpty() || findings.isFatal()) {
      return Optional.empty();
    }
    boolean http = stack.get().contains("HTTP");
    boolean tls = stack.get().contains("TLS");
    // HTTPS accepts cleartext on the same port too; a raw TLS port does not.
    TlsMode mode = tls ? (http ? TlsMode.DETECT : TlsMode.REQUIRED) : TlsMode.OFF;
    return Optional.of(
        new ListenerPlan(
            new ListenerSpec(
                listener.metadata().namespace() + "/" + listener.metadata().name(),
                Optional.of(listener.ref()),
                address,
                port,
                stack.get().contains("PROXY"),
                mode,
                http,
                security.get(),
                hops,
                "",
                List.of(),
                List.of(),
                streams,
                statsPrefix(spec, http, tls, port)),
            admission.get()));
  }

  private static Optional<List<String>> stack(ListenerSpecification spec, Findings findings) {
    List<String> stack = spec.protocolStack();
    if (stack.isEmpty() && spec.protocol() == null) {
      findings.error(
          "spec.protocol", "MissingField", "one of protocol and protocolStack is required");
      return Optional.empty();
    }
    if (!stack.isEmpty() && spec.protocol() != null) {
      findings.part(
          "spec.protocol",
          "Conflict",
          "protocol and protocolStack are both set; protocolStack is used");
    }
    if (stack.isEmpty()) {
      String protocol = String.valueOf(spec.protocol());
      stack = PROTOCOLS.getOrDefault(protocol, List.of());
      if (stack.isEmpty()) {
        boolean udp = protocol.equals("UDP");
        findings.error(
            "spec.protocol",
            udp ? Findings.NOT_YET_SUPPORTED : Findings.INVALID_VALUE,
            udp ? "UDP is not supported yet" : "protocol " + protocol + " is unknown");
        return Optional.empty();
      }
    }
    if (stack.contains("UDP")) {
      findings.error(
          "spec.protocolStack",
          Findings.NOT_YET_SUPPORTED,
          "HTTP/3 (UDP) is not supported yet; the TCP Listener of the port is not affected");
      return Optional.empty();
    }
    if (!STACKS.contains(stack)) {
      findings.invalid(
          "spec.protocolStack",
          "protocolStack " + stack + " is none of the stacks TLS, PROXY, HTTP and TCP can form");
      return Optional.empty();
    }
    return Optional.of(stack);
  }

  private static Optional<SecurityModel> securityModel(
      ListenerSpecification spec, Findings findings) {
    return switch (spec.securityModel() == null ? "" : spec.securityModel()) {
      case "XFP" -> Optional.of(SecurityModel.XFP);
      case "SECURE" -> Optional.of(SecurityModel.SECURE);
      case "INSECURE" -> Optional.of(SecurityModel.INSECURE);
      default -> {
        findings.invalid(
            "spec.securityModel", "securityModel is required: XFP, SECURE or INSECURE");
        yield Optional.empty();
      }
    };
  }

  private static Optional<Admission> admission(
      Listener listener, ListenerSpecification spec, Findings findings) {
    var binding = spec.hostBinding();
    LabelSelector selector = binding == null ? null : binding.selector();
    var namespace = binding == null ? null : binding.namespace();
    if (namespace == null && (selector == null || selector.matchLabels().isEmpty())) {
      findings.error(
          "spec.hostBinding",
          "MissingField",
          "hostBinding needs a namespace, a selector with matchLabels, or both");
      return Optional.empty();
    }
    if (selector != null && !selector.matchExpressions().isEmpty()) {
      findings.notSupported("spec.hostBinding.selector.matchExpressions", "matchLabels only");
    }
    String from = namespace == null || namespace.from() == null ? "ALL" : namespace.from();
    if (!from.equals("ALL") && !from.equals("SELF")) {
      findings.invalid(
          "spec.hostBinding.namespace.from",
          "hostBinding.namespace.from is SELF or ALL, not " + from);
      return Optional.empty();
    }
    return Optional.of(
        new Admission(
            from.equals("SELF") ? Optional.of(listener.metadata().namespace()) : Optional.empty(),
            selector == null ? Map.of() : selector.matchLabels()));
  }

  private static String statsPrefix(
      ListenerSpecification spec, boolean http, boolean tls, int port) {
    if (spec.statsPrefix() != null && !spec.statsPrefix().isEmpty()) {
      return spec.statsPrefix();
    }
    if (http) {
      return tls ? "ingress_https" : "ingress_http";
    }
    return (tls ? "ingress_tls_" : "ingress_tcp_") + port;
  }
}
