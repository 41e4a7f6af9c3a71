// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import io.selvage.model.Problem;
import java.time.Duration;
import java.util.List;

/**
 * Told what becomes of configuration changes, for metrics and readiness. Called on the compiling
 * thread, except for {@link #onDesired} and {@link #onEndpoints}, which come from the source's.
 */
public interface CompileObserver {
  /** A change arrived; {@code generation} counts them from 1. */
  default void onDesired(long generation) {}

  /**
   * A compilation ended and its model is live.
   *
   * @param generation the newest change that is live now; behind the desired one while changes wait
   * @param compile time of the compilation alone
   * @param apply time to make it live; zero if it was equal to the one before
   */
  default void onActive(
      long generation, Duration compile, Duration apply, List<Problem> problems) {}

  /** A compilation or its application failed by a fault of ours; the last model stays live. */
  default void onFailure(long generation) {}

  /** Endpoint sets were replaced, {@code took} after the change arrived. */
  default void onEndpoints(int sets, Duration took) {}

  /** Nobody listens. */
  static CompileObserver none() {
    return new CompileObserver() {};
  }
}
