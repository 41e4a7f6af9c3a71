// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import io.selvage.model.mesh.PortRange;
import io.selvage.sidecar.init.Commands.CommandFailed;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** The command line of {@code mesh proxy-init}. */
public final class ProxyInitMain {
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(30);

  private static final String USAGE =
      """
      Usage: mesh proxy-init [OPTION]...
      Redirect this network namespace's TCP connections to its sidecar, by iptables.
            --inbound-port=PORT         sidecar's port for connections to the pod (default: 4143)
            --outbound-port=PORT        sidecar's port for connections of the pod (default: 4140)
            --admin-port=PORT           never redirected (default: 4191)
            --proxy-uid=UID             user of the sidecar (default: 2102)
            --proxy-gid=GID             group of the sidecar, exempt too
            --skip-inbound-ports=LIST   ports of the pod left alone, such as 25,4000-4100
            --skip-outbound-ports=LIST  ports elsewhere left alone
            --skip-subnets=LIST         clients left alone, such as 10.0.0.0/8,fd00::/8
            --mode=nft|legacy|plain     iptables-nft, iptables-legacy or iptables (default: nft)
            --ipv6=auto|on|off          the same for IPv6; auto: where the kernel has it (default)
            --dry-run                   print the rules, change nothing
        -h, --help                      print this text

      Exit codes: 0 done, 1 failed and everything left as it was, 2 not understood
      """;

  private ProxyInitMain() {}

  public static void main(String[] args) {
    System.exit(
        run(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            args));
  }

  /** Runs one command line and returns its exit code. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    return run(
        new ProxyInit(
            new SystemCommands(COMMAND_LIMIT), Files.exists(Path.of("/proc/net/if_inet6"))),
        out,
        err,
        args);
  }

  static int run(ProxyInit init, PrintWriter out, PrintWriter err, String... args) {
    boolean dryRun = false;
    var rest = new ArrayList<String>();
    for (String arg : args) {
      if (arg.equals("--help") || arg.equals("-h")) {
        out.print(USAGE);
        out.flush();
        return 0;
      }
      if (arg.equals("--dry-run")) {
        dryRun = true;
      } else {
        rest.add(arg);
      }
    }
    ProxyInitOptions options;
    try {
      options = parse(rest);
    } catch (IllegalArgumentException e) {
      err.println("mesh proxy-init: " + e.getMessage());
      err.println("Try 'mesh proxy-init --help'.");
      return 2;
    }
    if (dryRun) {
      init.print(options, out);
      return 0;
    }
    try {
      init.apply(options);
    } catch (CommandFailed e) {
      err.println("mesh proxy-init: " + e.getMessage());
      return 1;
    }
    out.println(
        "selvage: TCP to this pod goes to port %d, TCP from it to port %d (%s)"
            .formatted(
                options.inboundPort(),
                options.outboundPort(),
                init.families(options).size() == 2 ? "IPv4 and IPv6" : "IPv4 only"));
    return 0;
  }

  /**
   * Reads {@code --name=value} and {@code --name value}.
   *
   * @throws IllegalArgumentException naming what is not understood
   */
  static ProxyInitOptions parse(List<String> args) {
    ProxyInitOptions d = ProxyInitOptions.DEFAULT;
    int inboundPort = d.inboundPort();
    int outboundPort = d.outboundPort();
    int adminPort = d.adminPort();
    int uid = d.proxyUid();
    OptionalInt gid = d.proxyGid();
    List<PortRange> skipInbound = d.skipInbound();
    List<PortRange> skipOutbound = d.skipOutbound();
    List<Subnet> skipSubnets = d.skipSubnets();
    IptablesMode mode = d.mode();
    Optional<Boolean> ipv6 = d.ipv6();
    for (int i = 0; i < args.size(); i++) {
      String arg = args.get(i);
      int equals = arg.indexOf('=');
      String name = equals < 0 ? arg : arg.substring(0, equals);
      if (!name.startsWith("--")) {
        throw new IllegalArgumentException("\"" + arg + "\" is not expected");
      }
      String value;
      if (equals >= 0) {
        value = arg.substring(equals + 1);
      } else if (i + 1 < args.size()) {
        value = args.get(++i);
      } else {
        throw new IllegalArgumentException(name + " is unknown or needs a value");
      }
      switch (name) {
        case "--inbound-port" -> inboundPort = number(name, value);
        case "--outbound-port" -> outboundPort = number(name, value);
        case "--admin-port" -> adminPort = number(name, value);
        case "--proxy-uid" -> uid = number(name, value);
        case "--proxy-gid" -> gid = OptionalInt.of(number(name, value));
        case "--skip-inbound-ports" -> skipInbound = ports(name, value);
        case "--skip-outbound-ports" -> skipOutbound = ports(name, value);
        case "--skip-subnets" -> skipSubnets = subnets(name, value);
        case "--mode" -> mode = mode(value);
        case "--ipv6" -> ipv6 = ipv6(value);
        default -> throw new IllegalArgumentException("unknown option " + name);
      }
    }
    return new ProxyInitOptions(
        inboundPort,
        outboundPort,
        adminPort,
        uid,
        gid,
        skipInbound,
        skipOutbound,
        skipSubnets,
        mode,
        ipv6);
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + ": \"" + value + "\" is no number", e);
    }
  }

  private static List<PortRange> ports(String name, String value) {
    try {
      return PortRange.parseList(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  private static List<Subnet> subnets(String name, String value) {
    var subnets = new ArrayList<Subnet>();
    for (String entry : value.split(",")) {
      if (!entry.isBlank()) {
        try {
          subnets.add(Subnet.parse(entry.strip()));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
        }
      }
    }
    return subnets;
  }

  private static IptablesMode mode(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "nft" -> IptablesMode.NFT;
      case "legacy" -> IptablesMode.LEGACY;
      case "plain" -> IptablesMode.PLAIN;
      default ->
          throw new IllegalArgumentException(
              "--mode: \"" + value + "\" is none of nft, legacy, plain");
    };
  }

  private static Optional<Boolean> ipv6(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "auto" -> Optional.empty();
      case "on", "true" -> Optional.of(true);
      case "off", "false" -> Optional.of(false);
      default ->
          throw new IllegalArgumentException("--ipv6: \"" + value + "\" is none of auto, on, off");
    };
  }
}
