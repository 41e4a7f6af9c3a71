// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** {@code getambassador.io} ConsulResolver; Selvage does not resolve through Consul and says so. */
public record ConsulResolver(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable ConsulResolverSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "ConsulResolver";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
