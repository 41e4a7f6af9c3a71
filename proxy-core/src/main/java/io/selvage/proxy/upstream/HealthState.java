// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

/**
 * What a series of active checks says about an endpoint. An endpoint not checked yet passes: a
 * gateway that has just started must not refuse traffic until every check has run. Not thread-safe.
 */
final class HealthState {
  /** How one check went. */
  enum Check {
    PASS,
    FAIL,
    /** The endpoint says itself that it is not available (503): believed at once. */
    UNAVAILABLE
  }

  private final int healthyThreshold;
  private final int unhealthyThreshold;
  private boolean passing = true;
  private int run;

  /**
   * @param healthyThreshold passed checks in a row that bring a failed endpoint back, at least 1
   * @param unhealthyThreshold failed checks in a row that take it out, at least 1
   */
  HealthState(int healthyThreshold, int unhealthyThreshold) {
    this.healthyThreshold = Math.max(healthyThreshold, 1);
    this.unhealthyThreshold = Math.max(unhealthyThreshold, 1);
  }

  /** Takes in one check and returns the verdict. */
  boolean onCheck(Check check) {
    if ((check == Check.PASS) == passing) {
      run = 0;
      return passing;
    }
    run++;
    if (check == Check.UNAVAILABLE || run >= (passing ? unhealthyThreshold : healthyThreshold)) {
      passing = !passing;
      run = 0;
    }
    return passing;
  }

  boolean isPassing() {
    return passing;
  }
}
