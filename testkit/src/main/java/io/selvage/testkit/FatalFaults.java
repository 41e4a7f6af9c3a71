// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Makes a test fail for what libraries only log: a buffer that was collected without being released
 * (Netty's leak detector), and an event loop that was blocked (Vert.x's checker). Registered for
 * every test of a module that uses the testkit.
 *
 * <p>Leaks show up when the collector runs, so a leak may be charged to a later test of the same
 * JVM; its record says where the buffer was touched.
 */
public final class FatalFaults implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
  /**
   * Blocked for this long is a fault, where each that wants a processor has one. Vert.x warns from
   * 2 s on, which a slow or starved machine can cause by itself.
   */
  static final long BLOCKED_MILLIS = 5_000;

  /** Set where the only event loops belong to an imitation that blocks them by design. */
  private static final boolean IGNORE_BLOCKED =
      "ignore".equals(System.getProperty("selvage.faults.blockedLoops"));

  private static final Pattern BLOCKED = Pattern.compile("has been blocked for (\\d+) ms");
  private static final ConcurrentLinkedQueue<String> FAULTS = new ConcurrentLinkedQueue<>();
  private static boolean installed;

  @Override
  public void beforeAll(@Nullable ExtensionContext context) {
    install();
  }

  @Override
  public void afterEach(@Nullable ExtensionContext context) {
    throwIfAny();
  }

  @Override
  public void afterAll(@Nullable ExtensionContext context) {
    collect();
    throwIfAny();
  }

  /**
   * How long a loop may be blocked here and now: with ten programs to a processor each takes ten
   * times as long for what it does.
   */
  private static long limitMillis() {
    OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
    double load = system.getSystemLoadAverage() / system.getAvailableProcessors();
    return (long) (BLOCKED_MILLIS * Math.max(1, load));
  }

  /**
   * What the log says is a fault, or null.
   *
   * @param limitMillis how long a loop may be blocked
   */
  static @Nullable String faultIn(String logger, String message, long limitMillis) {
    if (message.startsWith("LEAK:")) {
      return message;
    }
    if (logger.endsWith("BlockedThreadChecker") && !IGNORE_BLOCKED) {
      Matcher blocked = BLOCKED.matcher(message);
      if (blocked.find() && Long.parseLong(blocked.group(1)) >= limitMillis) {
        return message;
      }
    }
    return null;
  }

  private static synchronized void install() {
    if (installed || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
      return;
    }
    installed = true;
    var appender =
        new AppenderBase<ILoggingEvent>() {
          @Override
          protected void append(ILoggingEvent event) {
            String fault =
                faultIn(event.getLoggerName(), event.getFormattedMessage(), limitMillis());
            if (fault != null) {
              FAULTS.add(fault);
            }
          }
        };
    appender.setContext(context);
    appender.setName("fatal-faults");
    appender.start();
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(appender);
  }

  /** Netty reports what was collected when the next buffer is made. */
  private static void collect() {
    System.gc();
    for (int i = 0; i < 8; i++) {
      ByteBufAllocator.DEFAULT.buffer(16).release();
    }
  }

  private static void throwIfAny() {
    List<String> found = new ArrayList<>();
    String fault;
    while ((fault = FAULTS.poll()) != null) {
      found.add(fault);
    }
    if (!found.isEmpty()) {
      throw new AssertionError(String.join("\n\n", found));
    }
  }
}
