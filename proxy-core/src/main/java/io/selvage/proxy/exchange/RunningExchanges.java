// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import org.jspecify.annotations.Nullable;

/**
 * The exchanges of one event loop that an {@link Admission} has let in, so that they can be judged
 * again when it changes its mind. A list through the exchanges themselves: joining and leaving it
 * costs four writes. Confined to the loop.
 */
// Links are compared by identity: two exchanges are never "equal".
@SuppressWarnings("ReferenceEquality")
public final class RunningExchanges {
  private @Nullable Exchange first;

  void add(Exchange exchange) {
    Exchange head = first;
    exchange.nextRunning = head;
    if (head != null) {
      head.previousRunning = exchange;
    }
    first = exchange;
  }

  void remove(Exchange exchange) {
    Exchange previous = exchange.previousRunning;
    Exchange next = exchange.nextRunning;
    if (previous != null) {
      previous.nextRunning = next;
    } else if (first == exchange) {
      first = next;
    }
    if (next != null) {
      next.previousRunning = previous;
    }
    exchange.previousRunning = null;
    exchange.nextRunning = null;
  }

  /** Asks again for each, and ends those that may not go on. */
  public void judge() {
    // Ending one may end or begin others: each round looks at what is there then.
    Exchange at = first;
    while (at != null) {
      Exchange next = at.nextRunning;
      if (!at.isKept()) {
        at.revoke();
        // Its end may have taken the next one with it.
        next = next == null || next.isEnded() ? first : next;
      }
      at = next;
    }
  }
}
