// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** {@code spec} of a kind that is only reported: no field but the instance is looked at. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record UnsupportedSpec(AmbassadorIds ambassadorIds) {
  public UnsupportedSpec(@JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
  }
}
