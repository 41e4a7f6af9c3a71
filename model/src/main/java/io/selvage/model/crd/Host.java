// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * {@code getambassador.io} Host: a name (or glob) the gateway answers to, its certificate and the
 * fate of insecure requests.
 */
public record Host(
    @JsonProperty("metadata") ObjectMeta metadata, @JsonProperty("spec") @Nullable HostSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "Host";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
