// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.config;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PortRange;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Forms of values, each with what is wrong about one that is not of it. */
final class Values {
  /** Of any value; a port list of the greatest length fits. */
  static final int MAX_CHARS = 8 * 1024;

  /** As many as {@code mesh proxy-init} takes. */
  static final int MAX_PORT_ENTRIES = 500;

  static final int MAX_SUBNETS = 100;
  static final int MAX_WAIT_SECONDS = 3_600;

  private static final Set<String> LOG_LEVELS = Set.of("error", "warn", "info", "debug", "trace");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
  private static final Pattern QUANTITY =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)([numkKMGTPE]|[KMGTPE]i)?");
  private static final Map<String, BigDecimal> UNITS =
      Map.ofEntries(
          Map.entry("", BigDecimal.ONE),
          Map.entry("n", BigDecimal.valueOf(1, 9)),
          Map.entry("u", BigDecimal.valueOf(1, 6)),
          Map.entry("m", BigDecimal.valueOf(1, 3)),
          Map.entry("k", power(1_000, 1)),
          Map.entry("M", power(1_000, 2)),
          Map.entry("G", power(1_000, 3)),
          Map.entry("T", power(1_000, 4)),
          Map.entry("P", power(1_000, 5)),
          Map.entry("E", power(1_000, 6)),
          Map.entry("Ki", power(1_024, 1)),
          Map.entry("Mi", power(1_024, 2)),
          Map.entry("Gi", power(1_024, 3)),
          Map.entry("Ti", power(1_024, 4)),
          Map.entry("Pi", power(1_024, 5)),
          Map.entry("Ei", power(1_024, 6)));

  private Values() {}

  static Optional<String> port(String value) {
    return number(value, 1, 65_535).isPresent() ? Optional.empty() : Optional.of("not a port");
  }

  static Optional<String> ports(String value) {
    try {
      int entries = PortRange.parseList(value).size();
      return entries > MAX_PORT_ENTRIES
          ? Optional.of("more than " + MAX_PORT_ENTRIES + " entries")
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  static Optional<String> subnets(String value) {
    List<String> entries =
        Arrays.stream(value.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
    if (entries.size() > MAX_SUBNETS) {
      return Optional.of("more than " + MAX_SUBNETS + " entries");
    }
    return entries.stream()
        .filter(entry -> !isSubnet(entry))
        .findFirst()
        .map(entry -> "\"" + entry + "\" is not ADDRESS/BITS");
  }

  private static boolean isSubnet(String entry) {
    int slash = entry.indexOf('/');
    try {
      InetAddress address = InetAddress.ofLiteral(slash < 0 ? entry : entry.substring(0, slash));
      int bits = address.getAddress().length * Byte.SIZE;
      return slash < 0 || number(entry.substring(slash + 1), 0, bits).isPresent();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  static Optional<String> policy(String value) {
    return InboundPolicy.parse(value).isPresent()
        ? Optional.empty()
        : Optional.of(
            "none of "
                + Arrays.stream(InboundPolicy.values())
                    .map(InboundPolicy::label)
                    .collect(Collectors.joining(", ")));
  }

  static Optional<String> quantity(String value) {
    return QUANTITY.matcher(value).matches() && !value.endsWith("K")
        ? Optional.empty()
        : Optional.of("not a quantity such as 100m, 0.5 or 64Mi");
  }

  /** The number a quantity stands for. */
  static BigDecimal amount(String quantity) {
    var matched = QUANTITY.matcher(quantity);
    if (!matched.matches()) {
      throw new IllegalArgumentException("not a quantity");
    }
    String unit = matched.group(2) == null ? "" : matched.group(2);
    return new BigDecimal(matched.group(1)).multiply(UNITS.getOrDefault(unit, BigDecimal.ONE));
  }

  static Optional<String> logLevel(String value) {
    return LOG_LEVELS.contains(value)
        ? Optional.empty()
        : Optional.of("none of error, warn, info, debug, trace");
  }

  static Optional<String> duration(String value) {
    return DURATION.matcher(value).matches()
        ? Optional.empty()
        : Optional.of("not a time such as 250ms, 5s or 2m");
  }

  static Optional<String> trueOrFalse(String value) {
    return value.equals("true") || value.equals("false")
        ? Optional.empty()
        : Optional.of("neither true nor false");
  }

  static Optional<String> enabledOrDisabled(String value) {
    return value.equals("enabled") || value.equals("disabled")
        ? Optional.empty()
        : Optional.of("neither enabled nor disabled");
  }

  static Optional<String> seconds(String value) {
    return number(value, 0, MAX_WAIT_SECONDS).isPresent()
        ? Optional.empty()
        : Optional.of("not a number of seconds, 0.." + MAX_WAIT_SECONDS);
  }

  private static Optional<Integer> number(String value, int least, int most) {
    if (value.isEmpty()
        || value.length() > 9
        || !value.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Optional.empty();
    }
    int number = Integer.parseInt(value);
    return number >= least && number <= most ? Optional.of(number) : Optional.empty();
  }

  private static BigDecimal power(long base, int exponent) {
    return BigDecimal.valueOf(base).pow(exponent);
  }
}
