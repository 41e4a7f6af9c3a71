// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A label selector. Emissary reads {@code matchLabels} only; {@code matchExpressions} are kept so
 * that a processor can say they are not.
 */
public record LabelSelector(Map<String, String> matchLabels, List<Object> matchExpressions) {
  public LabelSelector(
      @JsonProperty("matchLabels") @Nullable Map<String, String> matchLabels,
      @JsonProperty("matchExpressions") @Nullable List<Object> matchExpressions) {
    this.matchLabels = Lists.copy(matchLabels);
    this.matchExpressions = Lists.copy(matchExpressions);
  }

  /** True if every label is there with its value. An empty selector matches nothing. */
  public boolean matches(Map<String, String> labels) {
    return !matchLabels.isEmpty() && labels.entrySet().containsAll(matchLabels.entrySet());
  }
}
