// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import java.time.Duration;

/**
 * Notices a value that ought to move and does not: bytes the socket takes, or frames that come to
 * their end.
 */
final class StallWatch {
  private final long limitNanos;
  // No real value: the first look only takes note.
  private long last = Long.MIN_VALUE;
  private long movedNanos;

  StallWatch(Duration limit) {
    this.limitNanos = limit.toNanos();
  }

  /**
   * @param waiting false when nothing is owed at the moment
   * @param value changes with every progress
   * @return true when something has been owed for longer than the limit without progress
   */
  boolean isStalled(boolean waiting, long value, long nowNanos) {
    if (!waiting || value != last) {
      last = value;
      movedNanos = nowNanos;
      return false;
    }
    return nowNanos - movedNanos > limitNanos;
  }
}
