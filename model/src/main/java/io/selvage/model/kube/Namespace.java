// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Core {@code v1} Namespace: its metadata, where defaults for its pods stand. */
public record Namespace(@JsonProperty("metadata") ObjectMeta metadata) implements KubeObject {
  @Override
  public String kind() {
    return "Namespace";
  }
}
