// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.PortRange;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class IptablesRulesTest {
  @Test
  void writesTheDefaultRulesInOrder() {
    assertThat(text(IpFamily.IPV4))
        .isEqualTo(
            """
            *nat
            :SELVAGE_INBOUND - [0:0]
            :SELVAGE_OUTBOUND - [0:0]
            -A SELVAGE_INBOUND -m comment --comment selvage/skip-inbound-ports-1 -p tcp -m multiport --dports 4191 -j RETURN
            -A SELVAGE_INBOUND -m comment --comment selvage/redirect-inbound -p tcp -j REDIRECT --to-ports 4143
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-proxy-user -m owner --uid-owner 2102 -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-loopback -o lo -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/redirect-outbound -p tcp -j REDIRECT --to-ports 4140
            -A PREROUTING -m comment --comment selvage/inbound -j SELVAGE_INBOUND
            -A OUTPUT -m comment --comment selvage/outbound -j SELVAGE_OUTBOUND
            COMMIT
            """);
    assertThat(text(IpFamily.IPV6)).isEqualTo(text(IpFamily.IPV4));
  }

  @Test
  void writesEveryOption() {
    assertThat(
            text(
                IpFamily.IPV4,
                "--inbound-port=1",
                "--outbound-port=2",
                "--admin-port=3",
                "--proxy-uid=1337",
                "--proxy-gid=1338",
                "--skip-inbound-ports=25,4000-4100",
                "--skip-outbound-ports",
                "3306",
                "--skip-subnets=10.0.0.0/8,fd00::/8,192.0.2.1"))
        .isEqualTo(
            """
            *nat
            :SELVAGE_INBOUND - [0:0]
            :SELVAGE_OUTBOUND - [0:0]
            -A SELVAGE_INBOUND -m comment --comment selvage/skip-inbound-ports-1 -p tcp -m multiport --dports 3,25,4000:4100 -j RETURN
            -A SELVAGE_INBOUND -m comment --comment selvage/skip-subnet-1 -s 10.0.0.0/8 -j RETURN
            -A SELVAGE_INBOUND -m comment --comment selvage/skip-subnet-2 -s 192.0.2.1/32 -j RETURN
            -A SELVAGE_INBOUND -m comment --comment selvage/redirect-inbound -p tcp -j REDIRECT --to-ports 1
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-proxy-user -m owner --uid-owner 1337 -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-proxy-group -m owner --gid-owner 1338 -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-loopback -o lo -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/skip-outbound-ports-1 -p tcp -m multiport --dports 3306 -j RETURN
            -A SELVAGE_OUTBOUND -m comment --comment selvage/redirect-outbound -p tcp -j REDIRECT --to-ports 2
            -A PREROUTING -m comment --comment selvage/inbound -j SELVAGE_INBOUND
            -A OUTPUT -m comment --comment selvage/outbound -j SELVAGE_OUTBOUND
            COMMIT
            """);
  }

  @Test
  void givesEachFamilyItsSubnets() {
    assertThat(text(IpFamily.IPV6, "--skip-subnets=10.0.0.0/8,fd00::/8"))
        .contains("-s fd00:0:0:0:0:0:0:0/8 -j RETURN")
        .doesNotContain("10.0.0.0");
  }

  @Test
  void fillsAMultiportMatchAndNoMore() {
    List<PortRange> fifteen = ports(15);
    assertThat(IptablesRules.chunks(fifteen)).containsExactly(fifteen);
    assertThat(IptablesRules.chunks(ports(16))).extracting(List::size).containsExactly(15, 1);
    // A range takes two of the fifteen places: seven ranges and a port are full.
    List<PortRange> ranges =
        IntStream.range(0, 8).mapToObj(i -> new PortRange(10 * i + 1, 10 * i + 5)).toList();
    assertThat(IptablesRules.chunks(ranges)).extracting(List::size).containsExactly(7, 1);
    assertThat(IptablesRules.chunks(List.of())).isEmpty();
  }

  @Test
  void replacesWhatAnEarlierRunLeft() {
    NatTable present =
        NatTable.parse(
            """
            *filter
            -A INPUT -j SELVAGE_INBOUND
            COMMIT
            *nat
            :PREROUTING ACCEPT [0:0]
            :SELVAGE_INBOUND - [0:0]
            -A PREROUTING -i eth9 -j OTHER
            -A PREROUTING -m comment --comment "selvage/inbound" -j SELVAGE_INBOUND
            -A SELVAGE_INBOUND -p tcp -j REDIRECT --to-ports 9
            COMMIT
            """);
    String text = IptablesRules.of(ProxyInitOptions.DEFAULT, IpFamily.IPV4).restoreText(present);
    assertThat(text)
        .contains(
            "-D PREROUTING -m comment --comment \"selvage/inbound\" -j SELVAGE_INBOUND\n"
                + "-A SELVAGE_INBOUND")
        .doesNotContain("OTHER")
        .doesNotContain("INPUT")
        .doesNotContain("--to-ports 9");
  }

  private static String text(IpFamily family, String... args) {
    return IptablesRules.of(ProxyInitMain.parse(List.of(args)), family)
        .restoreText(NatTable.parse(""));
  }

  private static List<PortRange> ports(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(port -> new PortRange(port, port)).toList();
  }
}
