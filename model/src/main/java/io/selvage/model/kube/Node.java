// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Core {@code v1} Node: its metadata, of which the zone is wanted. */
public record Node(@JsonProperty("metadata") ObjectMeta metadata) implements KubeObject {
  /** Label that names the zone. */
  public static final String ZONE_LABEL = "topology.kubernetes.io/zone";

  @Override
  public String kind() {
    return "Node";
  }

  /** The zone; empty when unknown. */
  public String zone() {
    return metadata.labels().getOrDefault(ZONE_LABEL, "");
  }
}
