// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

/**
 * Per-route timers in milliseconds; 0 turns one off.
 *
 * @param requestMillis from the moment the request has been received entirely until the response
 *     has ended, retries included
 * @param idleMillis longest pause of the exchange in either direction
 */
public record Timeouts(long requestMillis, long idleMillis) {
  /** 15 s for the whole, 5 minutes between bytes. */
  public static final Timeouts DEFAULT = new Timeouts(15_000, 300_000);

  public Timeouts {
    if (requestMillis < 0 || idleMillis < 0) {
      throw new IllegalArgumentException("a timeout is negative");
    }
  }
}
