// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.routing.EndpointSet;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DestinationTableTest {
  private static final int MAX = 3;
  private static final String WEB = "spiffe://cluster.local/ns/test/sa/web";

  private final EventLoop loop = new DefaultEventLoop();
  private final AtomicLong now = new AtomicLong();
  private final List<ProxyMessage> sent = Collections.synchronizedList(new ArrayList<>());
  private final DestinationTable table = new DestinationTable(loop, now::get, MAX, 50);
  private volatile boolean connected;
  private volatile boolean hopeful;

  DestinationTableTest() {
    table.use(line());
  }

  private DestinationTable.Line line() {
    return new DestinationTable.Line() {
      @Override
      public boolean isConnected() {
        return connected;
      }

      @Override
      public boolean isHopeful() {
        return connected || hopeful;
      }

      @Override
      public void send(ProxyMessage message) {
        sent.add(message);
      }
    };
  }

  @AfterEach
  void stop() {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private static InetSocketAddress address(int last) throws Exception {
    return new InetSocketAddress(InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last}), 80);
  }

  private Destination find(int last) throws Exception {
    return table.find(address(last), loop).get(20, TimeUnit.SECONDS);
  }

  private void onLoop(Runnable action) throws Exception {
    loop.submit(action).get(20, TimeUnit.SECONDS);
  }

  private static DestinationUpdate update(boolean reset, String... endpoints) {
    var upserts = new ArrayList<DestinationUpdate.Endpoint>();
    for (String endpoint : endpoints) {
      upserts.add(new DestinationUpdate.Endpoint(endpoint, 80, "", ProtocolHint.DETECT, false));
    }
    return new DestinationUpdate(
        reset,
        DestinationUpdate.Kind.SERVICE,
        DestinationUpdate.ServiceRef.NONE,
        ProtocolHint.DETECT,
        upserts,
        List.of());
  }

  @Test
  void withoutAControlPlaneItForwardsAtOnce() throws Exception {
    Destination unknown = find(1);
    assertThat(unknown.state().answered()).isFalse();
    assertThat(unknown.state().kind()).isEqualTo(DestinationUpdate.Kind.FORWARD);
    assertThat(sent).isEmpty();
    assertThat(find(1)).isSameAs(unknown);
  }

  @Test
  void asksForEverythingWhenTheStreamOpens() throws Exception {
    find(1);
    find(2);
    connected = true;
    onLoop(table::onConnected);
    assertThat(sent)
        .containsExactlyInAnyOrder(
            new ProxyMessage.Subscribe(1, "10.0.0.1", 80),
            new ProxyMessage.Subscribe(2, "10.0.0.2", 80));
  }

  @Test
  void waitersGoOnWhenTheAnswerComes() throws Exception {
    connected = true;
    var waiting = table.find(address(1), loop);
    onLoop(() -> table.apply(1, update(true, "10.1.0.1")));
    assertThat(waiting.get(20, TimeUnit.SECONDS).state().answered()).isTrue();
    assertThat(table.known(address(1))).isNotNull();
  }

  /** A difference after a reconnect, before the reset, would be one to another state. */
  @Test
  void ignoresADifferenceBeforeAReset() throws Exception {
    connected = true;
    var waiting = table.find(address(1), loop);
    onLoop(() -> table.apply(1, update(true, "10.1.0.1")));
    Destination known = waiting.get(20, TimeUnit.SECONDS);
    onLoop(() -> {
      table.onDisconnected();
      table.onConnected();
      table.apply(1, update(false, "10.1.0.2"));
    });
    assertThat(known.state().endpoints().endpoints()).hasSize(1);
    onLoop(() -> table.apply(1, update(true, "10.1.0.3")));
    assertThat(known.state().endpoints().endpoints())
        .extracting(e -> e.address())
        .containsExactly("10.1.0.3");
  }

  @Test
  void whatComesInPartsIsPublishedAfterTheLast() throws Exception {
    connected = true;
    var patient = new DestinationTable(loop, now::get, MAX, 60_000);
    patient.use(line());
    var waiting = patient.find(address(1), loop);
    onLoop(() -> patient.apply(1, part(update(true, "10.1.0.1"), true)));
    assertThat(patient.known(address(1))).as("nobody goes on with half of it").isNull();
    onLoop(() -> patient.apply(1, part(update(false, "10.1.0.2"), false)));
    Destination known = waiting.get(20, TimeUnit.SECONDS);
    assertThat(known.state().details()).hasSize(2);

    var sizes = new ArrayList<Integer>();
    known.listen(state -> sizes.add(state.details().size()));
    onLoop(() -> {
      patient.onDisconnected();
      patient.onConnected();
      patient.apply(1, part(update(true, "10.1.0.1"), true));
      patient.apply(1, part(update(false, "10.1.0.2"), true));
      patient.apply(1, part(update(false, "10.1.0.3"), false));
    });
    assertThat(sizes).containsExactly(3);
  }

  /** The stream broke in the middle: what came of it is nothing, whoever says what. */
  @Test
  void halfAResyncLeavesWhatWasKnown() throws Exception {
    connected = true;
    Destination known = find(1, update(true, "10.1.0.1", "10.1.0.2"));
    onLoop(() -> {
      table.apply(1, part(update(true, "10.1.0.3"), true));
      table.onDisconnected();
    });
    assertThat(known.state().details()).hasSize(2);
    onLoop(() -> {
      table.onConnected();
      table.apply(1, update(true, "10.1.0.4"));
    });
    assertThat(known.state().details()).hasSize(1);
  }

  private static DestinationUpdate part(DestinationUpdate of, boolean more) {
    return new DestinationUpdate(
        of.reset(), of.kind(), of.service(), of.hint(), of.upserts(), of.removed(), more);
  }

  @Test
  void leavesOutAnEndpointWhoseAddressIsNone() throws Exception {
    connected = true;
    var waiting = table.find(address(1), loop);
    onLoop(() -> table.apply(1, update(true, "not.an.address", "10.1.0.1")));
    assertThat(waiting.get(20, TimeUnit.SECONDS).state().details()).hasSize(1);
  }

  @Test
  void keepsAtMostSoManyAndForgetsTheOneOutOfUseLongest() throws Exception {
    for (int i = 1; i <= MAX; i++) {
      now.incrementAndGet();
      find(i);
    }
    assertThat(table.size()).isEqualTo(MAX);
    now.incrementAndGet();
    find(1);
    now.incrementAndGet();
    find(4);
    assertThat(table.size()).isEqualTo(MAX);
    assertThat(table.known(address(2))).isNull();
    assertThat(table.known(address(1))).isNotNull();
  }

  /** All there may be, answered and in use. */
  private List<Destination> fill() throws Exception {
    connected = true;
    var all = new ArrayList<Destination>();
    for (int i = 1; i <= MAX; i++) {
      var waiting = table.find(address(i), loop);
      int id = i;
      onLoop(() -> table.apply(id, update(true, "10.1.0.1")));
      Destination one = waiting.get(20, TimeUnit.SECONDS);
      one.retain();
      all.add(one);
      assertThat(one.state().answered()).isTrue();
    }
    return all;
  }

  @Test
  void whenAllAreInUseANewOneIsRefusedAndNotSentInPlaintext() throws Exception {
    fill();
    Destination extra = find(4);
    assertThat(extra.state().answer()).isEqualTo(Destination.Answer.NO_ROOM);
    assertThat(extra.state().refused()).isTrue();
    assertThat(extra.state().kind()).isNotEqualTo(DestinationUpdate.Kind.FORWARD);
    assertThat(table.size()).isEqualTo(MAX);
    assertThat(table.known(address(4))).isNull();
  }

  @Test
  void whoeverKeepsDestinationsForLaterMakesRoom() throws Exception {
    List<Destination> all = fill();
    table.onFull(all.get(1)::release);
    var waiting = table.find(address(4), loop);
    onLoop(() -> table.apply(4, update(true, "10.1.0.4")));
    assertThat(waiting.get(20, TimeUnit.SECONDS).state().answered()).isTrue();
    assertThat(table.known(address(2))).isNull();
    assertThat(table.size()).isEqualTo(MAX);
  }

  @Test
  void whatIsKnownMakesNoRoomWhileTheControlPlaneIsAway() throws Exception {
    fill().forEach(Destination::release);
    connected = false;
    onLoop(table::onDisconnected);
    Destination extra = find(4);
    assertThat(extra.state().answer()).isEqualTo(Destination.Answer.AWAY);
    for (int i = 1; i <= MAX; i++) {
      assertThat(find(i).state().answered()).isTrue();
    }
  }

  @Test
  void anAnswerThatTakesTooLongIsNoLeaveToSendPlaintext() throws Exception {
    connected = true;
    Destination late = find(1);
    assertThat(late.state().answer()).isEqualTo(Destination.Answer.LATE);
    assertThat(late.state().refused()).isTrue();
    assertThat(late.state().endpoints().endpoints()).isEmpty();
    assertThat(find(1)).isSameAs(late);

    onLoop(() -> table.apply(1, update(true, "10.1.0.1")));
    assertThat(find(1).state().refused()).isFalse();
  }

  @Test
  void whatWasRefusedPassesWhenTheControlPlaneIsGoneAndWaitsWhenItIsBack() throws Exception {
    connected = true;
    assertThat(find(1).state().refused()).isTrue();
    connected = false;
    onLoop(table::onDisconnected);
    Destination away = find(1);
    assertThat(away.state().answer()).isEqualTo(Destination.Answer.AWAY);
    assertThat(away.state().kind()).isEqualTo(DestinationUpdate.Kind.FORWARD);

    connected = true;
    onLoop(table::onConnected);
    assertThat(table.known(address(1))).isNull();
    var waiting = table.find(address(1), loop);
    onLoop(() -> table.apply(1, update(true, "10.1.0.1")));
    assertThat(waiting.get(20, TimeUnit.SECONDS).state().answered()).isTrue();
  }

  @Test
  void whatIsOutsideTheMeshIsForgottenWhenIdleOnlyWhileItCouldBeAskedForAgain() throws Exception {
    connected = true;
    find(1, DestinationUpdate.forward());
    Destination used = find(2, DestinationUpdate.forward());
    used.retain();
    connected = false;
    onLoop(table::onDisconnected);
    now.addAndGet(DestinationTable.IDLE_NANOS);
    onLoop(table::restIdle);
    assertThat(table.size()).isEqualTo(2);

    connected = true;
    now.addAndGet(-1);
    onLoop(table::restIdle);
    assertThat(table.size()).isEqualTo(2);
    now.incrementAndGet();
    onLoop(table::restIdle);
    assertThat(table.size()).isEqualTo(1);
    assertThat(sent).contains(new ProxyMessage.Unsubscribe(1));
    assertThat(table.known(address(2))).isSameAs(used);
  }

  /** Found, and answered with this. */
  private Destination find(int last, DestinationUpdate answer) throws Exception {
    var waiting = table.find(address(last), loop);
    onLoop(() -> answerLast(answer));
    return waiting.get(20, TimeUnit.SECONDS);
  }

  /** Answers the subscription that was asked for last; on the loop, where it was sent. */
  private void answerLast(DestinationUpdate answer) {
    if (!(sent.getLast() instanceof ProxyMessage.Subscribe(long id, _, _))) {
      throw new AssertionError("sent last: " + sent.getLast());
    }
    table.apply(id, answer);
  }

  private static DestinationUpdate meshed(String endpoint) {
    return new DestinationUpdate(
        true,
        DestinationUpdate.Kind.SERVICE,
        DestinationUpdate.ServiceRef.NONE,
        ProtocolHint.DETECT,
        List.of(new DestinationUpdate.Endpoint(endpoint, 80, WEB, ProtocolHint.DETECT, false)),
        List.of());
  }

  private static void assertMeshed(Destination known, String endpoint) {
    assertThat(known.state().answered()).isTrue();
    assertThat(known.state().endpoints().endpoints())
        .extracting(EndpointSet.Endpoint::address, EndpointSet.Endpoint::identity)
        .containsExactly(tuple(endpoint, WEB));
  }

  /** Asked for once in the morning: what went to rest at once still needs no plaintext at night. */
  @Test
  void whatWasKnownIsKeptThroughHoursOfIdlenessAndReconnects() throws Exception {
    connected = true;
    find(1, meshed("10.1.0.1"));
    for (int minute = 0; minute < 11 * 60; minute++) {
      now.addAndGet(TimeUnit.MINUTES.toNanos(1));
      onLoop(table::restIdle);
      if (minute % 60 == 59) {
        connected = false;
        onLoop(table::onDisconnected);
        onLoop(table::restIdle);
        connected = true;
        onLoop(table::onConnected);
      }
    }
    assertThat(sent)
        .as("nobody keeps the control plane busy with it")
        .containsExactly(
            new ProxyMessage.Subscribe(1, "10.0.0.1", 80), new ProxyMessage.Unsubscribe(1));

    connected = false;
    onLoop(table::onDisconnected);
    assertMeshed(find(1), "10.1.0.1");
    assertThat(table.known(address(1))).as("nobody waits a second time").isNotNull();

    connected = true;
    onLoop(table::onConnected);
    assertThat(sent.getLast()).isInstanceOf(ProxyMessage.Subscribe.class);
    onLoop(() -> answerLast(meshed("10.1.0.2")));
    assertMeshed(find(1), "10.1.0.2");
  }

  @Test
  void whatRestedIsAskedForAgainBeforeItIsUsed() throws Exception {
    connected = true;
    Destination known = find(1, meshed("10.1.0.1"));
    now.addAndGet(DestinationTable.IDLE_NANOS);
    onLoop(table::restIdle);
    assertThat(table.known(address(1))).isNull();
    assertThat(find(1, meshed("10.1.0.2"))).isSameAs(known);
    assertMeshed(known, "10.1.0.2");
    assertThat(sent).hasSize(3);
  }

  @Test
  void whatRestedServesAsItWasIfNoAnswerComes() throws Exception {
    connected = true;
    Destination known = find(1, meshed("10.1.0.1"));
    now.addAndGet(DestinationTable.IDLE_NANOS);
    onLoop(table::restIdle);
    assertThat(find(1)).isSameAs(known);
    assertMeshed(known, "10.1.0.1");
  }

  /** An address that had no sidecar may be a meshed pod's by now, and somebody is there to say. */
  @Test
  void plainEndpointsThatRestedAreUsedAgainOnlyIfNobodyCanSay() throws Exception {
    connected = true;
    Destination known = find(1, update(true, "10.1.0.1"));
    now.addAndGet(DestinationTable.IDLE_NANOS);
    onLoop(table::restIdle);
    assertThat(find(1).state().answer()).isEqualTo(Destination.Answer.LATE);
    assertThat(known.state().refused()).isTrue();
    assertThat(known.state().endpoints().endpoints()).isEmpty();

    connected = false;
    onLoop(table::onDisconnected);
    assertThat(find(1)).isSameAs(known);
    assertThat(known.state().answered()).isTrue();
    assertThat(known.state().endpoints().endpoints()).hasSize(1);
  }

  @Test
  void whatIsTakenIntoUseAsItGoesToRestIsAskedForAgain() throws Exception {
    connected = true;
    Destination known = find(1, meshed("10.1.0.1"));
    now.addAndGet(DestinationTable.IDLE_NANOS);
    onLoop(table::restIdle);
    known.retain();
    onLoop(table::restIdle);
    onLoop(() -> answerLast(meshed("10.1.0.2")));
    assertMeshed(known, "10.1.0.2");
  }

  @Test
  void whatIsOutsideTheMeshMakesRoomFirst() throws Exception {
    connected = true;
    find(1, meshed("10.1.0.1"));
    for (int i = 2; i <= MAX; i++) {
      now.incrementAndGet();
      find(i, DestinationUpdate.forward());
    }
    now.incrementAndGet();
    find(MAX + 1, DestinationUpdate.forward());
    assertThat(table.size()).isEqualTo(MAX);
    assertThat(table.known(address(1))).isNotNull();
    assertThat(table.known(address(2))).isNull();
  }

  /** Ten minutes, and then hours: the one nobody asked for all the while is there as well. */
  @Test
  void nothingKnownIsForgottenHoweverLongTheControlPlaneIsAway() throws Exception {
    fill().forEach(Destination::release);
    connected = false;
    onLoop(table::onDisconnected);
    for (int minute = 0; minute < 12 * 60; minute++) {
      now.addAndGet(TimeUnit.MINUTES.toNanos(1));
      onLoop(table::restIdle);
      if (minute == 9) {
        assertThat(find(1).state().answered()).isTrue();
      }
    }
    for (int i = 1; i <= MAX; i++) {
      Destination known = find(i);
      assertThat(known.state().answered()).isTrue();
      assertThat(known.state().endpoints().endpoints()).hasSize(1);
    }
    connected = true;
    onLoop(table::onConnected);
    onLoop(table::restIdle);
    assertThat(table.size()).as("all were asked for just now").isEqualTo(MAX);
  }

  @Test
  void whoeverWaitsIsLetGoWhenTheStreamEndsForLong() throws Exception {
    connected = true;
    var waiting = table.find(address(1), loop);
    onLoop(() -> {
      connected = false;
      table.onDisconnected();
    });
    assertThat(waiting.get(20, TimeUnit.SECONDS).state().answered()).isFalse();
  }
}
