// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Any endpoint with equal chance. */
final class RandomChoice implements LoadBalancer {
  private final IntUnaryOperator random;

  RandomChoice(IntUnaryOperator random) {
    this.random = random;
  }

  @Override
  public Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid) {
    Endpoint[] available = targets.available;
    int n = available.length;
    int at = random.applyAsInt(n);
    if (available[at] == avoid && n > 1) {
      at = (at + 1 + random.applyAsInt(n - 1)) % n;
    }
    return available[at];
  }

  @Override
  public LoadBalancer forCandidates(Endpoint[] candidates) {
    return this;
  }
}
