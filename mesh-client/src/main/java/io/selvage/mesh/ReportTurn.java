// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

/** What becomes of a traffic report whose turn has come. */
enum ReportTurn {
  /** The control plane takes it. */
  SEND,
  /** It does not: what was counted goes with the next report. */
  KEEP,
  /** It has not for long: what was counted so far would be taken for what is new, and goes. */
  DROP;

  /** What could not be reported for so long, beside one interval, is not reported any more. */
  static final long STALE_MILLIS = 60_000;

  /**
   * @param writable whether a report can be sent without waiting
   * @param millis since the last one
   * @param intervalMillis between two
   */
  static ReportTurn of(boolean writable, long millis, long intervalMillis) {
    if (writable) {
      return SEND;
    }
    return millis > STALE_MILLIS + intervalMillis ? DROP : KEEP;
  }
}
