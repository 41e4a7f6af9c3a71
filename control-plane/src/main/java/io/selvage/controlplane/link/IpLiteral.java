// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Pattern;

/** IP literals in one notation, so that they can be keys. */
public final class IpLiteral {
  /** No literal is longer, zones aside, which are refused. */
  private static final int MAX_LENGTH = 45;

  /** All four parts, decimal, none of them with a zero in front (RFC 6943 section 3.1.1). */
  private static final Pattern DOTTED =
      Pattern.compile("(?:0|[1-9]\\d{0,2})(?:\\.(?:0|[1-9]\\d{0,2})){3}");

  private IpLiteral() {}

  /**
   * The address in Java's notation; addresses of IPv4 written as IPv6 become IPv4. Empty if the
   * text is no literal; nothing is ever resolved.
   */
  public static Optional<String> canonical(String text) {
    if (text.isEmpty() || text.length() > MAX_LENGTH || text.indexOf('%') >= 0) {
      return Optional.empty();
    }
    // Java also takes "127.1" and "1", which mean one thing here and another elsewhere.
    String dotted = text.substring(text.lastIndexOf(':') + 1);
    boolean isDotted = text.indexOf(':') < 0 || dotted.indexOf('.') >= 0;
    if (isDotted && !DOTTED.matcher(dotted).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.ofLiteral(text).getHostAddress());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether a canonical address is one of IPv6. */
  public static boolean isIpv6(String canonical) {
    return canonical.indexOf(':') >= 0;
  }
}
