// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.logging;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/** Writes each event as one line (and a stack trace) in one write, so that lines do not mix. */
final class StderrLogger extends LegacyAbstractLogger {
  private static final long serialVersionUID = 1;

  private final transient OutputStream out;
  private final transient Clock clock;
  private final String shortName;
  private volatile int threshold;

  StderrLogger(String name, OutputStream out, Clock clock, int threshold) {
    this.name = name;
    this.out = out;
    this.clock = clock;
    this.shortName = shorten(name);
    this.threshold = threshold;
  }

  /** Lets through what is at this level or above. */
  void threshold(int level) {
    threshold = level;
  }

  @Override
  public boolean isTraceEnabled() {
    return Level.TRACE.toInt() >= threshold;
  }

  @Override
  public boolean isDebugEnabled() {
    return Level.DEBUG.toInt() >= threshold;
  }

  @Override
  public boolean isInfoEnabled() {
    return Level.INFO.toInt() >= threshold;
  }

  @Override
  public boolean isWarnEnabled() {
    return Level.WARN.toInt() >= threshold;
  }

  @Override
  public boolean isErrorEnabled() {
    return Level.ERROR.toInt() >= threshold;
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null;
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      String message,
      Object @Nullable [] arguments,
      @Nullable Throwable error) {
    var line = new StringBuilder(160);
    time(line);
    line.append(' ').append(level);
    if (level.toString().length() == 4) {
      line.append(' ');
    }
    line.append(' ').append(shortName).append(' ');
    line.append(
        String.valueOf(MessageFormatter.basicArrayFormat(message, arguments)).stripTrailing());
    line.append('\n');
    if (error != null) {
      var trace = new StringWriter();
      error.printStackTrace(new PrintWriter(trace));
      line.append(trace);
    }
    try {
      out.write(line.toString().getBytes(UTF_8));
    } catch (IOException e) {
      // Nobody reads our standard error any more; there is nowhere else to say so.
    }
  }

  /** {@code 2026-01-02T03:04:05.006Z}; a formatter's classes would cost more than this. */
  private void time(StringBuilder line) {
    OffsetDateTime now = OffsetDateTime.now(clock);
    digits(line, now.getYear(), 4).append('-');
    digits(line, now.getMonthValue(), 2).append('-');
    digits(line, now.getDayOfMonth(), 2).append('T');
    digits(line, now.getHour(), 2).append(':');
    digits(line, now.getMinute(), 2).append(':');
    digits(line, now.getSecond(), 2).append('.');
    digits(line, now.getNano() / 1_000_000, 3).append(now.getOffset().getId());
  }

  private static StringBuilder digits(StringBuilder line, int number, int width) {
    String text = Integer.toString(number);
    for (int i = text.length(); i < width; i++) {
      line.append('0');
    }
    return line.append(text);
  }

  /** {@code io.selvage.sidecar.Inbound} as {@code i.s.s.Inbound}. */
  private static String shorten(String name) {
    var shortened = new StringBuilder();
    int at = 0;
    for (int dot = name.indexOf('.'); dot > at; dot = name.indexOf('.', at)) {
      shortened.append(name.charAt(at)).append('.');
      at = dot + 1;
    }
    return shortened.append(name, at, name.length()).toString();
  }
}
