// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

import java.util.concurrent.CompletionStage;

/** Opens and closes Taps; from any thread, and returns at once. */
public interface TapQuery {
  /**
   * Opens one.
   *
   * @return what {@link #end} takes; fails as {@code TrafficQuery} does
   */
  CompletionStage<Long> begin(TapRequest request, TapListener listener);

  /** Closes one. */
  void end(long id);
}
