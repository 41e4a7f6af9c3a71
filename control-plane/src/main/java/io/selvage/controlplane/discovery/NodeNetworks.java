// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.model.kube.Node;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/**
 * Where a node's kubelet may come from when it asks the pods of the node: the node's own addresses,
 * and the first address of its pods' networks, which a bridge on the node has.
 */
final class NodeNetworks {
  private NodeNetworks() {}

  /** As CIDRs of one address each. */
  static List<String> of(Node node) {
    var networks = new LinkedHashSet<String>();
    node.addresses()
        .forEach(address -> IpLiteral.canonical(address).ifPresent(a -> networks.add(single(a))));
    node.podNetworks().forEach(cidr -> first(cidr).ifPresent(a -> networks.add(single(a))));
    return List.copyOf(networks);
  }

  private static String single(String canonical) {
    return canonical + (IpLiteral.isIpv6(canonical) ? "/128" : "/32");
  }

  /** The address after the network's own. */
  private static Optional<String> first(String cidr) {
    int slash = cidr.indexOf('/');
    if (slash < 0) {
      return Optional.empty();
    }
    return IpLiteral.canonical(cidr.substring(0, slash)).map(NodeNetworks::next);
  }

  private static String next(String canonical) {
    byte[] bytes = InetAddress.ofLiteral(canonical).getAddress();
    for (int i = bytes.length - 1; i >= 0 && ++bytes[i] == 0; i--) {
      // The carry goes on to the byte before.
    }
    try {
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address has 4 or 16 bytes", e);
    }
  }
}
