// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

/** The two families of addresses, each with programs of its own. */
public enum IpFamily {
  IPV4("iptables"),
  IPV6("ip6tables");

  private final String program;

  IpFamily(String program) {
    this.program = program;
  }

  /** {@code iptables} or {@code ip6tables}. */
  String program() {
    return program;
  }
}
