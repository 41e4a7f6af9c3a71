// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.Tap;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WaitingTapsTest {
  private static final int MOST = 256;

  private final DiscoveryService discovery =
      new DiscoveryService(
          "cluster.local",
          "selvage",
          new InboundPolicies(
              InboundPolicy.ALL_UNAUTHENTICATED, InboundSettings.DEFAULT_CLUSTER_NETWORKS),
          problems -> {});
  private final Channel channel = new Channel();

  /** A connection that takes nothing until it is told to. */
  private static final class Channel implements SessionChannel {
    final List<ControlMessage> sent = new ArrayList<>();
    boolean writable;

    @Override
    public boolean isWritable() {
      return writable;
    }

    @Override
    public void send(ControlMessage message) {
      sent.add(message);
    }

    @Override
    public void end(Status status, String message) {
      throw new AssertionError(status + " " + message);
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public Cancellable after(Duration delay, Runnable task) {
      return () -> {};
    }
  }

  @AfterEach
  void close() {
    discovery.close();
  }

  /** A proxy whose Tap was not ended would go on telling, to nobody. */
  @Test
  void anEndIsNeverLetFall() {
    var sessions =
        new Sessions(
            new Sessions.Parts(
                discovery,
                () -> new ControlMessage.Bundle("pem", "fp", false, 1),
                TrafficSink.none(),
                new SessionCounters(new SimpleMeterRegistry()),
                InstantSource.system(),
                "r",
                Duration.ofSeconds(5),
                true,
                identity -> false),
            SessionLimits.DEFAULT);
    sessions.admit();
    ProxySession session =
        sessions.open(
            new WorkloadIdentity("cluster.local", "shop", "web"),
            Instant.now().plusSeconds(3_600),
            "127.0.0.1",
            channel);
    session.onMessage(new ProxyMessage.Hello(1, PodRef.NONE, ProxyKind.SIDECAR, "test", "fp"));
    for (long id = 1; id <= MOST; id++) {
      session.tap(new Tap(id, 10, "", "", "", "", false));
    }
    session.tap(new Tap(MOST + 1, 10, "", "", "", "", false)); // one too many
    session.tap(Tap.end(1_000)); // of one that was told before
    session.tap(Tap.end(7));
    session.tap(Tap.end(7));
    channel.writable = true;
    session.onWritable();

    List<Tap> taps =
        channel.sent.stream().filter(Tap.class::isInstance).map(Tap.class::cast).toList();
    assertThat(taps.stream().filter(tap -> tap.maxPerSecond() > 0).map(Tap::id))
        .hasSize(MOST - 1)
        .doesNotContain(7L, MOST + 1L);
    assertThat(taps.stream().filter(tap -> tap.maxPerSecond() == 0).map(Tap::id))
        .containsExactly(1_000L, 7L);
  }
}
