// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A time on the command line of any command: {@code 250ms}, {@code 5s} or {@code 2m}. */
public final class DurationOption implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    try {
      Duration parsed =
          lower.endsWith("ms")
              ? Duration.ofMillis(Long.parseLong(lower.substring(0, lower.length() - 2)))
              : Duration.parse("pt" + lower);
      if (!parsed.isNegative()) {
        return parsed;
      }
    } catch (NumberFormatException | DateTimeParseException e) {
      // Told below, in the words of the command line.
    }
    throw new TypeConversionException("'" + text + "' is no time such as 250ms, 5s or 2m");
  }
}
