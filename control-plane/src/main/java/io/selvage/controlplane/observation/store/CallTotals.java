// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.controlplane.observation.workload.Party;
import io.selvage.model.mesh.TrafficReport.Direction;

/**
 * Requests of one method and path that one proxy counted about one peer.
 *
 * @param count at least 1
 * @param bestMicros shortest duration
 * @param worstMicros longest duration
 * @param lastMicros latest duration
 * @param lastAtMillis when it was told, by the store's clock
 */
public record CallTotals(
    Direction direction,
    Party proxy,
    Party peer,
    String service,
    String method,
    String path,
    long count,
    long successes,
    long bestMicros,
    long worstMicros,
    long lastMicros,
    long lastAtMillis) {

  /** The side that opened the connections. */
  public Party client() {
    return direction == Direction.INBOUND ? peer : proxy;
  }

  /** The side that serves. */
  public Party server() {
    return direction == Direction.INBOUND ? proxy : peer;
  }
}
