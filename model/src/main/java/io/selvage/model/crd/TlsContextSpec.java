// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a TLSContext.
 *
 * @param hosts server names terminated with {@code secret}; empty = used by reference only
 * @param secret {@code name}, or {@code name.namespace} unless secretNamespacing is false
 * @param secretNamespacing true when absent
 * @param config the rules shared with {@code Host.spec.tls}
 */
public record TlsContextSpec(
    AmbassadorIds ambassadorIds,
    List<String> hosts,
    @Nullable String secret,
    @Nullable Boolean secretNamespacing,
    TlsConfig config) {
  @JsonCreator
  public TlsContextSpec(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("hosts") @Nullable List<String> hosts,
      @JsonProperty("secret") @Nullable String secret,
      @JsonProperty("secret_namespacing") @Nullable Boolean secretNamespacing,
      @JsonProperty("cert_chain_file") @Nullable String certChainFile,
      @JsonProperty("private_key_file") @Nullable String privateKeyFile,
      @JsonProperty("ca_secret") @Nullable String caSecret,
      @JsonProperty("cacert_chain_file") @Nullable String cacertChainFile,
      @JsonProperty("crl_secret") @Nullable String crlSecret,
      @JsonProperty("v3CRLSecret") @Nullable String v3CrlSecret,
      @JsonProperty("alpn_protocols") @Nullable CommaList alpnProtocols,
      @JsonProperty("cert_required") @Nullable Boolean certRequired,
      @JsonProperty("min_tls_version") @Nullable String minTlsVersion,
      @JsonProperty("max_tls_version") @Nullable String maxTlsVersion,
      @JsonProperty("cipher_suites") @Nullable List<String> cipherSuites,
      @JsonProperty("ecdh_curves") @Nullable List<String> ecdhCurves,
      @JsonProperty("redirect_cleartext_from") @Nullable Integer redirectCleartextFrom,
      @JsonProperty("sni") @Nullable String sni) {
    this(
        AmbassadorIds.orDefault(ambassadorIds),
        Lists.copy(hosts),
        secret,
        secretNamespacing,
        new TlsConfig(
            certChainFile,
            privateKeyFile,
            caSecret,
            cacertChainFile,
            crlSecret == null ? v3CrlSecret : crlSecret,
            alpnProtocols,
            certRequired,
            minTlsVersion,
            maxTlsVersion,
            cipherSuites,
            ecdhCurves,
            redirectCleartextFrom,
            sni));
  }
}
