// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * Addresses with a common beginning, such as {@code 10.0.0.0/8} or {@code fd00::/8}.
 *
 * @param address any address of the subnet
 * @param prefix 0..32 for IPv4, 0..128 for IPv6
 */
public record Subnet(InetAddress address, int prefix) {
  public Subnet {
    if (prefix < 0 || prefix > address.getAddress().length * 8) {
      throw new IllegalArgumentException(
          "/" + prefix + " is no prefix length of " + address.getHostAddress());
    }
  }

  /**
   * Reads {@code ADDRESS/LENGTH}, or a single address. No name is looked up.
   *
   * @throws IllegalArgumentException naming what is no subnet
   */
  public static Subnet parse(String text) {
    int slash = text.indexOf('/');
    try {
      InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
      int prefix =
          slash < 0 ? address.getAddress().length * 8 : Integer.parseInt(text.substring(slash + 1));
      return new Subnet(address, prefix);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no subnet such as 10.0.0.0/8 or fd00::/8", e);
    }
  }

  boolean is(IpFamily family) {
    return (address instanceof Inet6Address) == (family == IpFamily.IPV6);
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + prefix;
  }
}
