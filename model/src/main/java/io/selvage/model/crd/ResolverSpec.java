// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** {@code spec} of the two Kubernetes resolvers, which have nothing to set. */
public record ResolverSpec(AmbassadorIds ambassadorIds) {
  public ResolverSpec(@JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
  }
}
