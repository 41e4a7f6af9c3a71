// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.proxy.http.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private static final Path LIMITS = Path.of("/proc/self/limits");
  private static final String OPEN_FILES = "Max open files";

  private final int cap;
  private final AtomicInteger open = new AtomicInteger();
  private final Set<Runnable> waiting = ConcurrentHashMap.newKeySet();

  public ConnectionGuard(Limits.Connection limits) {
    // A connection may need a second descriptor towards an endpoint: hence half.
    int most = (int) Math.max(1, descriptorLimit() / 2);
    cap = limits.global() > 0 ? Math.min(limits.global(), most) : most;
  }

  /** From procfs: the JDK's bean for it costs a hundred classes, which a sidecar would keep. */
  private static long descriptorLimit() {
    try {
      return descriptorLimit(Files.readString(LIMITS));
    } catch (IOException e) {
      return FALLBACK_DESCRIPTORS;
    }
  }

  /**
   * The soft limit of open files, at most {@link Integer#MAX_VALUE}.
   *
   * @param limits as {@code /proc/self/limits} has it (proc_pid_limits(5))
   */
  static long descriptorLimit(String limits) {
    int at = limits.indexOf(OPEN_FILES);
    if (at < 0) {
      return FALLBACK_DESCRIPTORS;
    }
    int from = at + OPEN_FILES.length();
    while (from < limits.length() && limits.charAt(from) == ' ') {
      from++;
    }
    long limit = 0;
    int to = from;
    for (; to < limits.length() && Character.digit(limits.charAt(to), 10) >= 0; to++) {
      limit = Math.min(Integer.MAX_VALUE, limit * 10 + Character.digit(limits.charAt(to), 10));
    }
    if (to == from) {
      return limits.startsWith("unlimited", from) ? Integer.MAX_VALUE : FALLBACK_DESCRIPTORS;
    }
    return limit;
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
