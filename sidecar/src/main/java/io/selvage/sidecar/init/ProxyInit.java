// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import io.selvage.sidecar.init.Commands.CommandFailed;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Puts the rules in place, or leaves everything as it was and says why. May run again: what an
 * earlier run left is replaced.
 */
final class ProxyInit {
  private final Commands commands;
  private final boolean kernelHasIpv6;

  /**
   * @param kernelHasIpv6 decides where the options leave IPv6 open
   */
  ProxyInit(Commands commands, boolean kernelHasIpv6) {
    this.commands = commands;
    this.kernelHasIpv6 = kernelHasIpv6;
  }

  List<IpFamily> families(ProxyInitOptions options) {
    return options.ipv6().orElse(kernelHasIpv6)
        ? List.of(IpFamily.IPV4, IpFamily.IPV6)
        : List.of(IpFamily.IPV4);
  }

  /** Prints what {@link #apply} would give to which program; reads nothing. */
  void print(ProxyInitOptions options, PrintWriter out) {
    NatTable empty = NatTable.parse("");
    for (IpFamily family : families(options)) {
      out.println("# " + String.join(" ", restore(options, family)));
      out.print(IptablesRules.of(options, family).restoreText(empty));
    }
    out.flush();
  }

  /**
   * Writes the rules of all families and reads them back.
   *
   * @throws CommandFailed after bringing every family back to what it was
   */
  void apply(ProxyInitOptions options) throws CommandFailed {
    Map<IpFamily, NatTable> before = new LinkedHashMap<>();
    for (IpFamily family : families(options)) {
      before.put(family, read(options, family));
    }
    var touched = new ArrayList<IpFamily>();
    try {
      for (Map.Entry<IpFamily, NatTable> entry : before.entrySet()) {
        IpFamily family = entry.getKey();
        IptablesRules rules = IptablesRules.of(options, family);
        commands.run(restore(options, family), rules.restoreText(entry.getValue()));
        touched.add(family);
        verify(options, family, rules);
      }
    } catch (CommandFailed e) {
      throw new CommandFailed(e.getMessage() + undo(options, touched, before));
    }
  }

  private void verify(ProxyInitOptions options, IpFamily family, IptablesRules rules)
      throws CommandFailed {
    Optional<String> difference = read(options, family).differenceFrom(rules);
    if (difference.isPresent()) {
      throw new CommandFailed(
          "%s took the rules, but %s"
              .formatted(options.mode().program(family, "restore"), difference.get()));
    }
  }

  /** Returns what to add to the message. */
  private String undo(
      ProxyInitOptions options, List<IpFamily> touched, Map<IpFamily, NatTable> before) {
    var failures = new StringBuilder();
    for (IpFamily family : touched) {
      NatTable earlier = before.get(family);
      if (earlier == null) {
        continue;
      }
      try {
        commands.run(restore(options, family), earlier.restoreText(read(options, family)));
      } catch (CommandFailed e) {
        failures.append("; and the rules before could not be restored: ").append(e.getMessage());
      }
    }
    return failures.toString();
  }

  private NatTable read(ProxyInitOptions options, IpFamily family) throws CommandFailed {
    return NatTable.parse(
        commands.run(List.of(options.mode().program(family, "save"), "-t", "nat"), ""));
  }

  /** Waits for the lock that others may hold, as kube-proxy or a CNI plugin does. */
  private static List<String> restore(ProxyInitOptions options, IpFamily family) {
    return List.of(options.mode().program(family, "restore"), "--noflush", "--wait", "10");
  }
}
