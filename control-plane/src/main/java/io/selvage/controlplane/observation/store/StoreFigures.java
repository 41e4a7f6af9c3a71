// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import java.util.concurrent.atomic.LongAdder;

/** What the store tells of itself; read from any thread. */
public final class StoreFigures {
  final LongAdder reports = new LongAdder();
  final LongAdder duplicates = new LongAdder();
  final LongAdder absurdReports = new LongAdder();
  final LongAdder absurdEntries = new LongAdder();
  final LongAdder evictedPairs = new LongAdder();
  final LongAdder evictedCalls = new LongAdder();
  volatile int pairs;
  volatile int calls;
  volatile int proxies;

  /** Reports taken in. */
  public long reports() {
    return reports.sum();
  }

  /** Reports that had been taken in before. */
  public long duplicates() {
    return duplicates.sum();
  }

  /** Reports let fall as a whole: numbers nothing can have counted. */
  public long absurdReports() {
    return absurdReports.sum();
  }

  /** Entries of reports let fall: numbers nothing can have counted, or no address. */
  public long absurdEntries() {
    return absurdEntries.sum();
  }

  /** Pairs that made room for others. */
  public long evictedPairs() {
    return evictedPairs.sum();
  }

  /** Kinds of requests that made room for others. */
  public long evictedCalls() {
    return evictedCalls.sum();
  }

  /** Pairs kept. */
  public int pairs() {
    return pairs;
  }

  /** Kinds of requests kept. */
  public int calls() {
    return calls;
  }

  /** Proxies heard of in the last ten minutes. */
  public int proxies() {
    return proxies;
  }
}
