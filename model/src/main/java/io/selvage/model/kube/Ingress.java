// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code networking.k8s.io/v1} Ingress. */
public record Ingress(
    @JsonProperty("metadata") ObjectMeta metadata, @JsonProperty("spec") Spec spec)
    implements KubeObject {
  public Ingress(ObjectMeta metadata, @Nullable Spec spec) {
    this.metadata = metadata;
    this.spec = spec == null ? new Spec(null, null, null, null) : spec;
  }

  @Override
  public String kind() {
    return "Ingress";
  }

  /** {@code spec}; an absent list is empty. */
  public record Spec(
      @Nullable String ingressClassName,
      @Nullable Backend defaultBackend,
      List<Tls> tls,
      List<Rule> rules) {
    public Spec(
        @JsonProperty("ingressClassName") @Nullable String ingressClassName,
        @JsonProperty("defaultBackend") @Nullable Backend defaultBackend,
        @JsonProperty("tls") @Nullable List<Tls> tls,
        @JsonProperty("rules") @Nullable List<Rule> rules) {
      this.ingressClassName = ingressClassName;
      this.defaultBackend = defaultBackend;
      this.tls = Lists.copy(tls);
      this.rules = Lists.copy(rules);
    }
  }

  /** One {@code spec.tls[]} entry. */
  public record Tls(List<String> hosts, @Nullable String secretName) {
    public Tls(
        @JsonProperty("hosts") @Nullable List<String> hosts,
        @JsonProperty("secretName") @Nullable String secretName) {
      this.hosts = Lists.copy(hosts);
      this.secretName = secretName;
    }
  }

  /** One {@code spec.rules[]} entry; an absent host means all hosts. */
  public record Rule(
      @JsonProperty("host") @Nullable String host, @JsonProperty("http") @Nullable Http http) {}

  /** {@code rules[].http}. */
  public record Http(List<Path> paths) {
    public Http(@JsonProperty("paths") @Nullable List<Path> paths) {
      this.paths = Lists.copy(paths);
    }
  }

  /**
   * {@code rules[].http.paths[]}; {@code pathType} is kept as text so that a wrong one can be
   * named.
   */
  public record Path(
      @JsonProperty("path") @Nullable String path,
      @JsonProperty("pathType") @Nullable String pathType,
      @JsonProperty("backend") @Nullable Backend backend) {}

  /** A backend: a Service port, or a resource (which Selvage answers with 503). */
  public record Backend(
      @JsonProperty("service") @Nullable ServiceBackend service,
      @JsonProperty("resource") @Nullable Resource resource) {}

  /** {@code backend.service}. */
  public record ServiceBackend(
      @JsonProperty("name") String name, @JsonProperty("port") @Nullable Port port) {}

  /** {@code backend.service.port}: number or name, never both. */
  public record Port(
      @JsonProperty("number") @Nullable Integer number,
      @JsonProperty("name") @Nullable String name) {}

  /** {@code backend.resource}. */
  public record Resource(
      @JsonProperty("apiGroup") @Nullable String apiGroup,
      @JsonProperty("kind") @Nullable String kind,
      @JsonProperty("name") @Nullable String name) {}
}
