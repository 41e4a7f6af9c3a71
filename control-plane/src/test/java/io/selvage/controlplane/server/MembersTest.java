// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.net.SocketAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class MembersTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final WorkloadIdentity API = new WorkloadIdentity("cluster.local", "shop", "api");
  private static final int PER_ADDRESS = ServerLimits.DEFAULT.membersPerAddress();
  private static final int PER_IDENTITY = ServerLimits.DEFAULT.membersPerIdentity();

  private final Members members = new Members(ServerLimits.DEFAULT);

  @Test
  void oneAddressHasItsShare() {
    for (int i = 0; i < PER_ADDRESS; i++) {
      assertThat(members.admit(i % 2 == 0 ? WEB : API, "10.0.0.1")).isTrue();
    }
    assertThat(members.admit(WEB, "10.0.0.1")).isFalse();
    assertThat(members.admit(WEB, "10.0.0.2")).isTrue();
    members.left(API, "10.0.0.1");
    assertThat(members.admit(WEB, "10.0.0.1")).isTrue();
    assertThat(members.admit(WEB, "10.0.0.1")).isFalse();
  }

  @Test
  void oneIdentityHasItsShare() {
    assertThat(PER_IDENTITY).isLessThan(ServerLimits.DEFAULT.connections());
    for (int i = 0; i < PER_IDENTITY; i++) {
      assertThat(members.admit(WEB, "10.0." + i / 200 + "." + i % 200)).isTrue();
    }
    assertThat(members.admit(WEB, "10.1.0.1")).isFalse();
    assertThat(members.admit(API, "10.1.0.1")).isTrue();
    members.left(WEB, "10.0.0.0");
    assertThat(members.admit(WEB, "10.1.0.1")).isTrue();
    assertThat(members.admit(WEB, "10.1.0.1")).isFalse();
  }

  @Test
  void loopbackIsManyMembers() {
    for (int i = 0; i < PER_IDENTITY; i++) {
      assertThat(members.admit(WEB, "127.0.0.1")).isTrue();
    }
    assertThat(members.admit(WEB, "127.0.0.1")).isFalse();
  }

  @Test
  void oneAddressHasItsShareOfHandshakes() {
    var handshakes = new Handshakes(ServerLimits.DEFAULT);
    int most = ServerLimits.DEFAULT.handshakesPerAddress();
    for (int port = 1; port <= most; port++) {
      assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", port), this)).isTrue();
    }
    assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", most + 1), this)).isFalse();
    assertThat(handshakes.begin(new InetSocketAddress("10.0.0.2", 1), this)).isTrue();
    handshakes.ended(SocketAddress.inetSocketAddress(7, "10.0.0.1"));
    handshakes.closed(new InetSocketAddress("10.0.0.1", 7), this);
    assertThat(handshakes.size()).isEqualTo(most);
    assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", most + 1), this)).isTrue();
    assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", 7), this)).isFalse();
    for (int port = 1; port <= most + 1; port++) {
      assertThat(handshakes.begin(new InetSocketAddress("127.0.0.1", port), this)).isTrue();
    }
  }

  /** Its client took the same port again before the end of the first was heard of. */
  @Test
  void theEndOfAConnectionDoesNotUncountTheNextOneOfItsPort() {
    var handshakes = new Handshakes(1, true);
    var peer = new InetSocketAddress("10.0.0.1", 7);
    var first = new Object();
    assertThat(handshakes.begin(peer, first)).isTrue();
    handshakes.ended(SocketAddress.inetSocketAddress(7, "10.0.0.1"));
    var second = new Object();
    assertThat(handshakes.begin(peer, second)).isTrue();
    handshakes.closed(peer, first);
    assertThat(handshakes.size()).isEqualTo(1);
    assertThat(handshakes.begin(new InetSocketAddress("10.0.0.1", 8), first)).isFalse();
    handshakes.closed(peer, second);
    assertThat(handshakes.size()).isZero();
  }
}
