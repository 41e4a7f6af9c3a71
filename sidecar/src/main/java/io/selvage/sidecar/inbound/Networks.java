// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.selvage.proxy.snapshot.Cidr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A set of CIDRs. Immutable. */
final class Networks {
  private final List<Cidr> networks;

  private Networks(List<Cidr> networks) {
    this.networks = List.copyOf(networks);
  }

  /**
   * @param bad hears of entries that are no CIDR; they match nothing
   */
  static Networks of(List<String> cidrs, Consumer<String> bad) {
    var networks = new ArrayList<Cidr>(cidrs.size());
    for (String cidr : cidrs) {
      Cidr network = Cidr.parse(cidr);
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
    for (Cidr network : networks) {
      if (network.contains(bytes)) {
        return true;
      }
    }
    return false;
  }
}
