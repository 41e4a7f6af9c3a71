// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;

/** {@code batch/v1} Job: its metadata, which says what CronJob it belongs to. */
public record Job(@JsonProperty("metadata") ObjectMeta metadata) implements KubeObject {
  @Override
  public String kind() {
    return "Job";
  }
}
