// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** {@code spec} of a ConsulResolver. */
public record ConsulResolverSpec(
    AmbassadorIds ambassadorIds, @Nullable String address, @Nullable String datacenter) {
  public ConsulResolverSpec(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("address") @Nullable String address,
      @JsonProperty("datacenter") @Nullable String datacenter) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
    this.address = address;
    this.datacenter = datacenter;
  }
}
