// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Durations as Go and Kubernetes write them: {@code 250ms}, {@code 1.5s}, {@code 1h30m}, {@code 0}.
 */
final class DurationText {
  private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|ms|s|m|h)");
  private static final Map<String, BigDecimal> MILLIS =
      Map.of(
          "ns", new BigDecimal("0.000001"),
          "us", new BigDecimal("0.001"),
          "ms", BigDecimal.ONE,
          "s", new BigDecimal(1_000),
          "m", new BigDecimal(60_000),
          "h", new BigDecimal(3_600_000));

  /** A day: nothing the gateway times lasts longer, and sums stay far from overflow. */
  private static final BigDecimal LONGEST = new BigDecimal(86_400_000L);

  private DurationText() {}

  /** Milliseconds, rounded up to a whole one; empty if the text is no duration or over 24 hours. */
  static OptionalLong millis(String text) {
    if (text.equals("0")) {
      return OptionalLong.of(0);
    }
    var matcher = PART.matcher(text);
    BigDecimal sum = BigDecimal.ZERO;
    int end = 0;
    while (matcher.find() && matcher.start() == end && matcher.group(1).length() <= 18) {
      BigDecimal unit = MILLIS.getOrDefault(matcher.group(2), BigDecimal.ZERO);
      sum = sum.add(new BigDecimal(matcher.group(1)).multiply(unit));
      end = matcher.end();
    }
    if (end == 0 || end != text.length() || sum.compareTo(LONGEST) > 0) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(sum.setScale(0, RoundingMode.CEILING).longValueExact());
  }
}
