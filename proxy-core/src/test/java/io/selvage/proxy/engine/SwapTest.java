// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.RoutingModel;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Changes and leaving under traffic: nothing is lost, what is equal is kept. */
class SwapTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

  @Test
  void losesNoRequestOver300Swaps() throws Exception {
    try (var one = ScriptedOrigin.answering(OK);
        var two = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start(io.selvage.proxy.http.Limits.DEFAULT, 2)
                .cluster("c", one.port())
                .route("/", "c")
                .apply()) {
      var stop = new AtomicBoolean();
      var served = new AtomicInteger();
      List<Throwable> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(
            Thread.ofVirtual()
                .start(() -> {
                  try (var client = RawClient.connect(gateway.port())) {
                    while (!stop.get()) {
                      client.send(GET);
                      String answer = client.readResponse();
                      if (!answer.startsWith("HTTP/1.1 200")) {
                        throw new IOException(answer);
                      }
                      served.incrementAndGet();
                    }
                  } catch (IOException e) {
                    failures.add(e);
                  }
                }));
      }
      for (int i = 0; i < 300; i++) {
        int swap = i;
        gateway.clearRoutes().route("/", Actions.to("c").timeouts(10_000 + swap, 0).build());
        gateway.apply();
        gateway.endpoints("c", swap % 2 == 0 ? two.port() : one.port());
      }
      int before = served.get();
      Awaitility.await().until(() -> served.get() > before + 10 || !failures.isEmpty());
      stop.set(true);
      for (Thread client : clients) {
        client.join();
      }
      assertThat(failures).isEmpty();
      assertThat(gateway.ended()).allMatch(e -> e.status() == 200);
    }
  }

  @Test
  void keepsTheClusterAndItsConnectionsWhenOnlyRoutesChange() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(GET);
      client.readResponse();
      var before = gateway.dataPlane().current().clusters().get("c");
      int port = gateway.port();
      gateway.route("/other/", "c").apply();
      client.send(GET);
      client.readResponse();
      assertThat(gateway.dataPlane().current().clusters().get("c")).isSameAs(before);
      assertThat(gateway.port()).isEqualTo(port);
      assertThat(origin.connections()).hasSize(1);
    }
  }

  @Test
  void saysSoWhenAModelIsTheOneAlreadyServed() {
    try (var gateway = TestGateway.start().route("/", "c").cluster("c").apply()) {
      ApplyReport again = gateway.dataPlane().apply(gateway.model());
      assertThat(again.changed()).isFalse();
      assertThat(again.version()).isEqualTo(1);
    }
  }

  @Test
  void closesPooledConnectionsOfAClusterThatIsGone() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(GET);
      client.readResponse();
      gateway.dataPlane().apply(withoutRoutes(gateway.model()));
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
      client.send(GET);
      assertThat(client.readResponse()).startsWith("HTTP/1.1 404");
    }
  }

  private static RoutingModel withoutRoutes(RoutingModel model) {
    return new RoutingModel(
        model.listeners(), new java.util.TreeMap<>(), new java.util.TreeMap<>(), model.settings());
  }

  @Test
  void drainsAfterTheLameDuckTimeAndFinishesWhatRuns() throws Exception {
    var release = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              String request = c.readRequest();
              if (request != null && request.startsWith("GET /slow")) {
                release.await();
              }
              c.send(OK);
              c.readToEnd();
            });
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var slow = RawClient.connect(gateway.port());
        var idle = RawClient.connect(gateway.port())) {
      int port = gateway.port();
      slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 1);
      Future<Boolean> drained =
          gateway.dataPlane().drain(Duration.ofSeconds(3), Duration.ofSeconds(60));
      try (var late = RawClient.connect(port)) {
        late.send(GET); // in the lame-duck time everything is as ever
        assertThat(late.readResponse()).startsWith("HTTP/1.1 200");
      }
      assertThat(idle.readToEnd()).isEmpty();
      assertThatThrownBy(() -> RawClient.connect(port)).isInstanceOf(IOException.class);
      release.countDown();
      String last = slow.readToEnd();
      assertThat(last).startsWith("HTTP/1.1 200").endsWith("hi");
      assertThat(RawClient.header(last, "connection")).isEqualTo("close");
      assertThat(drained.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS))
          .isTrue();
    }
  }

  @Test
  void closesKeptConnectionsWhenItDrains() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var kept = RawClient.connect(gateway.port())) {
      kept.send(GET);
      assertThat(kept.readResponse()).startsWith("HTTP/1.1 200");
      Future<Boolean> drained = gateway.dataPlane().drain(Duration.ZERO, Duration.ofSeconds(30));
      assertThat(kept.readToEnd()).isEmpty();
      assertThat(drained.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS))
          .isTrue();
    }
  }

  @Test
  void cutsWhatStillRunsWhenTheDrainIsOver() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.Connection::readToEnd);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(GET);
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 1);
      Future<Boolean> drained = gateway.dataPlane().drain(Duration.ZERO, Duration.ofMillis(200));
      assertThat(drained.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS))
          .isFalse();
      assertThat(client.readToEnd()).isEmpty();
    }
  }
}
