// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

/** Which of the programs that may be installed side by side writes the rules. */
public enum IptablesMode {
  /** {@code iptables-nft}: rules in nf_tables, on every kernel of today. */
  NFT("-nft"),
  /** {@code iptables-legacy}: rules in ip_tables. */
  LEGACY("-legacy"),
  /** {@code iptables}: whichever of the two that name stands for. */
  PLAIN("");

  private final String suffix;

  IptablesMode(String suffix) {
    this.suffix = suffix;
  }

  /** Name of a program, such as {@code ip6tables-legacy-restore}. */
  String program(IpFamily family, String verb) {
    return family.program() + suffix + "-" + verb;
  }
}
