// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import com.sun.management.UnixOperatingSystemMXBean;
import io.selvage.proxy.http.Limits;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The process-wide cap on client connections. A listener that finds it reached stops accepting, so
 * that clients wait in the kernel's backlog, and is woken when a connection closes. Thread-safe.
 */
public final class ConnectionGuard {
  /** Where the system does not say how many descriptors there are. */
  private static final int FALLBACK_DESCRIPTORS = 1024;

  private final int cap;
  private final AtomicInteger open = new AtomicInteger();
  private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();

  public ConnectionGuard(Limits.Connection limits) {
    // A connection may need a second descriptor towards an endpoint: hence half.
    cap = limits.global() > 0 ? limits.global() : (int) Math.max(1, descriptorLimit() / 2);
  }

  private static long descriptorLimit() {
    boolean known =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean;
    long limit =
        known
            ? ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getMaxFileDescriptorCount()
            : FALLBACK_DESCRIPTORS;
    return Math.min(limit, Integer.MAX_VALUE);
  }

  /** Open connections of all listeners. */
  public int open() {
    return open.get();
  }

  public int cap() {
    return cap;
  }

  /** Counts a connection, or says that there is no room: two loops may race for the last place. */
  boolean tryAcquire() {
    if (open.incrementAndGet() <= cap) {
      return true;
    }
    open.decrementAndGet();
    return false;
  }

  /** Counts a connection whose place is about to become free. */
  void acquire() {
    open.incrementAndGet();
  }

  void release() {
    open.decrementAndGet();
    if (!waiting.isEmpty()) {
      waiting.forEach(Runnable::run);
    }
  }

  boolean isFull() {
    return open.get() >= cap;
  }

  /** {@code wake} is run, on any thread, whenever a connection closes. */
  void awaitRoom(Runnable wake) {
    waiting.add(wake);
  }

  void stopAwaiting(Runnable wake) {
    waiting.remove(wake);
  }
}
