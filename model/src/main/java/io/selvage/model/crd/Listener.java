// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** {@code getambassador.io} Listener: a port and what is spoken on it. */
public record Listener(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable ListenerSpecification spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "Listener";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
