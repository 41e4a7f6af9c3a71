// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PeerMemoryTest {
  private static final InetAddress PEER = InetAddress.ofLiteral("10.0.0.1");

  private long now;
  private final PeerMemory memory = new PeerMemory(() -> now);

  @Test
  void greetingsWaitForMembersOnly() {
    assertThat(memory.holdMillis(PEER)).isEqualTo(PeerMemory.UNKNOWN_HOLD_MILLIS);
    memory.sawPlain(PEER);
    assertThat(memory.holdMillis(PEER)).isZero();
    memory.sawMember(PEER);
    assertThat(memory.holdMillis(PEER))
        .as("both come from there, as behind address translation")
        .isEqualTo(PeerMemory.UNKNOWN_HOLD_MILLIS);
    InetAddress member = InetAddress.ofLiteral("10.0.0.2");
    memory.sawMember(member);
    assertThat(memory.holdMillis(member)).isEqualTo(PeerMemory.MEMBER_HOLD_MILLIS);
  }

  @Test
  void anAddressIsForgottenWhenItMayBeSomebodyElses() {
    memory.sawMember(PEER);
    now = TimeUnit.MINUTES.toNanos(10);
    assertThat(memory.holdMillis(PEER)).isEqualTo(PeerMemory.MEMBER_HOLD_MILLIS);
    now++;
    assertThat(memory.holdMillis(PEER)).isEqualTo(PeerMemory.UNKNOWN_HOLD_MILLIS);
    memory.sawPlain(PEER);
    assertThat(memory.holdMillis(PEER)).isZero();
  }

  @Test
  void noMoreAreKeptThanTheCapacity() {
    for (int i = 0; i <= PeerMemory.CAPACITY; i++) {
      memory.sawPlain(
          InetAddress.ofLiteral("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255)));
    }
    assertThat(memory.size()).isEqualTo(PeerMemory.CAPACITY);
    assertThat(memory.holdMillis(InetAddress.ofLiteral("10.0.0.0")))
        .isEqualTo(PeerMemory.UNKNOWN_HOLD_MILLIS);
  }
}
