// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import io.selvage.model.mesh.PortRange;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of one address family, in the order of their chains. Pure: says what is wanted, runs
 * nothing.
 *
 * <p>Inbound, in this order: ports to skip (the admin port always) and clients to skip return; all
 * other TCP goes to the sidecar. Outbound: the sidecar's own user (and group), the loopback
 * interface and ports to skip return; all other TCP goes to the sidecar. UDP is left alone.
 */
public final class IptablesRules {
  /** Chain that {@code PREROUTING} jumps to. */
  static final String INBOUND = "SELVAGE_INBOUND";

  /** Chain that {@code OUTPUT} jumps to. */
  static final String OUTBOUND = "SELVAGE_OUTBOUND";

  /** What the comment of each rule begins with. */
  static final String COMMENT_PREFIX = "selvage/";

  /** The kernel's multiport match holds this many ports; a range counts as two. */
  static final int MULTIPORT_SLOTS = 15;

  /**
   * A rule.
   *
   * @param chain the chain it is appended to
   * @param comment unique in its chain, and what the check afterwards looks for
   * @param arguments match and target, as words
   */
  record Rule(String chain, String comment, List<String> arguments) {
    Rule {
      arguments = List.copyOf(arguments);
    }

    /** The rule as a line of {@code iptables-restore}. No word holds a blank or a quote. */
    String line() {
      return "-A " + chain + " -m comment --comment " + comment + " " + String.join(" ", arguments);
    }
  }

  private final List<Rule> rules;

  private IptablesRules(List<Rule> rules) {
    this.rules = List.copyOf(rules);
  }

  /** The rules that options ask for. */
  public static IptablesRules of(ProxyInitOptions options, IpFamily family) {
    var rules = new ArrayList<Rule>();
    var skipInbound = new ArrayList<PortRange>();
    skipInbound.add(new PortRange(options.adminPort(), options.adminPort()));
    skipInbound.addAll(options.skipInbound());
    skipPorts(rules, INBOUND, "skip-inbound-ports", skipInbound);
    int subnet = 1;
    for (Subnet skipped : options.skipSubnets()) {
      if (skipped.is(family)) {
        rules.add(
            rule(INBOUND, "skip-subnet-" + subnet++, "-s", skipped.toString(), "-j", "RETURN"));
      }
    }
    rules.add(redirect(INBOUND, "redirect-inbound", options.inboundPort()));

    rules.add(
        rule(
            OUTBOUND,
            "skip-proxy-user",
            "-m",
            "owner",
            "--uid-owner",
            Integer.toString(options.proxyUid()),
            "-j",
            "RETURN"));
    if (options.proxyGid().isPresent()) {
      rules.add(
          rule(
              OUTBOUND,
              "skip-proxy-group",
              "-m",
              "owner",
              "--gid-owner",
              Integer.toString(options.proxyGid().getAsInt()),
              "-j",
              "RETURN"));
    }
    rules.add(rule(OUTBOUND, "skip-loopback", "-o", "lo", "-j", "RETURN"));
    skipPorts(rules, OUTBOUND, "skip-outbound-ports", options.skipOutbound());
    rules.add(redirect(OUTBOUND, "redirect-outbound", options.outboundPort()));

    // Last, and in the same transaction: no packet meets half of a chain.
    rules.add(rule("PREROUTING", "inbound", "-j", INBOUND));
    rules.add(rule("OUTPUT", "outbound", "-j", OUTBOUND));
    return new IptablesRules(rules);
  }

  List<Rule> rules() {
    return rules;
  }

  /**
   * Text for {@code iptables-restore --noflush} that makes these rules ours and only ours, whatever
   * of ours was there before; nothing else in the table changes.
   */
  String restoreText(NatTable present) {
    var text = new StringBuilder("*nat\n");
    // Naming a chain makes it, or empties it.
    text.append(':').append(INBOUND).append(" - [0:0]\n");
    text.append(':').append(OUTBOUND).append(" - [0:0]\n");
    for (String jump : present.ownJumps()) {
      text.append("-D ").append(jump, 3, jump.length()).append('\n');
    }
    for (Rule rule : rules) {
      text.append(rule.line()).append('\n');
    }
    return text.append("COMMIT\n").toString();
  }

  private static void skipPorts(
      List<Rule> rules, String chain, String name, List<PortRange> ports) {
    int number = 1;
    for (List<PortRange> chunk : chunks(ports)) {
      var words = new ArrayList<String>();
      for (PortRange range : chunk) {
        words.add(
            range.first() == range.last()
                ? Integer.toString(range.first())
                : range.first() + ":" + range.last());
      }
      rules.add(
          rule(
              chain,
              name + "-" + number++,
              "-p",
              "tcp",
              "-m",
              "multiport",
              "--dports",
              String.join(",", words),
              "-j",
              "RETURN"));
    }
  }

  /** Splits a list so that each part fits one multiport match. */
  static List<List<PortRange>> chunks(List<PortRange> ports) {
    var chunks = new ArrayList<List<PortRange>>();
    var chunk = new ArrayList<PortRange>();
    int used = 0;
    for (PortRange range : ports) {
      int slots = range.first() == range.last() ? 1 : 2;
      if (used + slots > MULTIPORT_SLOTS) {
        chunks.add(List.copyOf(chunk));
        chunk.clear();
        used = 0;
      }
      chunk.add(range);
      used += slots;
    }
    if (!chunk.isEmpty()) {
      chunks.add(List.copyOf(chunk));
    }
    return chunks;
  }

  private static Rule redirect(String chain, String comment, int port) {
    return rule(
        chain, comment, "-p", "tcp", "-j", "REDIRECT", "--to-ports", Integer.toString(port));
  }

  private static Rule rule(String chain, String comment, String... arguments) {
    return new Rule(chain, COMMENT_PREFIX + comment, List.of(arguments));
  }
}
