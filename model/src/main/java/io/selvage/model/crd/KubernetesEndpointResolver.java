// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * {@code getambassador.io} KubernetesEndpointResolver: a name for the way a service is looked up.
 */
public record KubernetesEndpointResolver(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable ResolverSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "KubernetesEndpointResolver";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
