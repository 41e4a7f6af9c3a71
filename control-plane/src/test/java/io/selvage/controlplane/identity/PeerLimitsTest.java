// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.identity.PeerLimits.Bounds;
import io.selvage.controlplane.identity.PeerLimits.Excess;
import org.junit.jupiter.api.Test;

class PeerLimitsTest {
  private static final long SECOND = 1_000_000_000;
  private static final String PEER = "10.0.0.1";

  @Test
  void soManyAtATimeAndNotOneMore() {
    var limits = new PeerLimits(new Bounds(2, 100, 1));
    assertThat(limits.enter(PEER, 0)).isEmpty();
    assertThat(limits.enter(PEER, 0)).isEmpty();
    assertThat(limits.enter(PEER, 0)).contains(Excess.PEER_BUSY);
    assertThat(limits.enter("10.0.0.2", 0)).isEmpty();
    limits.leave(PEER, true);
    assertThat(limits.enter(PEER, 0)).isEmpty();
    assertThat(limits.enter(PEER, 0)).contains(Excess.PEER_BUSY);
  }

  @Test
  void soManyInVainAndNotOneMoreUntilTimeHasPassed() {
    var limits = new PeerLimits(new Bounds(2, 3, 1));
    for (int i = 0; i < 3; i++) {
      assertThat(limits.enter(PEER, 0)).isEmpty();
      limits.leave(PEER, false);
    }
    assertThat(limits.enter(PEER, 0)).contains(Excess.PEER_LIMITED);
    assertThat(limits.enter(PEER, SECOND - 1)).contains(Excess.PEER_LIMITED);
    assertThat(limits.enter(PEER, SECOND)).isEmpty();
  }

  @Test
  void goodRequestsAtATimeAreBoundedByTheirNumberAlone() {
    var limits = new PeerLimits(Bounds.DEFAULT);
    for (int i = 0; i < Bounds.DEFAULT.atOnce(); i++) {
      assertThat(limits.enter(PEER, 0)).isEmpty();
    }
    assertThat(limits.enter(PEER, 0)).contains(Excess.PEER_BUSY);
  }

  /** All pods of a node may be seen under the node's address. */
  @Test
  void whoHasAGoodTokenIsNotLimited() {
    var limits = new PeerLimits(new Bounds(2, 3, 0.001));
    for (int i = 0; i < 100; i++) {
      assertThat(limits.enter(PEER, 0)).isEmpty();
      limits.leave(PEER, true);
    }
  }

  @Test
  void anIpv6NetworkIsOneAddress() {
    var limits = new PeerLimits(new Bounds(1, 3, 1));
    assertThat(limits.enter("fd00::1", 0)).isEmpty();
    assertThat(limits.enter("fd00::ffff:2", 0)).contains(Excess.PEER_BUSY);
    assertThat(limits.enter("fd00:0:0:1::1", 0)).isEmpty();
  }
}
