// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/** {@code getambassador.io} TCPMapping: a port, or a server name on it, forwarded as bytes. */
public record TCPMapping(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable TcpMappingSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "TCPMapping";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
