// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.time;

import org.jspecify.annotations.Nullable;

/**
 * Something that is to happen unless it is moved or disarmed in time. Lives on one {@link
 * DeadlineWheel}; a long-lived owner (a connection, an exchange) keeps one and moves it as its
 * phases change. Confined to the wheel's event loop.
 */
public abstract class Deadline {
  static final long NEVER = Long.MAX_VALUE;

  /** Due time in wheel nanoseconds since its start, or NEVER. */
  long at = NEVER;

  /** Tick of the bucket this is linked into; only meaningful while linked. */
  long tick;

  @Nullable Deadline previous;
  @Nullable Deadline next;

  /** The deadline has passed; it is disarmed and may be armed again. */
  protected abstract void onDeadline();

  /** True while it is going to happen. */
  public final boolean isArmed() {
    return at != NEVER;
  }
}
