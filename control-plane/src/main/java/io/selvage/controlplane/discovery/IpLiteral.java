// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import java.net.InetAddress;
import java.util.Optional;

/** IP literals in one notation, so that they can be keys. */
public final class IpLiteral {
  /** No literal is longer, zones aside, which are refused. */
  private static final int MAX_LENGTH = 45;

  private IpLiteral() {}

  /**
   * The address in Java's notation; addresses of IPv4 written as IPv6 become IPv4. Empty if the
   * text is no literal; nothing is ever resolved.
   */
  public static Optional<String> canonical(String text) {
    if (text.isEmpty() || text.length() > MAX_LENGTH || text.indexOf('%') >= 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.ofLiteral(text).getHostAddress());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether a canonical address is one of IPv6. */
  static boolean isIpv6(String canonical) {
    return canonical.indexOf(':') >= 0;
  }
}
