// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code spec} of a Module. The configuration is kept as plain maps, because one bad option must
 * not take the others with it; the gateway reads it option by option.
 */
public record ModuleSpec(AmbassadorIds ambassadorIds, Map<String, Object> config) {
  public ModuleSpec(
      @JsonProperty("ambassador_id") @Nullable AmbassadorIds ambassadorIds,
      @JsonProperty("config") @Nullable Map<String, Object> config) {
    this.ambassadorIds = AmbassadorIds.orDefault(ambassadorIds);
    this.config = Lists.copy(config);
  }
}
