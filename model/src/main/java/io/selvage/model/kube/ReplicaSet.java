// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;

/** {@code apps/v1} ReplicaSet: its metadata, which says what Deployment it belongs to. */
public record ReplicaSet(@JsonProperty("metadata") ObjectMeta metadata) implements KubeObject {
  @Override
  public String kind() {
    return "ReplicaSet";
  }
}
