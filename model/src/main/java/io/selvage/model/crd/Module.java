// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * {@code getambassador.io} Module: settings of a whole gateway; only the name {@code ambassador}
 * counts.
 */
public record Module(
    @JsonProperty("metadata") ObjectMeta metadata, @JsonProperty("spec") @Nullable ModuleSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "Module";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
