// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import io.selvage.model.mesh.TrafficReport;

/**
 * Tells reports that were taken in already. Within a session numbers only grow. In a new session a
 * proxy may repeat what it does not know to have arrived, with the same number and the same
 * content; the same number with another content is a proxy that was started anew and counts from
 * one.
 */
final class SequenceGuard {
  /** Reports a proxy may repeat: it keeps no more. */
  static final int REMEMBERED = 16;

  private final long[] sequences = new long[REMEMBERED];
  private final int[] contents = new int[REMEMBERED];
  private int next;
  private long session;
  private long highest;

  /** Whether the report is to be taken in; if so, it is remembered. */
  boolean isNew(long inSession, TrafficReport report) {
    int content = report.hashCode();
    if (inSession == session) {
      if (report.sequence() <= highest) {
        return false;
      }
    } else {
      for (int i = 0; i < REMEMBERED; i++) {
        if (sequences[i] == report.sequence() && contents[i] == content) {
          return false;
        }
      }
      session = inSession;
    }
    highest = report.sequence();
    sequences[next] = highest;
    contents[next] = content;
    next = (next + 1) % REMEMBERED;
    return true;
  }
}
