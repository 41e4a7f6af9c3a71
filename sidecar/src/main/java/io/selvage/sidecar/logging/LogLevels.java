// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.logging;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.event.Level;

/** The loggers of a process and what each of them lets through. Thread-safe. */
public final class LogLevels {
  /**
   * The running process's, on standard error; everything at the level that the environment variable
   * {@code SELVAGE_LOG_LEVEL} names, {@code INFO} by default.
   */
  public static final LogLevels PROCESS =
      new LogLevels(
          new FileOutputStream(FileDescriptor.err),
          Clock.system(ZoneId.systemDefault()),
          level(System.getenv().getOrDefault("SELVAGE_LOG_LEVEL", "INFO")).orElse(OnOff.INFO));

  /** Numbers of {@link Level}, and one above them all. */
  private static final class OnOff {
    static final int INFO = Level.INFO.toInt();
    static final int OFF = Integer.MAX_VALUE;

    private OnOff() {}
  }

  private static final String SELVAGE = "io.selvage";

  private final OutputStream out;
  private final Clock clock;
  private final int root;
  private final Map<String, Integer> levels = new ConcurrentHashMap<>();
  private final Map<String, StderrLogger> loggers = new ConcurrentHashMap<>();

  LogLevels(OutputStream out, Clock clock, int root) {
    this.out = out;
    this.clock = clock;
    this.root = root;
    // A handshake that fails while its connection is being closed ends there, after our handlers
    // are gone: a client could fill the log.
    levels.put("io.netty.channel.DefaultChannelPipeline", Level.ERROR.toInt());
  }

  /** Number of a level's name in any case, {@code off} included; empty if there is none. */
  static Optional<Integer> level(String name) {
    return switch (name.strip().toUpperCase(Locale.ROOT)) {
      case "TRACE" -> Optional.of(Level.TRACE.toInt());
      case "DEBUG" -> Optional.of(Level.DEBUG.toInt());
      case "INFO" -> Optional.of(OnOff.INFO);
      case "WARN" -> Optional.of(Level.WARN.toInt());
      case "ERROR" -> Optional.of(Level.ERROR.toInt());
      case "OFF" -> Optional.of(OnOff.OFF);
      default -> Optional.empty();
    };
  }

  StderrLogger logger(String name) {
    return loggers.computeIfAbsent(
        name, wanted -> new StderrLogger(wanted, out, clock, effective(wanted)));
  }

  /**
   * Takes {@code LEVEL} for everything of Selvage, or {@code LOGGER=LEVEL} for a logger that
   * exists, or a package of one.
   *
   * @return what is wrong with the text, or nothing
   */
  public synchronized Optional<String> set(String text) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? SELVAGE : text.substring(0, equals).strip();
    Optional<Integer> level = level(text.substring(equals + 1));
    if (level.isEmpty()) {
      return Optional.of("expected a level (trace, debug, info, warn, error, off) or logger=level");
    }
    // Only loggers that exist: a new name for each call would grow the map without bound.
    if (loggers.keySet().stream().noneMatch(logger -> covers(name, logger))
        && !name.equals(SELVAGE)) {
      return Optional.of("there is no logger of that name");
    }
    levels.put(name, level.get());
    loggers.forEach((each, logger) -> logger.threshold(effective(each)));
    return Optional.empty();
  }

  /** Name in lower case of the level that holds for a logger. */
  public String levelOf(String logger) {
    return name(effective(logger));
  }

  /**
   * What holds, in the form of {@link #set}: the level of Selvage, then each {@code logger=level}
   * that was set, sorted, in lines.
   */
  public synchronized String describe() {
    var lines = new StringBuilder(levelOf(SELVAGE));
    new TreeMap<>(levels)
        .forEach((logger, level) -> {
          if (!logger.equals(SELVAGE)) {
            lines.append('\n').append(logger).append('=').append(name(level));
          }
        });
    return lines.toString();
  }

  private static String name(int threshold) {
    return threshold == OnOff.OFF
        ? "off"
        : Level.intToLevel(threshold).name().toLowerCase(Locale.ROOT);
  }

  /** The level given for the longest beginning of a name. */
  private int effective(String logger) {
    String name = logger;
    while (true) {
      Integer level = levels.get(name);
      if (level != null) {
        return level;
      }
      int dot = name.lastIndexOf('.');
      if (dot < 0) {
        return root;
      }
      name = name.substring(0, dot);
    }
  }

  private static boolean covers(String name, String logger) {
    return logger.equals(name) || logger.startsWith(name + ".");
  }
}
