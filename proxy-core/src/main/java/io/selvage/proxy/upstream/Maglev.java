// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): endpoints take turns in filling a
 * table, each by a permutation of its own. Shares differ by a few slots at most, a lookup is one
 * array read, and an endpoint that comes or goes disturbs few keys of the others.
 */
final class Maglev implements LoadBalancer {
  /**
   * A prime, so that every step visits every slot; at least a hundred times the endpoints of a
   * large service. Always the same, for another size would move nearly all keys.
   */
  static final int TABLE_SIZE = 65_537;

  private final IntUnaryOperator random;
  private final Endpoint[] owners;
  private final char[] table;

  private Maglev(IntUnaryOperator random, Endpoint[] candidates) {
    this.random = random;
    // The order of turns must not depend on the order of the set.
    this.owners = candidates.clone();
    Arrays.sort(owners, Comparator.comparing(Endpoint::toString));
    this.table = owners.length == 0 ? new char[0] : fill(owners);
  }

  static Maglev empty(IntUnaryOperator random) {
    return new Maglev(random, new Endpoint[0]);
  }

  @Override
  public Endpoint pick(Targets targets, long hash, int loopIndex, @Nullable Endpoint avoid) {
    int slot =
        hash == Cluster.NO_HASH
            ? random.applyAsInt(TABLE_SIZE)
            : (int) Long.remainderUnsigned(hash, TABLE_SIZE);
    boolean all = targets.allAvailable;
    Endpoint fallback = null;
    // The slots after it belong to everyone in turn: an ejected endpoint's keys are spread evenly.
    for (int step = 0; step < TABLE_SIZE; step++) {
      Endpoint endpoint = owners[table[(slot + step) % TABLE_SIZE]];
      if (all || endpoint.health.isAvailable()) {
        if (endpoint != avoid) {
          return endpoint;
        }
        fallback = endpoint;
      }
    }
    return fallback != null ? fallback : targets.available[0];
  }

  @Override
  public LoadBalancer forCandidates(Endpoint[] newCandidates) {
    return new Maglev(random, newCandidates);
  }

  private static char[] fill(Endpoint[] owners) {
    int n = Math.min(owners.length, Character.MAX_VALUE);
    long[] next = new long[n];
    long[] skip = new long[n];
    for (int i = 0; i < n; i++) {
      long hash = Hash64.of(owners[i].toString());
      next[i] = Long.remainderUnsigned(hash, TABLE_SIZE);
      skip[i] = Long.remainderUnsigned(Hash64.mix(~hash), TABLE_SIZE - 1) + 1;
    }
    char[] table = new char[TABLE_SIZE];
    boolean[] taken = new boolean[TABLE_SIZE];
    int filled = 0;
    while (true) {
      for (int i = 0; i < n; i++) {
        while (taken[(int) next[i]]) {
          next[i] = (next[i] + skip[i]) % TABLE_SIZE;
        }
        table[(int) next[i]] = (char) i;
        taken[(int) next[i]] = true;
        if (++filled == TABLE_SIZE) {
          return table;
        }
      }
    }
  }
}
