// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec.tls} of a Host: the rules of TLS without the certificate.
 *
 * @param caSecret Secret whose CA client certificates must lead to
 * @param alpnProtocols comma-separated; absent = no ALPN
 * @param minTlsVersion v1.0, v1.1, v1.2 or v1.3
 */
public record TlsConfig(
    @Nullable String certChainFile,
    @Nullable String privateKeyFile,
    @Nullable String caSecret,
    @Nullable String cacertChainFile,
    @Nullable String crlSecret,
    CommaList alpnProtocols,
    @Nullable Boolean certRequired,
    @Nullable String minTlsVersion,
    @Nullable String maxTlsVersion,
    List<String> cipherSuites,
    List<String> ecdhCurves,
    @Nullable Integer redirectCleartextFrom,
    @Nullable String sni) {
  public TlsConfig(
      @JsonProperty("cert_chain_file") @Nullable String certChainFile,
      @JsonProperty("private_key_file") @Nullable String privateKeyFile,
      @JsonProperty("ca_secret") @Nullable String caSecret,
      @JsonProperty("cacert_chain_file") @Nullable String cacertChainFile,
      @JsonProperty("crl_secret") @Nullable String crlSecret,
      @JsonProperty("alpn_protocols") @Nullable CommaList alpnProtocols,
      @JsonProperty("cert_required") @Nullable Boolean certRequired,
      @JsonProperty("min_tls_version") @Nullable String minTlsVersion,
      @JsonProperty("max_tls_version") @Nullable String maxTlsVersion,
      @JsonProperty("cipher_suites") @Nullable List<String> cipherSuites,
      @JsonProperty("ecdh_curves") @Nullable List<String> ecdhCurves,
      @JsonProperty("redirect_cleartext_from") @Nullable Integer redirectCleartextFrom,
      @JsonProperty("sni") @Nullable String sni) {
    this.certChainFile = certChainFile;
    this.privateKeyFile = privateKeyFile;
    this.caSecret = caSecret;
    this.cacertChainFile = cacertChainFile;
    this.crlSecret = crlSecret;
    this.alpnProtocols = CommaList.orEmpty(alpnProtocols);
    this.certRequired = certRequired;
    this.minTlsVersion = minTlsVersion;
    this.maxTlsVersion = maxTlsVersion;
    this.cipherSuites = Lists.copy(cipherSuites);
    this.ecdhCurves = Lists.copy(ecdhCurves);
    this.redirectCleartextFrom = redirectCleartextFrom;
    this.sni = sni;
  }
}
