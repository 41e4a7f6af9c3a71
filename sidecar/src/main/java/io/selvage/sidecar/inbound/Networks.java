// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A set of CIDRs. Immutable. */
final class Networks {
  private final List<Network> networks;

  private Networks(List<Network> networks) {
    this.networks = List.copyOf(networks);
  }

  /**
   * @param bad hears of entries that are no CIDR; they match nothing
   */
  static Networks of(List<String> cidrs, Consumer<String> bad) {
    var networks = new ArrayList<Network>(cidrs.size());
    for (String cidr : cidrs) {
      Network network = Network.parse(cidr);
      if (network == null) {
        bad.accept(cidr);
      } else {
        networks.add(network);
      }
    }
    return new Networks(networks);
  }

  boolean contains(InetAddress address) {
    byte[] bytes = address.getAddress();
    for (Network network : networks) {
      if (network.contains(bytes)) {
        return true;
      }
    }
    return false;
  }

  /** One CIDR: {@code bits} leading bits of {@code prefix}. */
  private record Network(byte[] prefix, int bits) {
    static @Nullable Network parse(String cidr) {
      int slash = cidr.indexOf('/');
      byte[] address =
          NetUtil.createByteArrayFromIpAddressString(slash < 0 ? cidr : cidr.substring(0, slash));
      if (address == null) {
        return null;
      }
      try {
        int bits = slash < 0 ? address.length * 8 : Integer.parseInt(cidr.substring(slash + 1));
        return bits < 0 || bits > address.length * 8 ? null : new Network(address, bits);
      } catch (NumberFormatException e) {
        return null;
      }
    }

    boolean contains(byte[] address) {
      if (address.length != prefix.length) {
        return false;
      }
      for (int bit = 0; bit < bits; bit += 8) {
        int mask = bits - bit >= 8 ? 0xff : 0xff << (8 - (bits - bit)) & 0xff;
        if (((address[bit / 8] ^ prefix[bit / 8]) & mask) != 0) {
          return false;
        }
      }
      return true;
    }
  }
}
