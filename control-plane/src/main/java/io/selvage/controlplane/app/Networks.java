// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import java.net.InetAddress;

/** Reads CIDRs (RFC 4632, RFC 4291 section 2.3). */
final class Networks {
  private Networks() {}

  /**
   * @throws IllegalArgumentException naming a text that is no CIDR
   */
  static void check(String text) {
    int slash = text.indexOf('/');
    if (slash > 0 && text.substring(slash + 1).matches("\\d{1,3}")) {
      try {
        int bits = InetAddress.ofLiteral(text.substring(0, slash)).getAddress().length * 8;
        if (Integer.parseInt(text.substring(slash + 1)) <= bits) {
          return;
        }
      } catch (IllegalArgumentException e) {
        // Told below.
      }
    }
    throw new IllegalArgumentException("\"" + text + "\" is no network such as 10.0.0.0/8");
  }
}
