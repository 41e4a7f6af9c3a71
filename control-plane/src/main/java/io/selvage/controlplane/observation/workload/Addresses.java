// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import java.net.InetAddress;
import java.util.Optional;

/** IP literals in one notation, so that they compare. */
public final class Addresses {
  /** The longest literal, an IPv4 address in an IPv6 one, without a zone. */
  private static final int MAX_LENGTH = 45;

  private Addresses() {}

  /** The address in Java's notation; empty if the text is no IP literal. Nothing is resolved. */
  public static Optional<String> canonical(String text) {
    if (text.isEmpty() || text.length() > MAX_LENGTH || text.indexOf('%') >= 0) {
      return Optional.empty();
    }
    // Java also reads 10.1 as 10.0.0.1; nobody means that.
    if (text.indexOf(':') < 0 && text.chars().filter(c -> c == '.').count() != 3) {
      return Optional.empty();
    }
    try {
      return Optional.of(InetAddress.ofLiteral(text).getHostAddress());
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }
}
