// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Core {@code v1} ServiceAccount: its metadata. */
public record ServiceAccount(@JsonProperty("metadata") ObjectMeta metadata) implements KubeObject {
  @Override
  public String kind() {
    return "ServiceAccount";
  }
}
