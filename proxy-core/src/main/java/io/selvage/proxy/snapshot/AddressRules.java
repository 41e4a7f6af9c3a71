// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import io.netty.util.NetUtil;
import io.selvage.model.routing.Settings;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Allow or deny lists of addresses (Emissary Module {@code ip_allow} and {@code ip_deny}).
 * Immutable.
 */
public final class AddressRules {
  private static final AddressRules NONE = new AddressRules(false, List.of(), List.of());

  private final boolean allow;
  private final List<Cidr> peers;
  private final List<Cidr> remotes;

  private AddressRules(boolean allow, List<Cidr> peers, List<Cidr> remotes) {
    this.allow = allow;
    this.peers = peers;
    this.remotes = remotes;
  }

  static AddressRules of(Settings settings) {
    if (settings.ipAllow().isPresent()) {
      return of(true, settings.ipAllow().get());
    }
    return settings.ipDeny().map(rules -> of(false, rules)).orElse(NONE);
  }

  private static AddressRules of(boolean allow, Settings.IpRules rules) {
    return new AddressRules(allow, ranges(rules.peer()), ranges(rules.remote()));
  }

  /** True if every address may come in: nothing needs to be asked. */
  public boolean isOpen() {
    return this == NONE;
  }

  /**
   * @param peer TCP peer, or the source a PROXY protocol header gave
   * @param remote the client after X-Forwarded-For; null = the same as the peer
   */
  public boolean permits(InetAddress peer, @Nullable String remote) {
    if (isOpen()) {
      return true;
    }
    boolean matched = matches(peers, peer.getAddress());
    if (!matched && !remotes.isEmpty()) {
      byte[] address =
          remote == null ? peer.getAddress() : NetUtil.createByteArrayFromIpAddressString(remote);
      // An entry that is not an address is nobody: it matches no list.
      matched = address != null && matches(remotes, address);
    }
    return matched == allow;
  }

  private static boolean matches(List<Cidr> ranges, byte[] address) {
    for (Cidr range : ranges) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  private static List<Cidr> ranges(List<String> cidrs) {
    var ranges = new ArrayList<Cidr>(cidrs.size());
    for (String cidr : cidrs) {
      Cidr range = Cidr.parse(cidr);
      if (range != null) {
        ranges.add(range);
      }
    }
    return List.copyOf(ranges);
  }
}
