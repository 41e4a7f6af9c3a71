// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Consistent hashing on a ring (Karger et al.): each endpoint stands at many points of the ring of
 * 64 bit numbers, and a key belongs to the first endpoint at or after it. A point depends on its
 * endpoint's address alone, so an endpoint that comes or goes moves only its own share of the keys.
 */
final class RingHash implements LoadBalancer {
  /**
   * Points per endpoint. 160, as in ketama, keeps the shares within some 8 % of even; a number that
   * followed the count of endpoints would move other endpoints' keys when it changed.
   */
  static final int POINTS = 160;

  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final IntUnaryOperator random;
  private final Endpoint[] candidates;
  // Sorted. The low bits of a point hold the index of its endpoint, the others its hash.
  private final long[] points;
  private final long indexMask;

  private RingHash(IntUnaryOperator random, Endpoint[] candidates) {
    this.random = random;
    this.candidates = candidates;
    indexMask = Math.max(Integer.highestOneBit(Math.max(candidates.length - 1, 0)) * 2L, 1L) - 1;
    points = new long[candidates.length * POINTS];
    for (int i = 0; i < candidates.length; i++) {
      long base = Hash64.of(candidates[i].toString());
      for (int k = 0; k < POINTS; k++) {
        points[i * POINTS + k] = (Hash64.mix(base + k * GOLDEN) & ~indexMask) | i;
      }
    }
    Arrays.sort(points);
  }

  static RingHash empty(IntUnaryOperator random) {
    return new RingHash(random, new Endpoint[0]);
  }

  @Override
  public Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid) {
    int at;
    if (hash == Cluster.NO_HASH) {
      at = random.applyAsInt(points.length);
    } else {
      at = Arrays.binarySearch(points, hash);
      at = at >= 0 ? at : -at - 1;
    }
    boolean all = targets.allAvailable;
    Endpoint fallback = null;
    for (int step = 0; step < points.length; step++) {
      Endpoint endpoint = candidates[(int) (points[(at + step) % points.length] & indexMask)];
      if (all || endpoint.health.isAvailable()) {
        if (endpoint != avoid) {
          return endpoint;
        }
        fallback = endpoint;
      }
    }
    // Only the one to be avoided is left, or the last verdict changed while we looked.
    return fallback != null ? fallback : targets.available[0];
  }

  @Override
  public LoadBalancer forCandidates(Endpoint[] newCandidates) {
    return new RingHash(random, newCandidates);
  }
}
