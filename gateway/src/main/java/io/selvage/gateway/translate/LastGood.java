// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TrustSpec;
import java.util.Map;

/**
 * What Secrets held when they were last right. A Secret that is there but broken serves from here;
 * a deleted one does not.
 *
 * @param keys certificates by Secret
 * @param trust CA bundles by what asked for them, see {@link SecretResolver#trust}
 */
public record LastGood(Map<ObjectRef, KeyMaterial> keys, Map<String, TrustSpec> trust) {
  private static final LastGood NONE = new LastGood(Map.of(), Map.of());

  public LastGood {
    keys = Map.copyOf(keys);
    trust = Map.copyOf(trust);
  }

  /** Nothing remembered: the first compilation. */
  public static LastGood none() {
    return NONE;
  }
}
