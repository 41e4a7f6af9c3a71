// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import java.util.random.RandomGenerator;

/**
 * Pauses between attempts: any time up to a bound that doubles from 1 s to 10 s (full jitter), so
 * that thousands of proxies that lost the control plane together do not come back together.
 */
final class Backoff {
  static final long FIRST_MILLIS = 1_000;
  static final long LAST_MILLIS = 10_000;

  private final RandomGenerator random;
  private int failures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** Whether nothing has failed since the last {@link #reset}. */
  boolean isFresh() {
    return failures == 0;
  }

  /** The pause after one more failure. */
  long nextMillis() {
    long bound = Math.min(LAST_MILLIS, FIRST_MILLIS << Math.min(failures, 10));
    failures++;
    return random.nextLong(bound) + 1;
  }

  void reset() {
    failures = 0;
  }
}
