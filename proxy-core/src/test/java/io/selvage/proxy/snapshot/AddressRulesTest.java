// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.Settings;
import io.selvage.model.routing.Settings.IpRules;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressRulesTest {
  private static AddressRules rules(@Nullable IpRules allow, @Nullable IpRules deny) {
    Settings d = Settings.defaults();
    return AddressRules.of(
        new Settings(
            d.serverName(),
            d.mergeSlashes(),
            d.rejectEscapedSlashes(),
            d.stripMatchingHostPort(),
            d.http10(),
            d.underscores(),
            d.preserveRequestId(),
            d.maxRequestHeaderBytes(),
            d.listenerIdleMillis(),
            Optional.ofNullable(allow),
            Optional.ofNullable(deny)));
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.1.1, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "192.168.1.128/25, 192.168.1.128, true",
    "192.168.1.128/25, 192.168.1.127, false",
    "10.1.2.3, 10.1.2.3, true",
    "10.1.2.3, 10.1.2.4, false",
    "0.0.0.0/0, 1.2.3.4, true",
    "0.0.0.0/0, ::1, false",
    "2001:db8::/33, 2001:db8:7fff::1, true",
    "2001:db8::/33, 2001:db8:8000::1, false"
  })
  void allowsAndDeniesByPrefix(String cidr, String peer, boolean inside) throws Exception {
    InetAddress address = InetAddress.getByName(peer);
    var list = new IpRules(List.of(cidr), List.of());
    assertThat(rules(list, null).permits(address, null)).isEqualTo(inside);
    assertThat(rules(null, list).permits(address, null)).isEqualTo(!inside);
  }

  @Test
  void judgesTheClientBehindTrustedProxies() throws Exception {
    InetAddress proxy = InetAddress.getByName("10.0.0.1");
    AddressRules allow = rules(new IpRules(List.of(), List.of("1.2.3.0/24")), null);
    assertThat(allow.permits(proxy, "1.2.3.4")).isTrue();
    assertThat(allow.permits(proxy, "1.2.4.4")).isFalse();
    assertThat(allow.permits(proxy, "nonsense")).isFalse();
  }

  @Test
  void letsEverybodyInWithoutRules() throws Exception {
    AddressRules open = rules(null, null);
    assertThat(open.isOpen()).isTrue();
    assertThat(open.permits(InetAddress.getByName("1.2.3.4"), null)).isTrue();
  }
}
