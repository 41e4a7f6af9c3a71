// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import io.netty.util.NetUtil;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The addresses that share some leading bits (RFC 4632, RFC 4291 section 2.3). Immutable. */
public final class Cidr {
  private final byte[] prefix;
  private final int bits;

  private Cidr(byte[] prefix, int bits) {
    this.prefix = prefix;
    this.bits = bits;
  }

  /**
   * Reads {@code 10.0.0.0/8}, {@code fd00::/8} or a single address.
   *
   * @return null if the text is none of them
   */
  public static @Nullable Cidr parse(String text) {
    int slash = text.indexOf('/');
    byte[] address =
        NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
    if (address == null) {
      return null;
    }
    try {
      int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
      return bits < 0 || bits > address.length * 8 ? null : new Cidr(address, bits);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /**
   * Whether an address is one of them; never one of the other version of IP.
   *
   * @param address 4 or 16 bytes
   */
  public boolean contains(byte[] address) {
    if (address.length != prefix.length) {
      return false;
    }
    int whole = bits / 8;
    int rest = bits % 8;
    return Arrays.equals(address, 0, whole, prefix, 0, whole)
        && (rest == 0 || ((address[whole] ^ prefix[whole]) & 0xff) >> (8 - rest) == 0);
  }
}
