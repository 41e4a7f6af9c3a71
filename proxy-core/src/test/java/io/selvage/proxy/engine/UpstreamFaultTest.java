// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.RetrySpec.On;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.net.SocketException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Endpoints that lie, die, stay silent or do not exist: what the client gets, and who is tried
 * again.
 */
class UpstreamFaultTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  private static String post(String body) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  private static TestGateway gateway(int... ports) {
    return TestGateway.start().cluster("c", ports).route("/", "c").apply();
  }

  @Test
  void anAnswerBeforeTheRequestIsReadSaysThatNothingCanFollow() throws Exception {
    try (var gateway = gateway();
        var client = RawClient.connect(gateway.port())) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
      assertThat(client.readResponse())
          .startsWith("HTTP/1.1 503 ")
          .containsIgnoringCase("connection: close");
    }
    try (var gateway = gateway();
        var client = RawClient.connect(gateway.port())) {
      for (int i = 0; i < 2; i++) {
        client.send(get("/"));
        assertThat(client.readResponse())
            .startsWith("HTTP/1.1 503 ")
            .doesNotContainIgnoringCase("connection: close");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\n"
            + "content-length: 2\r\n"
            + "transfer-encoding: chunked\r\n\r\n"
            + "2\r\n"
            + "hi\r\n"
            + "0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n",
        "HTTP/1.1 200 OK\nx: a\n\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "garbage\r\n\r\n"
      })
  void answers502ToAResponseThatBreaksTheRules(String response) throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send(response);
              c.readToEnd();
            });
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 502 Bad Gateway");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.UPSTREAM_PROTOCOL);
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 200", "1, 502"})
  void takesAResponseHeadUpToItsLimit(int beyond, int status) throws Exception {
    var limits = Limits.DEFAULT.withUpstream(new Limits.Upstream(1_000, 64 * 1024, 2_000, 200));
    // "content-length: 2\r\n" is 19 bytes, "x: \r\n" is 5.
    String field = "x: " + "v".repeat(2_000 - 19 - 5 + beyond) + "\r\n";
    try (var origin =
            ScriptedOrigin.answering(
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" + field + "\r\nhi");
        var gateway =
            TestGateway.start(limits).cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 " + status);
    }
  }

  /** An answer that is there when the rest of the request cannot be sent is the answer. */
  @Test
  void passesOnWhatAnEndpointSaidBeforeItReset() throws Exception {
    byte[] piece = new byte[256 * 1024];
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readHead();
              // Closing with the upload unread resets the connection behind the answer.
              c.send("HTTP/1.1 413 Too Much\r\ncontent-length: 3\r\n\r\nbig");
            });
        var gateway = gateway(origin.port())) {
      for (int i = 0; i < 20; i++) {
        try (var client = RawClient.connect(gateway.port())) {
          client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4194304\r\n\r\n");
          try {
            for (int sent = 0; sent < 16; sent++) {
              client.send(piece);
            }
          } catch (SocketException e) {
            // We were answered, and not listened to any more.
          }
          assertThat(client.readResponse()).startsWith("HTTP/1.1 413 ").endsWith("big");
        }
      }
    }
  }

  @Test
  void neverReusesAConnectionWithBytesBehindTheResponse() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send(OK + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
              c.readToEnd();
            });
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      for (int i = 0; i < 3; i++) {
        client.send(get("/"));
        assertThat(client.readResponse()).endsWith("\r\n\r\nhi");
      }
      assertThat(origin.connections()).hasSize(3);
    }
  }

  @Test
  void resetsTheClientWhenTheUpstreamDiesInMidResponse() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
            });
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readToEnd()).endsWith("\r\n\r\nhalf");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.UPSTREAM_RESET_MID_RESPONSE);
    }
  }

  @Test
  void neverEndsABrokenChunkedResponseAsIfItWereWhole() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nZZ");
              c.readToEnd();
            });
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readToEnd()).contains("3\r\nabc").doesNotContain("0\r\n\r\n");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.UPSTREAM_PROTOCOL);
    }
  }

  @Test
  void answers503WithoutEndpoints() throws Exception {
    try (var gateway = gateway();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 503");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.NO_ENDPOINTS);
    }
  }

  @Test
  void triesAnotherEndpointWhenOneRefusesWhateverTheMethod() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(ClosedPort.take(), origin.port());
        var client = RawClient.connect(gateway.port())) {
      for (int i = 0; i < 4; i++) {
        client.send(post("abc"));
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      }
      assertThat(origin.requests()).hasSize(4).allMatch(r -> r.endsWith("\r\n\r\nabc"));
      assertThat(gateway.nth(4).attempts()).isLessThanOrEqualTo(2);
      assertThat(gateway.ended()).anyMatch(e -> e.attempts() == 2);
    }
  }

  @Test
  void answers503WhenEveryEndpointRefuses() throws Exception {
    try (var gateway = gateway(ClosedPort.take());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 503");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.CONNECT_FAILED);
      assertThat(gateway.only().attempts()).isEqualTo(3);
    }
  }

  /** Serves one request, then resets the connection as the second one arrives. */
  private static ScriptedOrigin closingOnReuse() throws Exception {
    return ScriptedOrigin.start(c -> {
      c.readRequest();
      c.send(OK);
      if (c.number() == 0) {
        c.readHead();
        c.reset();
      } else {
        c.readToEnd();
      }
    });
  }

  @Test
  void repeatsAnIdempotentRequestOnceWhenAPooledConnectionCloses() throws Exception {
    try (var origin = closingOnReuse();
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(gateway.nth(2).attempts()).isEqualTo(2);
    }
  }

  @Test
  void neverRepeatsAPostThatMayHaveArrived() throws Exception {
    try (var origin = closingOnReuse();
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      client.send(post("abc"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 503");
      assertThat(gateway.nth(2).attempts()).isEqualTo(1);
      assertThat(gateway.nth(2).outcome()).isEqualTo(Outcome.UPSTREAM_RESET);
    }
  }

  private static ScriptedOrigin failingTimes(int failures) throws Exception {
    var left = new AtomicInteger(failures);
    return ScriptedOrigin.start(c -> {
      while (c.readRequest() != null) {
        c.send(
            left.getAndDecrement() > 0
                ? "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 3\r\n\r\nbad"
                : OK);
      }
    });
  }

  @ParameterizedTest
  @CsvSource({"2, 200, 3", "3, 503, 3"})
  void retriesAsOftenAsThePolicySays(int failures, int status, int attempts) throws Exception {
    try (var origin = failingTimes(failures);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").retry(2, 0, true, On.GATEWAY_ERROR).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(post("abc"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 " + status);
      assertThat(gateway.only().attempts()).isEqualTo(attempts);
      assertThat(origin.requests()).hasSize(attempts).allMatch(r -> r.endsWith("abc"));
    }
  }

  @ParameterizedTest
  @CsvSource({"65536, 200, 2", "65537, 503, 1"})
  void repeatsABodyOnlyUpToTheReplayLimit(int size, int status, int attempts) throws Exception {
    try (var origin = failingTimes(1);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").retry(2, 0, true, On.GATEWAY_ERROR).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(post("x".repeat(size)));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 " + status);
      assertThat(gateway.only().attempts()).isEqualTo(attempts);
    }
  }

  @Test
  void retriesAfterATryTimeout() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              if (c.number() > 0) {
                c.send(OK);
              }
              c.readToEnd();
            });
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").retry(1, 2_000, false, On.GATEWAY_ERROR).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(gateway.only().attempts()).isEqualTo(2);
    }
  }

  @Test
  void answers504WhenTheUpstreamStaysSilent() throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.Connection::readToEnd);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").timeouts(150, 300_000).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      long start = System.nanoTime();
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 504");
      long millis = (System.nanoTime() - start) / 1_000_000;
      assertThat(millis).isBetween(150L, 10_000L);
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.REQUEST_TIMEOUT);
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
    }
  }

  @Test
  void startsTheRequestTimerWhenTheRequestIsWhole() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").timeouts(1_500, 300_000).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
      Thread.sleep(2_500);
      client.send("bc");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void endsAnExchangeThatStandsStill() throws Exception {
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
              c.readToEnd();
            });
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").timeouts(0, 2_000).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readToEnd()).endsWith("half");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.IDLE_TIMEOUT);
    }
  }

  private static ClusterSpec limited(ClusterSpec.Breakers breakers) {
    ClusterSpec c = ClusterSpec.http("c");
    return new ClusterSpec(
        c.name(),
        c.statsName(),
        c.endpoints(),
        c.protocol(),
        c.tls(),
        c.loadBalancer(),
        c.connectTimeoutMillis(),
        c.idleTimeoutMillis(),
        c.maxConnectionLifetimeMillis(),
        breakers,
        breakers,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  @Test
  void refusesRequestsBeyondTheBreakerAndServesThoseAtIt() throws Exception {
    var release = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              while (c.readRequest() != null) {
                release.await();
                c.send(OK);
              }
            });
        var gateway =
            TestGateway.start()
                .cluster(limited(new ClusterSpec.Breakers(10, 10, 1, 3)), origin.port())
                .route("/", "c")
                .apply();
        var first = RawClient.connect(gateway.port());
        var second = RawClient.connect(gateway.port())) {
      first.send(get("/"));
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 1);
      second.send(get("/"));
      String answer = second.readResponse();
      assertThat(answer).startsWith("HTTP/1.1 503");
      assertThat(RawClient.header(answer, "x-envoy-overloaded")).isEqualTo("true");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.OVERFLOW);
      release.countDown();
      assertThat(first.readResponse()).startsWith("HTTP/1.1 200");
      second.send(get("/"));
      assertThat(second.readResponse()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void waitsForAConnectionAtTheLimitAndGivesUpInTime() throws Exception {
    var limits = Limits.DEFAULT.withUpstream(new Limits.Upstream(3_000, 64 * 1024, 64 * 1024, 200));
    var release = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              release.await();
              do {
                c.send(OK);
              } while (c.readRequest() != null);
            });
        var gateway =
            TestGateway.start(limits)
                .cluster(limited(new ClusterSpec.Breakers(1, 1, 10, 3)), origin.port())
                .route("/", "c")
                .apply();
        var first = RawClient.connect(gateway.port());
        var second = RawClient.connect(gateway.port());
        var third = RawClient.connect(gateway.port())) {
      first.send(get("/1"));
      Awaitility.await().until(() -> !origin.requests().isEmpty());
      second.send(get("/2"));
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 2);
      third.send(get("/3")); // one waits already: no place in the queue
      assertThat(third.readResponse()).startsWith("HTTP/1.1 503");
      assertThat(second.readResponse()).startsWith("HTTP/1.1 503");
      second.send(get("/4"));
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 2);
      release.countDown();
      assertThat(first.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(second.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(origin.connections()).hasSize(1);
    }
  }

  @Test
  void closesPooledConnectionsOfEndpointsThatLeave() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var other = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin.port());
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      client.readResponse();
      gateway.endpoints("c", other.port());
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(other.requests()).hasSize(1);
    }
  }

  @Test
  void closesPooledConnectionsAfterTheirIdleTime() throws Exception {
    ClusterSpec c = ClusterSpec.http("c");
    var spec =
        new ClusterSpec(
            c.name(),
            c.statsName(),
            c.endpoints(),
            c.protocol(),
            c.tls(),
            c.loadBalancer(),
            2_000,
            100,
            0,
            c.defaultBreakers(),
            c.highBreakers(),
            c.accrual(),
            c.healthCheck(),
            c.tcpKeepalive());
    var closed = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(s -> {
              s.readRequest();
              s.send(OK);
              s.readToEnd();
              closed.countDown();
            });
        var gateway = TestGateway.start().cluster(spec, origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send(get("/"));
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }
}
