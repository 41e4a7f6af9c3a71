// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * {@code getambassador.io} Mapping: a route to a service.
 *
 * @param apiVersion as written; a v2 Mapping without host answers to every host, a v3alpha1 Mapping
 *     without hostname needs a Host that selects it
 */
public record Mapping(
    @JsonProperty("apiVersion") @Nullable String apiVersion,
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable MappingSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "Mapping";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }

  /** True for the versions before v3alpha1. */
  public boolean predatesV3() {
    return apiVersion != null
        && (apiVersion.endsWith("/v2") || apiVersion.endsWith("/v1") || apiVersion.endsWith("/v0"));
  }
}
