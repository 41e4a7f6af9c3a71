// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Core {@code v1} Secret. {@code data} stays base64 text until someone needs it, so that a value
 * that does not decode spoils only its own use. {@link #toString()} never shows a value.
 *
 * @param data base64 values
 * @param stringData plain values, folder sources only: the API server folds them into data
 */
public record Secret(
    ObjectMeta metadata, String type, Map<String, String> data, Map<String, String> stringData)
    implements KubeObject {
  public Secret(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("type") @Nullable String type,
      @JsonProperty("data") @Nullable Map<String, String> data,
      @JsonProperty("stringData") @Nullable Map<String, String> stringData) {
    this.metadata = metadata;
    this.type = type == null || type.isEmpty() ? "Opaque" : type;
    this.data = Lists.copy(data);
    this.stringData = Lists.copy(stringData);
  }

  @Override
  public String kind() {
    return "Secret";
  }

  @Override
  public String toString() {
    return ref() + " type " + type + " keys " + data.keySet() + stringData.keySet();
  }
}
