// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.Test;

class ForeignTapsTest {
  private final Map<Long, ConnectedProxy> fleet = new ConcurrentSkipListMap<>();
  private final List<Asked> asked = new ArrayList<>();
  private final ForeignTaps.Asker other = (session, tapped) -> {};
  private final ForeignTaps taps =
      new ForeignTaps(
          (sessions, tap) -> asked.add(new Asked(sessions, tap)),
          () -> List.copyOf(fleet.values()));

  private record Asked(Set<Long> sessions, Tap tap) {}

  private void connect(long session) {
    fleet.put(
        session,
        new ConnectedProxy(
            session,
            new WorkloadIdentity("cluster.local", "shop", "web"),
            new PodRef("shop", "web-" + session),
            true,
            ProxyKind.SIDECAR,
            "10.0.0.1",
            "test",
            "",
            0,
            Instant.EPOCH));
  }

  private void disconnect(long session) {
    fleet.remove(session);
    taps.gone(session);
  }

  private static ReplicaRequest open(long id, Long... sessions) {
    return new ReplicaRequest(List.of(sessions), new Tap(id, 10, "", "", "", "", false));
  }

  private static ReplicaRequest end(long id, Long... sessions) {
    return new ReplicaRequest(List.of(sessions), Tap.end(id));
  }

  /** Who asks hears of an end later than we do, and never ends what it has heard to be gone. */
  @Test
  void aTapOfWhoHasJustGoneIsNotKept() {
    connect(4);
    connect(5);
    disconnect(5);
    taps.ask(other, open(1, 5L));
    assertThat(taps.size()).isZero();
    assertThat(asked).isEmpty();

    taps.ask(other, open(2, 4L, 5L));
    assertThat(asked).extracting(Asked::sessions).containsExactly(Set.of(4L));
    taps.ask(other, end(2, 4L));
    assertThat(taps.size()).isZero();
  }

  @Test
  void oneReplicaHasItsShareAndNotMore() {
    connect(4);
    for (long id = 1; id <= ForeignTaps.MAX_OF_REPLICA; id++) {
      taps.ask(other, open(id, 4L));
    }
    assertThat(taps.size()).isEqualTo(ForeignTaps.MAX_OF_REPLICA);
    taps.ask(other, open(1_000, 4L));
    assertThat(taps.size()).isEqualTo(ForeignTaps.MAX_OF_REPLICA);
    assertThat(asked).hasSize(ForeignTaps.MAX_OF_REPLICA);

    ForeignTaps.Asker third = (session, tapped) -> {};
    taps.ask(third, open(1, 4L));
    assertThat(taps.size()).isEqualTo(ForeignTaps.MAX_OF_REPLICA + 1);
    taps.ask(other, end(1, 4L));
    taps.ask(other, open(1_000, 4L));
    assertThat(taps.size()).isEqualTo(ForeignTaps.MAX_OF_REPLICA + 1);

    asked.clear();
    taps.end(other);
    assertThat(taps.size()).isEqualTo(1);
    assertThat(asked)
        .hasSize(ForeignTaps.MAX_OF_REPLICA)
        .allMatch(a -> a.tap().maxPerSecond() == 0);
    disconnect(4);
    assertThat(taps.size()).isZero();
  }

  @Test
  void endingATapForSomeLeavesItToTheOthers() {
    connect(4);
    connect(5);
    taps.ask(other, open(1, 4L, 5L));
    taps.ask(other, end(1, 4L));
    assertThat(taps.size()).isEqualTo(1);
    disconnect(5);
    assertThat(taps.size()).isZero();
  }
}
