// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The exchanges of one event loop that an {@link Admission} has let in, so that they can be judged
 * again when it changes its mind. A list through the exchanges themselves: joining and leaving it
 * costs four writes. Confined to the loop.
 */
// Links are compared by identity: two exchanges are never "equal".
@SuppressWarnings("ReferenceEquality")
public final class RunningExchanges {
  private static final Logger LOG = LoggerFactory.getLogger(RunningExchanges.class);

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

  /**
   * Asks again for each, and ends those that may not go on. Where the answer is a fault of ours,
   * that one may not: nobody else's answer depends on it.
   */
  public void judge() {
    // Ending one may end or begin others: those that run now are asked.
    var running = new ArrayList<Exchange>();
    for (Exchange at = first; at != null; at = at.nextRunning) {
      running.add(at);
    }
    running.forEach(RunningExchanges::judge);
  }

  private static void judge(Exchange exchange) {
    try {
      if (!exchange.isEnded() && !isKept(exchange)) {
        exchange.revoke();
      }
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("an exchange could not be ended by a fault of ours");
    }
  }

  private static boolean isKept(Exchange exchange) {
    try {
      return exchange.isKept();
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("an exchange could not be judged by a fault of ours");
      return false;
    }
  }
}
