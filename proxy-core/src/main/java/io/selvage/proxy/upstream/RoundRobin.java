// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint after the other. Each event loop has a turn of its own, so that no counter is
 * shared; the turns begin at random places, so that loops (and gateways started together) do not
 * march in step.
 */
final class RoundRobin implements LoadBalancer {
  // A loop's counter alone on its cache line.
  private static final int STRIDE = 16;

  private final int[] next;
  private final int loops;

  RoundRobin(int loops, IntUnaryOperator random) {
    this.loops = loops;
    next = new int[(loops + 1) * STRIDE];
    for (int loop = 0; loop < loops; loop++) {
      next[(loop + 1) * STRIDE - 1] = random.applyAsInt(1 << 16);
    }
  }

  @Override
  public Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid) {
    Endpoint[] available = targets.available;
    int slot = (Math.floorMod(loopIndex, loops) + 1) * STRIDE - 1;
    // Kept below the length instead of counting on, so that it cannot overflow.
    int turn = next[slot] % available.length;
    Endpoint picked = available[turn];
    if (picked == avoid) {
      turn = (turn + 1) % available.length;
      picked = available[turn];
    }
    next[slot] = turn + 1;
    return picked;
  }

  @Override
  public LoadBalancer forCandidates(Endpoint[] candidates) {
    return this;
  }
}
