// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.selvage.model.routing.ClusterSpec;
import java.util.function.IntUnaryOperator;

/** Makes the balancer a cluster asks for. */
final class LoadBalancers {
  private LoadBalancers() {}

  static LoadBalancer create(ClusterSpec spec, int loops, IntUnaryOperator random) {
    return switch (spec.loadBalancer()) {
      case ROUND_ROBIN -> new RoundRobin(loops, random);
      case LEAST_REQUEST -> new PowerOfTwo(random, Endpoint::active);
      case PEAK_EWMA -> new PowerOfTwo(random, Endpoint::latencyLoad);
      case RANDOM -> new RandomChoice(random);
      case RING_HASH -> RingHash.empty(random);
      case MAGLEV -> Maglev.empty(random);
    };
  }
}
