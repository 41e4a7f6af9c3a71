// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.controlplane.observation.workload.Party;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;

/**
 * What one proxy counted about one peer within a window.
 *
 * @param direction which side of the connections the proxy stands on
 * @param proxy whose count it is
 * @param peer the other side
 * @param service label of the Service the client asked for; empty = none
 * @param route empty = the default route
 * @param counts as {@link Counts} says; fractions where they are estimates. Not to be changed
 * @param open connections open at the end
 * @param seconds length of the window the counts belong to
 */
public record PairTotals(
    Direction direction,
    Party proxy,
    Party peer,
    String service,
    String route,
    Security security,
    boolean denied,
    double[] counts,
    double open,
    double seconds) {
  /** In place of a reason. */
  public static final String IDENTITY_UNKNOWN = "Identity Unknown";

  /** The side that opened the connections. */
  public Party client() {
    return direction == Direction.INBOUND ? peer : proxy;
  }

  /** The side that serves. */
  public Party server() {
    return direction == Direction.INBOUND ? proxy : peer;
  }

  /**
   * Why it is not protected, for people; empty if it is. Mutual TLS is what both ends have proved
   * an identity in: without one, nobody knows who it was.
   */
  public String unsecured() {
    if (security != Security.SECURED) {
      return security.label();
    }
    return proxy.identity().isEmpty() || peer.identity().isEmpty() ? IDENTITY_UNKNOWN : "";
  }

  public double requests() {
    return counts[Counts.SUCCESSES] + counts[Counts.FAILURES];
  }
}
