// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code regex_rewrite} and {@code regex_redirect}: an RE2 pattern and what replaces its matches.
 */
public record RegexMap(String pattern, String substitution) {
  public RegexMap(
      @JsonProperty("pattern") @Nullable String pattern,
      @JsonProperty("substitution") @Nullable String substitution) {
    this.pattern = pattern == null ? "" : pattern;
    this.substitution = substitution == null ? "" : substitution;
  }
}
