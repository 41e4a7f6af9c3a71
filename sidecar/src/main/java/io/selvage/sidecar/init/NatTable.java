// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code iptables-save -t nat} printed, as far as it concerns us. */
final class NatTable {
  private static final Pattern COMMENT = Pattern.compile("--comment \"?([^\" ]+)\"?");
  private static final Pattern OWN_JUMP =
      Pattern.compile(
          " -[jg] (?:" + IptablesRules.INBOUND + "|" + IptablesRules.OUTBOUND + ")(?: |$)");

  /** Lines of the nat table that begin with {@code -A}, in order. */
  private final List<String> lines;

  private final boolean hasChains;

  private NatTable(List<String> lines, boolean hasChains) {
    this.lines = List.copyOf(lines);
    this.hasChains = hasChains;
  }

  static NatTable parse(String saved) {
    var lines = new ArrayList<String>();
    boolean chains = false;
    boolean nat = false;
    for (String line : saved.split("\n")) {
      String stripped = line.strip();
      if (stripped.startsWith("*")) {
        nat = stripped.equals("*nat");
      } else if (nat && stripped.startsWith("-A ")) {
        lines.add(stripped);
      } else if (nat
          && (stripped.startsWith(":" + IptablesRules.INBOUND + " ")
              || stripped.startsWith(":" + IptablesRules.OUTBOUND + " "))) {
        chains = true;
      }
    }
    return new NatTable(lines, chains);
  }

  /** Rules of other chains that lead to ours, as {@code -A} lines. */
  List<String> ownJumps() {
    return lines.stream().filter(line -> OWN_JUMP.matcher(line).find()).toList();
  }

  /** Text for {@code iptables-restore --noflush} that brings our part back to what it was here. */
  String restoreText(NatTable present) {
    var text = new StringBuilder("*nat\n");
    text.append(':').append(IptablesRules.INBOUND).append(" - [0:0]\n");
    text.append(':').append(IptablesRules.OUTBOUND).append(" - [0:0]\n");
    for (String jump : present.ownJumps()) {
      text.append("-D ").append(jump, 3, jump.length()).append('\n');
    }
    if (hasChains) {
      for (String line : lines) {
        if (isOwn(line)) {
          text.append(line).append('\n');
        }
      }
    } else {
      text.append("-X ").append(IptablesRules.INBOUND).append('\n');
      text.append("-X ").append(IptablesRules.OUTBOUND).append('\n');
    }
    return text.append("COMMIT\n").toString();
  }

  /**
   * Compares what the kernel holds with what was wanted: the same rules of ours, by their comments,
   * in the same order in each chain.
   *
   * @return the first difference, or empty
   */
  Optional<String> differenceFrom(IptablesRules wanted) {
    for (String chain :
        List.of(IptablesRules.INBOUND, IptablesRules.OUTBOUND, "PREROUTING", "OUTPUT")) {
      List<String> expected =
          wanted.rules().stream()
              .filter(rule -> rule.chain().equals(chain))
              .map(IptablesRules.Rule::comment)
              .toList();
      List<String> found =
          lines.stream()
              .filter(line -> line.startsWith("-A " + chain + " ") && isOwn(line))
              .map(NatTable::comment)
              .toList();
      if (!expected.equals(found)) {
        return Optional.of("chain %s holds %s instead of %s".formatted(chain, found, expected));
      }
    }
    return Optional.empty();
  }

  private static boolean isOwn(String line) {
    return line.startsWith("-A " + IptablesRules.INBOUND + " ")
        || line.startsWith("-A " + IptablesRules.OUTBOUND + " ")
        || OWN_JUMP.matcher(line).find();
  }

  private static String comment(String line) {
    Matcher comment = COMMENT.matcher(line);
    return comment.find() ? comment.group(1) : "a rule without comment";
  }
}
