// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.workload.Printable;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Lengths of time as kubectl and Prometheus write them: {@code 1m}, {@code 90s}, {@code 1h30m}. */
public final class Windows {
  /** Below this too few reports, or scrapes, lie within a window to tell of. */
  public static final Duration SHORTEST = Duration.ofSeconds(15);

  /** No Prometheus answers for longer in reasonable time. */
  public static final Duration LONGEST = Duration.ofDays(7);

  public static final Duration DEFAULT = Duration.ofMinutes(1);

  private static final Pattern TEXT =
      Pattern.compile("(?:(\\d{1,4})d)?(?:(\\d{1,5})h)?(?:(\\d{1,6})m)?(?:(\\d{1,7})s)?");

  private Windows() {}

  /**
   * @throws IllegalArgumentException with a text for people
   */
  public static Duration parse(String text) {
    var parts = TEXT.matcher(text);
    if (text.isEmpty() || !parts.matches()) {
      throw new IllegalArgumentException(
          "not a length of time such as 30s, 1m or 1h30m: \"" + Printable.text(text) + "\"");
    }
    Duration window =
        Duration.ofDays(number(parts.group(1)))
            .plusHours(number(parts.group(2)))
            .plusMinutes(number(parts.group(3)))
            .plusSeconds(number(parts.group(4)));
    return check(window);
  }

  private static long number(@Nullable String digits) {
    return digits == null ? 0 : Long.parseLong(digits);
  }

  /**
   * @throws IllegalArgumentException with a text for people
   */
  static Duration check(Duration window) {
    if (window.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException("metrics time window must be at least 15s");
    }
    if (window.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("metrics time window must be at most 7d");
    }
    return window;
  }

  /** Whole seconds with their unit, as {@link #parse} reads them. */
  public static String format(Duration window) {
    return window.toSeconds() + "s";
  }
}
