// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import com.fasterxml.jackson.core.type.TypeReference;
import io.selvage.model.crd.AddedHeader;
import io.selvage.model.crd.CircuitBreakerSpec;
import io.selvage.model.crd.CorsPolicy;
import io.selvage.model.crd.ErrorResponseOverride;
import io.selvage.model.crd.KeepAlive;
import io.selvage.model.crd.LoadBalancerSpec;
import io.selvage.model.crd.RetryPolicySpec;
import io.selvage.model.routing.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads {@code spec.config} of the Module {@code ambassador} option by option. An option that
 * cannot be read costs itself only.
 */
final class ModuleReader {
  private static final int HEADERS_MAX_KB = 96;

  private final Options options;
  private final Findings findings;

  private ModuleReader(Options options, Findings findings) {
    this.options = options;
    this.findings = findings;
  }

  static ModuleSettings read(Map<String, Object> config, Findings findings) {
    var options = new Options("spec.config", config, findings);
    return new ModuleReader(options, findings).read();
  }

  private ModuleSettings read() {
    var defaults = options.nested("defaults");
    var mappingDefaults = defaults.nested("httpmapping");
    var headerDefaults = headerDefaults(mappingDefaults);
    mappingDefaults.reportUnknown();
    var result =
        new ModuleSettings(
            settings(),
            (int) options.number("xff_num_trusted_hops", 0, 100, 0),
            options.text("resolver", ""),
            options.number(
                "cluster_request_timeout_ms",
                0,
                Integer.MAX_VALUE,
                ModuleSettings.REQUEST_TIMEOUT_MILLIS),
            options.number(
                "cluster_idle_timeout_ms",
                0,
                Integer.MAX_VALUE,
                ModuleSettings.CLUSTER_IDLE_MILLIS),
            options.number("cluster_max_connection_lifetime_ms", 0, Integer.MAX_VALUE, 0),
            (int) options.number("regex_max_size", 1, 10_000, ModuleSettings.REGEX_MAX_SIZE),
            options.bool("use_ambassador_namespace_for_service_resolution", false),
            options.bool("add_linkerd_headers", false),
            maxRequestBodyBytes(),
            options.structure("retry_policy", new TypeReference<RetryPolicySpec>() {}),
            options
                .structure("circuit_breakers", new TypeReference<List<CircuitBreakerSpec>>() {})
                .orElse(List.of()),
            options.structure("load_balancer", new TypeReference<LoadBalancerSpec>() {}),
            options.structure("cors", new TypeReference<CorsPolicy>() {}),
            options.structure("keepalive", new TypeReference<KeepAlive>() {}),
            options
                .structure(
                    "error_response_overrides", new TypeReference<List<ErrorResponseOverride>>() {})
                .orElse(List.of()),
            headerDefaults);
    reportAccessLog();
    reportTheRest();
    return result;
  }

  private Settings settings() {
    var d = Settings.defaults();
    var allow = addresses("ip_allow");
    var deny = addresses("ip_deny");
    if (allow.isPresent() && deny.isPresent()) {
      findings.error(
          "spec.config.ip_deny",
          "Conflict",
          "ip_allow and ip_deny exclude each other; ip_allow is used");
      deny = Optional.empty();
    }
    return new Settings(
        options.text("server_name", d.serverName()),
        options.bool("merge_slashes", d.mergeSlashes()),
        options.bool("reject_requests_with_escaped_slashes", d.rejectEscapedSlashes()),
        options.bool("strip_matching_host_port", d.stripMatchingHostPort()),
        options.bool("enable_http10", d.http10()),
        underscores(d.underscores()),
        options.bool("preserve_external_request_id", d.preserveRequestId()),
        (int)
                options.number(
                    "max_request_headers_kb", 1, HEADERS_MAX_KB, d.maxRequestHeaderBytes() / 1024)
            * 1024,
        options.number("listener_idle_timeout_ms", 0, Integer.MAX_VALUE, d.listenerIdleMillis()),
        allow,
        deny);
  }

  private Settings.Underscores underscores(Settings.Underscores byDefault) {
    String text = options.text("headers_with_underscores_action", "");
    return switch (text) {
      case "" -> byDefault;
      case "ALLOW", "allow" -> Settings.Underscores.ALLOW;
      case "REJECT_REQUEST", "reject_request" -> Settings.Underscores.REJECT;
      case "DROP_HEADER", "drop_header" -> Settings.Underscores.DROP;
      default -> {
        findings.invalid(
            "spec.config.headers_with_underscores_action",
            "headers_with_underscores_action is ALLOW, REJECT_REQUEST or DROP_HEADER");
        yield byDefault;
      }
    };
  }

  /** {@code envoy_log_format} is Envoy's own text; ours is JSON, whatever type was asked for. */
  private void reportAccessLog() {
    String type = options.text("envoy_log_type", "json");
    if (!type.equals("json") && !type.equals("typed_json")) {
      findings.notSupported("spec.config.envoy_log_type", "the access log stays JSON");
    }
    options.notSupported("envoy_log_format", "the access log keeps its own fields");
    options.notSupported("envoy_log_path", "the access log goes where the gateway was started to");
  }

  /**
   * {@code ip_allow} and {@code ip_deny}: a list of {@code peer: CIDR} and {@code remote: CIDR}.
   * One that cannot be read at all is an empty list, so that a misspelt allow list opens nothing.
   */
  private Optional<Settings.IpRules> addresses(String name) {
    var read = options.structure(name, new TypeReference<List<Map<String, String>>>() {});
    if (read.isEmpty() && options.has(name)) {
      return Optional.of(new Settings.IpRules(List.of(), List.of()));
    }
    var entries = read.orElse(List.of());
    var peer = new ArrayList<String>();
    var remote = new ArrayList<String>();
    for (var entry : entries) {
      entry.forEach((key, cidr) -> {
        if (!CidrText.isValid(cidr) || !key.equals("peer") && !key.equals("remote")) {
          findings.invalid(
              options.field(name),
              options.field(name)
                  + " entry "
                  + key
                  + ": "
                  + cidr
                  + " is not peer or remote with an address range");
        } else {
          (key.equals("peer") ? peer : remote).add(cidr);
        }
      });
    }
    if (entries.isEmpty()) {
      return Optional.empty();
    }
    // Entries that all failed still count: an empty allow list lets nobody in, as the author of a
    // broken allow list would rather have it than everybody.
    return Optional.of(new Settings.IpRules(peer, remote));
  }

  private long maxRequestBodyBytes() {
    var buffer = options.nested("buffer");
    long max = buffer.number("max_request_bytes", 0, Long.MAX_VALUE, 0);
    buffer.ignore("max_request_time");
    buffer.reportUnknown();
    return max;
  }

  private static ModuleSettings.HeaderDefaults headerDefaults(Options o) {
    var headers = new TypeReference<Map<String, AddedHeader>>() {};
    var names = new TypeReference<List<String>>() {};
    return new ModuleSettings.HeaderDefaults(
        o.structure("add_request_headers", headers).orElse(Map.of()),
        o.structure("add_response_headers", headers).orElse(Map.of()),
        o.structure("remove_request_headers", names).orElse(List.of()),
        o.structure("remove_response_headers", names).orElse(List.of()));
  }

  private void reportTheRest() {
    if (!options.bool("use_remote_address", true)) {
      findings.notSupported(
          "spec.config.use_remote_address",
          "set l7Depth on the Listeners to trust proxies in front");
    }
    String later = "it comes with a later release";
    for (String name :
        List.of(
            "gzip",
            "lua_scripts",
            "enable_grpc_web",
            "enable_grpc_http11_bridge",
            "grpc_stats",
            "forward_client_cert_details",
            "set_current_client_cert_details",
            "default_labels",
            "default_label_domain",
            "proper_case",
            "header_case_overrides",
            "set_current_client_cert_details",
            "allow_chunked_length",
            "suppress_envoy_headers",
            "enable_ipv4",
            "enable_ipv6",
            "ingress")) {
      options.notSupported(name, later);
    }
    // Without effect in Selvage and without loss: diagnostics and probes are at the admin port,
    // every change is checked before it is used, and buffers are bounded by flow control.
    options.ignore(
        "diagnostics",
        "liveness_probe",
        "readiness_probe",
        "envoy_validation_timeout",
        "buffer_limit_bytes",
        "prune_unreachable_routes",
        "regex_type",
        "statsd",
        "debug_mode",
        "load_balancer_policy",
        "docs");
    options.reportUnknown();
  }
}
