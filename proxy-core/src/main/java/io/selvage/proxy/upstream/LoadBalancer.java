// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import org.jspecify.annotations.Nullable;

/** Chooses one endpoint for one attempt. Called by several event loops at once; must not lock. */
interface LoadBalancer {
  /**
   * Chooses.
   *
   * @param targets never without an available endpoint
   * @param hash key of the request's affinity; {@link Cluster#NO_HASH} = none
   * @param loopIndex number of the calling event loop
   * @param avoid not to be chosen as long as there is another one
   */
  Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid);

  /** The balancer for another list of candidates; state that is not about the list is kept. */
  LoadBalancer forCandidates(Endpoint[] candidates);
}
