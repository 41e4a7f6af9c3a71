// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers as tables show them; what is not known is {@value #NONE}. */
final class Figures {
  static final String NONE = "-";

  private Figures() {}

  /** {@code 99.50%} of 0.995. */
  static String share(@Nullable Double share) {
    return share == null ? NONE : String.format(Locale.ROOT, "%.2f%%", share * 100);
  }

  /** {@code 2.0rps}. */
  static String rate(@Nullable Double rps) {
    return rps == null ? NONE : String.format(Locale.ROOT, "%.1frps", rps);
  }

  /** {@code 12ms}. */
  static String millis(@Nullable Long millis) {
    return millis == null ? NONE : millis + "ms";
  }

  static String number(@Nullable Long number) {
    return number == null ? NONE : number.toString();
  }

  /** {@code 12.0B/s}. */
  static String bytes(@Nullable Double rate) {
    return rate == null ? NONE : String.format(Locale.ROOT, "%.1fB/s", rate);
  }

  /** {@code 835µs}, {@code 12ms}, {@code 2s} or {@code 1m3s}. */
  static String duration(long micros) {
    if (micros < 1_000) {
      return micros + "µs";
    }
    long millis = Math.round(micros / 1e3);
    if (millis < 1_000) {
      return millis + "ms";
    }
    long seconds = Math.round(micros / 1e6);
    return seconds < 60 ? seconds + "s" : seconds / 60 + "m" + seconds % 60 + "s";
  }
}
