// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** {@code cors} of a Mapping or of the Module; lists may be written as one text with commas. */
public record CorsPolicy(
    CommaList origins,
    CommaList methods,
    CommaList headers,
    CommaList exposedHeaders,
    boolean credentials,
    String maxAge) {
  public CorsPolicy(
      @JsonProperty("origins") @Nullable CommaList origins,
      @JsonProperty("methods") @Nullable CommaList methods,
      @JsonProperty("headers") @Nullable CommaList headers,
      @JsonProperty("exposed_headers") @Nullable CommaList exposedHeaders,
      @JsonProperty("credentials") boolean credentials,
      @JsonProperty("max_age") @Nullable String maxAge) {
    this.origins = CommaList.orEmpty(origins);
    this.methods = CommaList.orEmpty(methods);
    this.headers = CommaList.orEmpty(headers);
    this.exposedHeaders = CommaList.orEmpty(exposedHeaders);
    this.credentials = credentials;
    this.maxAge = maxAge == null ? "" : maxAge;
  }
}
