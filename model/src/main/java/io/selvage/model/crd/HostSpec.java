// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a Host.
 *
 * @param hostname DNS glob, {@code *} when absent; {@code name:port} is allowed
 * @param selector deprecated alias of mappingSelector (the only form in v2)
 * @param tlsSecret without it nothing is terminated, whatever else is set
 * @param tlsContext excludes tls
 * @param acmeProvider read, without effect
 * @param previewUrl read, without effect
 */
public record HostSpec(
    AmbassadorIds ambassadorIds,
    @Nullable String hostname,
    @Nullable LabelSelector mappingSelector,
    @Nullable LabelSelector selector,
    @Nullable SecretReference tlsSecret,
    @Nullable LocalReference tlsContext,
    @Nullable TlsConfig tls,
    @Nullable RequestPolicy requestPolicy,
    @Nullable Object acmeProvider,
    @Nullable Object previewUrl) {
  public HostSpec(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("hostname") @Nullable String hostname,
      @JsonProperty("mappingSelector") @Nullable LabelSelector mappingSelector,
      @JsonProperty("selector") @Nullable LabelSelector selector,
      @JsonProperty("tlsSecret") @Nullable SecretReference tlsSecret,
      @JsonProperty("tlsContext") @Nullable LocalReference tlsContext,
      @JsonProperty("tls") @Nullable TlsConfig tls,
      @JsonProperty("requestPolicy") @Nullable RequestPolicy requestPolicy,
      @JsonProperty("acmeProvider") @Nullable Object acmeProvider,
      @JsonProperty("previewUrl") @Nullable Object previewUrl) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
    this.hostname = hostname;
    this.mappingSelector = mappingSelector;
    this.selector = selector;
    this.tlsSecret = tlsSecret;
    this.tlsContext = tlsContext;
    this.tls = tls;
    this.requestPolicy = requestPolicy;
    this.acmeProvider = acmeProvider;
    this.previewUrl = previewUrl;
  }

  /** A Secret, in the Host's namespace when it names none. */
  public record SecretReference(
      @JsonProperty("name") @Nullable String name,
      @JsonProperty("namespace") @Nullable String namespace) {}

  /** An object of the Host's namespace. */
  public record LocalReference(@JsonProperty("name") @Nullable String name) {}

  /** {@code requestPolicy}. */
  public record RequestPolicy(@JsonProperty("insecure") @Nullable Insecure insecure) {}

  /**
   * {@code requestPolicy.insecure}.
   *
   * @param action Redirect (when absent), Reject or Route, case-sensitive
   * @param additionalPort a port whose requests are always treated as insecure
   */
  public record Insecure(
      @JsonProperty("action") @Nullable String action,
      @JsonProperty("additionalPort") @Nullable Integer additionalPort) {}
}
