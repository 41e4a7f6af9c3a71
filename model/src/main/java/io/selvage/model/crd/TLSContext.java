// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * {@code getambassador.io} TLSContext: certificates and rules of TLS, for termination (hosts) and
 * origination.
 */
public record TLSContext(
    @JsonProperty("metadata") ObjectMeta metadata,
    @JsonProperty("spec") @Nullable TlsContextSpec spec)
    implements EmissaryObject {
  @Override
  public String kind() {
    return "TLSContext";
  }

  @Override
  public AmbassadorIds ambassadorIds() {
    return spec == null ? AmbassadorIds.DEFAULT : spec.ambassadorIds();
  }
}
