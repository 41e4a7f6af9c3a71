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
  private final List<Range> peers;
  private final List<Range> remotes;

  private AddressRules(boolean allow, List<Range> peers, List<Range> remotes) {
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

  private static boolean matches(List<Range> ranges, byte[] address) {
    for (Range range : ranges) {
      if (range.contains(address)) {
        return true;
      }
    }
    return false;
  }

  private static List<Range> ranges(List<String> cidrs) {
    var ranges = new ArrayList<Range>(cidrs.size());
    for (String cidr : cidrs) {
      Range range = Range.parse(cidr);
      if (range != null) {
        ranges.add(range);
      }
    }
    return List.copyOf(ranges);
  }

  /** A CIDR. */
  private record Range(byte[] prefix, int bits) {
    static @Nullable Range parse(String cidr) {
      int slash = cidr.indexOf('/');
      byte[] address =
          NetUtil.createByteArrayFromIpAddressString(slash < 0 ? cidr : cidr.substring(0, slash));
      if (address == null) {
        return null;
      }
      try {
        int bits = slash < 0 ? address.length * 8 : Integer.parseInt(cidr.substring(slash + 1));
        return bits < 0 || bits > address.length * 8 ? null : new Range(address, bits);
      } catch (NumberFormatException e) {
        return null;
      }
    }

    boolean contains(byte[] address) {
      if (address.length != prefix.length) {
        return false;
      }
      int whole = bits / 8;
      for (int i = 0; i < whole; i++) {
        if (address[i] != prefix[i]) {
          return false;
        }
      }
      int rest = bits % 8;
      return rest == 0 || ((address[whole] ^ prefix[whole]) & 0xff) >> (8 - rest) == 0;
    }
  }
}
