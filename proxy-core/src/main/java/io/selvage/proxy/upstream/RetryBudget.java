// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Keeps retries a fraction of the requests, so that they cannot double the load on a cluster that
 * is already failing: each request deposits a fifth of a retry, and ten retries a second are
 * granted whatever the load, so that a quiet cluster may retry too. Both are bounded token buckets;
 * any event loop may call.
 */
public final class RetryBudget {
  /** Retries granted per request: 20 %. */
  public static final double DEFAULT_RATIO = 0.2;

  /** Retries granted per second without any request. */
  public static final int DEFAULT_MIN_PER_SECOND = 10;

  // Deposits stop mattering after 10 s at the given rate in Finagle and Linkerd; a cap in tokens
  // does
  // the same without a clock on the request path: at most 100 retries can be saved up.
  private static final int MAX_SAVED_RETRIES = 100;

  // A token is a thousandth of a retry, so that a deposit is a whole number.
  private static final long RETRY = 1_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final LongSupplier nanoClock;
  private final long deposit;
  private final long minPerSecond;
  private final AtomicLong saved = new AtomicLong();
  // The reserve as the time from which it has been filling (GCRA): one number, so one CAS.
  private final AtomicLong reserveEmptyAt;

  /** The default budget on the system clock. */
  public RetryBudget() {
    this(DEFAULT_RATIO, DEFAULT_MIN_PER_SECOND, System::nanoTime);
  }

  /**
   * A budget of other proportions.
   *
   * @param ratio retries per request, 0..1 in steps of 0.001
   * @param minPerSecond retries granted per second besides, at least 0
   * @param nanoClock monotonic nanoseconds
   */
  public RetryBudget(double ratio, int minPerSecond, LongSupplier nanoClock) {
    if (!(ratio >= 0 && ratio <= 1) || minPerSecond < 0) {
      throw new IllegalArgumentException(
          "retry budget of " + ratio + " and " + minPerSecond + " per second");
    }
    this.nanoClock = nanoClock;
    this.deposit = Math.round(ratio * RETRY);
    this.minPerSecond = minPerSecond;
    // The reserve starts full: one second's worth.
    this.reserveEmptyAt = new AtomicLong(nanoClock.getAsLong() - NANOS_PER_SECOND);
  }

  /** A first attempt is made. */
  public void onRequest() {
    // A racy read before the add: full buckets, the usual state, cost no write.
    if (saved.get() < MAX_SAVED_RETRIES * RETRY) {
      saved.addAndGet(deposit);
    }
  }

  /** Takes one retry out of the budget; false when there is none. */
  public boolean tryRetry() {
    while (true) {
      long tokens = saved.get();
      if (tokens < RETRY) {
        return takeFromReserve();
      }
      if (saved.compareAndSet(tokens, tokens - RETRY)) {
        return true;
      }
    }
  }

  private boolean takeFromReserve() {
    if (minPerSecond == 0) {
      return false;
    }
    long now = nanoClock.getAsLong();
    long interval = NANOS_PER_SECOND / minPerSecond;
    while (true) {
      long empty = reserveEmptyAt.get();
      // Never more than one second's worth in store.
      long base = Math.max(empty - now, -NANOS_PER_SECOND) + now;
      if (base + interval - now > 0) {
        return false;
      }
      if (reserveEmptyAt.compareAndSet(empty, base + interval)) {
        return true;
      }
    }
  }
}
