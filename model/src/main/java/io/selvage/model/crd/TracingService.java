// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** {@code getambassador.io} TracingService, read only to report that it is not supported yet. */
public record TracingService(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable UnsupportedSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "TracingService";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
