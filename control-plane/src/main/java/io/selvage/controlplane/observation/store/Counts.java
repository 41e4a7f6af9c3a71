// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;

/**
 * The numbers of a pair as an array: what each place holds. Bytes are told apart by the way they
 * go, whichever side counted them.
 */
public final class Counts {
  /** Requests answered well. */
  public static final int SUCCESSES = 0;

  /** Requests answered badly or not at all. */
  public static final int FAILURES = 1;

  /** Connections opened. */
  public static final int OPENED = 2;

  /** Bytes from the client to the server. */
  public static final int TO_SERVER = 3;

  /** Bytes from the server to the client. */
  public static final int TO_CLIENT = 4;

  /** The first bucket of the latency histogram; the others follow. */
  public static final int LATENCY = 5;

  /** Buckets of the latency histogram, the one above all bounds included. */
  public static final int LATENCY_BUCKETS = MeshProtocol.LATENCY_BUCKETS_MILLIS.size() + 1;

  /** Length of the array. */
  public static final int SIZE = LATENCY + LATENCY_BUCKETS;

  private Counts() {}

  /** The numbers of a report's entry. */
  static long[] of(Edge edge) {
    var counts = new long[SIZE];
    counts[SUCCESSES] = edge.successes();
    counts[FAILURES] = edge.requests() - edge.successes();
    counts[OPENED] = edge.opened();
    boolean inbound = edge.direction() == Direction.INBOUND;
    counts[TO_SERVER] = inbound ? edge.received() : edge.sent();
    counts[TO_CLIENT] = inbound ? edge.sent() : edge.received();
    for (int i = 0; i < edge.latency().size(); i++) {
      counts[LATENCY + i] = edge.latency().get(i);
    }
    return counts;
  }

  /** Whether there is nothing in it. */
  static boolean isZero(long[] counts) {
    for (long count : counts) {
      if (count != 0) {
        return false;
      }
    }
    return true;
  }

  /** The sum of two numbers that are not negative; what does not fit stays the largest number. */
  static long plus(long a, long b) {
    long sum = a + b;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }
}
