// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

/**
 * Bounds of what observation keeps. Beyond a bound the pair (or call) that was silent the longest
 * makes room, which is counted and told to whoever asks.
 *
 * @param pairs pairs in all; one takes up to 3.5 KB when it is busy for ten minutes
 * @param pairsOfProxy pairs of one proxy
 * @param calls kinds of requests, for {@code top}, in all
 * @param callsOfProxy kinds of requests of one proxy
 * @param queuedEdges entries of reports that wait to be taken in; reports beyond are dropped
 */
public record ObservationLimits(
    int pairs, int pairsOfProxy, int calls, int callsOfProxy, int queuedEdges) {
  public static final ObservationLimits DEFAULT =
      new ObservationLimits(40_000, 2_000, 20_000, 256, 200_000);

  public ObservationLimits {
    if (Math.min(Math.min(pairs, pairsOfProxy), Math.min(calls, callsOfProxy)) < 1
        || queuedEdges < 1) {
      throw new IllegalArgumentException("a limit is below 1");
    }
  }
}
