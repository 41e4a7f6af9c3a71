// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

import io.selvage.mesh.MeshOptions;
import io.selvage.mesh.MeshOptions.ControlAddress;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the command line and the environment. Small on purpose: a sidecar carries no library for
 * this.
 */
public final class OptionParser {
  private static final Map<String, Flag> BY_NAME =
      Arrays.stream(Flag.values()).collect(Collectors.toMap(Flag::flag, flag -> flag));

  private final Map<Flag, List<String>> given = new EnumMap<>(Flag.class);

  private OptionParser() {}

  /** What {@code --help} prints. */
  public static String help() {
    var text = new StringBuilder("Usage: mesh sidecar --control-plane HOST:PORT [FLAG VALUE]...\n");
    text.append("Run the proxy beside a pod.\n\n");
    for (Flag flag : Flag.values()) {
      text.append(flag.help()).append('\n');
    }
    text.append("\nEach flag can be given by a variable such as ")
        .append(Flag.POD_NAME.variable())
        .append("; the flag wins.\n");
    return text.toString();
  }

  /**
   * @param args such as {@code --pod-name web-1} or {@code --pod-name=web-1}
   * @param environment variables; empty ones count as absent
   * @throws OptionException naming the flag or variable that makes no sense
   */
  public static SidecarOptions parse(List<String> args, Map<String, String> environment)
      throws OptionException {
    var parser = new OptionParser();
    parser.readEnvironment(environment);
    parser.readArguments(args);
    return parser.options();
  }

  private void readEnvironment(Map<String, String> environment) {
    for (Flag flag : Flag.values()) {
      String value = environment.get(flag.variable());
      if (value != null && !value.isBlank()) {
        given.put(flag, flag.repeats() ? split(value) : List.of(value.strip()));
      }
    }
  }

  private static List<String> split(String list) {
    return Arrays.stream(list.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  private void readArguments(List<String> args) throws OptionException {
    Map<Flag, List<String>> byFlag = new EnumMap<>(Flag.class);
    for (int i = 0; i < args.size(); i++) {
      String name = args.get(i);
      String value = null;
      int equals = name.indexOf('=');
      if (name.startsWith("--") && equals > 0) {
        value = name.substring(equals + 1);
        name = name.substring(0, equals);
      }
      Flag flag = BY_NAME.get(name);
      if (flag == null) {
        throw new OptionException("no such flag: " + name);
      }
      if (value == null) {
        if (++i == args.size()) {
          throw new OptionException(name + " wants a value");
        }
        value = args.get(i);
      }
      List<String> values = byFlag.computeIfAbsent(flag, f -> new ArrayList<>());
      if (!values.isEmpty() && !flag.repeats()) {
        throw new OptionException(name + " is given twice");
      }
      values.addAll(flag == Flag.POD_IPS ? split(value) : List.of(value));
    }
    given.putAll(byFlag);
  }

  private SidecarOptions options() throws OptionException {
    String trustDomain = one(Flag.TRUST_DOMAIN);
    if (!WorkloadIdentity.isTrustDomain(trustDomain)) {
      throw wrong(Flag.TRUST_DOMAIN, "\"" + trustDomain + "\" is no trust domain");
    }
    List<AddressPair> inbound = pairs(Flag.INBOUND);
    List<AddressPair> outbound = pairs(Flag.OUTBOUND);
    // Pairs replace redirection, unless its port is asked for as well.
    boolean redirected = inbound.isEmpty() && outbound.isEmpty();
    int inboundPort =
        redirected || given.containsKey(Flag.INBOUND_PORT) ? port(Flag.INBOUND_PORT) : 0;
    int outboundPort =
        redirected || given.containsKey(Flag.OUTBOUND_PORT) ? port(Flag.OUTBOUND_PORT) : 0;
    List<InetAddress> podIps = podIps();
    if (inboundPort > 0 && podIps.isEmpty()) {
      throw wrong(Flag.POD_IPS, "is needed to tell the pod's own addresses from others");
    }
    return new SidecarOptions(
        controlPlane(),
        controlPlaneIdentity(trustDomain),
        trustDomain,
        Path.of(one(Flag.TOKEN_FILE)),
        Path.of(one(Flag.TRUST_ANCHORS)),
        new PodRef(one(Flag.POD_NAMESPACE), one(Flag.POD_NAME)),
        podIps,
        inboundPort,
        outboundPort,
        address(Flag.ADMIN_ADDRESS).getHostAddress(),
        port(Flag.ADMIN_PORT),
        inbound,
        outbound,
        policy(),
        time(Flag.DETECT_GRACE, Duration.ZERO, Duration.ofSeconds(10)),
        time(Flag.OUTBOUND_CONNECT_TIMEOUT, Duration.ofMillis(1), Duration.ofMinutes(5)),
        time(Flag.INBOUND_CONNECT_TIMEOUT, Duration.ofMillis(1), Duration.ofMinutes(5)),
        logLevel(),
        number(Flag.EVENT_LOOPS, 1, 256),
        new SidecarOptions.Shutdown(
            time(Flag.SHUTDOWN_GRACE, Duration.ZERO, Duration.ofHours(24)),
            time(Flag.SHUTDOWN_QUIET, Duration.ZERO, Duration.ofHours(24)),
            adminShutdown()));
  }

  private String one(Flag flag) {
    List<String> values = given.get(flag);
    return values == null ? flag.byDefault() : values.getLast();
  }

  private OptionException wrong(Flag flag, String why) {
    return new OptionException(flag.flag() + " (" + flag.variable() + "): " + why);
  }

  private List<ControlAddress> controlPlane() throws OptionException {
    String text = one(Flag.CONTROL_PLANE);
    if (text.isEmpty()) {
      throw wrong(Flag.CONTROL_PLANE, "is needed");
    }
    try {
      return ControlAddress.parseList(text);
    } catch (IllegalArgumentException e) {
      throw wrong(Flag.CONTROL_PLANE, String.valueOf(e.getMessage()));
    }
  }

  private WorkloadIdentity controlPlaneIdentity(String trustDomain) throws OptionException {
    String text = one(Flag.CONTROL_PLANE_IDENTITY);
    if (text.isEmpty()) {
      return MeshOptions.controlIdentity(trustDomain);
    }
    return WorkloadIdentity.parse(text)
        .orElseThrow(() -> wrong(Flag.CONTROL_PLANE_IDENTITY, "\"" + text + "\" is no SPIFFE id"));
  }

  private List<AddressPair> pairs(Flag flag) throws OptionException {
    var pairs = new ArrayList<AddressPair>();
    for (String text : given.getOrDefault(flag, List.of())) {
      try {
        pairs.add(AddressPair.parse(text));
      } catch (OptionException e) {
        throw wrong(flag, String.valueOf(e.getMessage()));
      }
    }
    return pairs;
  }

  private List<InetAddress> podIps() throws OptionException {
    var ips = new ArrayList<InetAddress>();
    for (String text : given.getOrDefault(Flag.POD_IPS, List.of())) {
      ips.add(literal(Flag.POD_IPS, text));
    }
    return ips;
  }

  private InetAddress address(Flag flag) throws OptionException {
    return literal(flag, one(flag));
  }

  private InetAddress literal(Flag flag, String text) throws OptionException {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw wrong(flag, "\"" + text + "\" is no IP address");
    }
  }

  private int port(Flag flag) throws OptionException {
    return number(flag, 0, 65_535);
  }

  private int number(Flag flag, int least, int most) throws OptionException {
    String text = one(flag);
    try {
      int number = Integer.parseInt(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, in the words of the command line.
    }
    throw wrong(flag, "\"" + text + "\" is no number of " + least + ".." + most);
  }

  private InboundPolicy policy() throws OptionException {
    String text = one(Flag.DEFAULT_INBOUND_POLICY);
    return InboundPolicy.parse(text)
        .orElseThrow(() ->
            wrong(
                Flag.DEFAULT_INBOUND_POLICY,
                "\""
                    + text
                    + "\" is none of "
                    + Arrays.stream(InboundPolicy.values())
                        .map(InboundPolicy::label)
                        .collect(Collectors.joining(", "))));
  }

  private String logLevel() throws OptionException {
    String level = one(Flag.LOG_LEVEL).toLowerCase(Locale.ROOT);
    if (!SidecarOptions.LOG_LEVELS.contains(level)) {
      throw wrong(
          Flag.LOG_LEVEL, "\"" + level + "\" is none of off, error, warn, info, debug, trace");
    }
    return level;
  }

  private boolean adminShutdown() throws OptionException {
    return switch (one(Flag.ADMIN_SHUTDOWN)) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw wrong(
              Flag.ADMIN_SHUTDOWN,
              "\"" + one(Flag.ADMIN_SHUTDOWN) + "\" is neither true nor false");
    };
  }

  private Duration time(Flag flag, Duration least, Duration most) throws OptionException {
    Duration time = duration(one(flag));
    if (time == null || time.compareTo(least) < 0 || time.compareTo(most) > 0) {
      throw wrong(
          flag,
          "\""
              + one(flag)
              + "\" is no time such as 250ms, 5s or 2m, of "
              + least.toMillis()
              + "ms.."
              + most.toSeconds()
              + "s");
    }
    return time;
  }

  /** Reads {@code 250ms}, {@code 5s}, {@code 2m} and {@code 1h}; null for anything else. */
  private static @Nullable Duration duration(String text) {
    String digits = text.replaceFirst("(ms|s|m|h)$", "");
    if (digits.isEmpty() || digits.length() > 9 || !digits.chars().allMatch(Character::isDigit)) {
      return null;
    }
    long number = Long.parseLong(digits);
    return switch (text.substring(digits.length())) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> null;
    };
  }
}
