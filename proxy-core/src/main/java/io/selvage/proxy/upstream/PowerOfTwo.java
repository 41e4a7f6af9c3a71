// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.function.IntUnaryOperator;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Of two endpoints drawn at random the less loaded one. Nearly as even as taking the least loaded
 * of all, without looking at all, and without every loop running to the same one at once
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing").
 */
final class PowerOfTwo implements LoadBalancer {
  private final IntUnaryOperator random;
  private final ToDoubleFunction<Endpoint> load;

  PowerOfTwo(IntUnaryOperator random, ToDoubleFunction<Endpoint> load) {
    this.random = random;
    this.load = load;
  }

  @Override
  public Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid) {
    Endpoint[] available = targets.available;
    if (available.length == 1) {
      return available[0];
    }
    int one = random.applyAsInt(available.length);
    int other = random.applyAsInt(available.length - 1);
    if (other >= one) {
      other++;
    }
    Endpoint first = available[one];
    Endpoint second = available[other];
    if (first == avoid) {
      return second;
    }
    if (second == avoid) {
      return first;
    }
    return load.applyAsDouble(second) < load.applyAsDouble(first) ? second : first;
  }

  @Override
  public LoadBalancer forCandidates(Endpoint[] candidates) {
    return this;
  }
}
