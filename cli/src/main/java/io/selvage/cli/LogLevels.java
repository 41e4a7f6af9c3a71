// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** Changes log levels while the process runs. */
final class LogLevels {
  private static final Set<String> LEVELS =
      Set.of("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF");

  private LogLevels() {}

  /**
   * Takes {@code LEVEL} for everything of Selvage, or {@code LOGGER=LEVEL}.
   *
   * @return what is wrong with the text, or nothing
   */
  static Optional<String> set(String text) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? "io.selvage" : text.substring(0, equals).strip();
    String level = text.substring(equals + 1).strip().toUpperCase(Locale.ROOT);
    if (!LEVELS.contains(level)) {
      return Optional.of("expected a level (trace, debug, info, warn, error, off) or logger=level");
    }
    if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
      return Optional.of("this process logs by something else than Logback");
    }
    // Only loggers that exist: a new name for each call would grow the context without bound.
    Logger logger = context.exists(name);
    if (logger == null && !name.equals("io.selvage")) {
      return Optional.of("there is no logger of that name");
    }
    context.getLogger(name).setLevel(Level.toLevel(level));
    return Optional.empty();
  }
}
