// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} ConfigMap. */
public record ConfigMap(ObjectMeta metadata, Map<String, String> data) implements KubeObject {
  public ConfigMap(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("data") @Nullable Map<String, String> data) {
    this.metadata = metadata;
    this.data = Lists.copy(data);
  }

  @Override
  public String kind() {
    return "ConfigMap";
  }
}
