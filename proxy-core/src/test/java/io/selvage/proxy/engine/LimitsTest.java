// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.Settings;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every bound of an HTTP/1.1 client, at its limit and just beyond. */
class LimitsTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  private static Limits.Request request(long headerMillis, long bodyMillis, int rate) {
    return new Limits.Request(
        8 * 1024, 96 * 1024, 100, 256, 8 * 1024, headerMillis, bodyMillis, rate);
  }

  private static TestGateway gateway(ScriptedOrigin origin, Limits limits) {
    return TestGateway.start(limits).cluster("c", origin.port()).route("/", "c").apply();
  }

  private static String exchange(String request) throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin, Limits.DEFAULT);
        var client = RawClient.connect(gateway.port())) {
      client.send(request);
      return client.readHead();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 200", "1, 414"})
  void boundsTheRequestLine(int beyond, int status) throws Exception {
    String path = "/" + "x".repeat(8 * 1024 - "GET / HTTP/1.1".length() + beyond);
    assertThat(exchange("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @Test
  void refusesARequestLineWithoutEndBeforeItEnds() throws Exception {
    assertThat(exchange("GET /" + "x".repeat(8 * 1024))).startsWith("HTTP/1.1 414");
  }

  @ParameterizedTest
  @CsvSource({"0, 200", "1, 431"})
  void boundsAllFieldsTogether(int beyond, int status) throws Exception {
    String fixed = "Host: a\r\nX: \r\n";
    String fields = "Host: a\r\nX: " + "x".repeat(16 * 1024 - fixed.length() + beyond) + "\r\n";
    assertThat(exchange("GET / HTTP/1.1\r\n" + fields + "\r\n")).startsWith("HTTP/1.1 " + status);
  }

  @Test
  void refusesAFieldWithoutEndBeforeItEnds() throws Exception {
    assertThat(exchange("GET / HTTP/1.1\r\nX: " + "x".repeat(17 * 1024)))
        .startsWith("HTTP/1.1 431");
  }

  @ParameterizedTest
  @CsvSource({"100, 200", "101, 431"})
  void boundsTheNumberOfFields(int count, int status) throws Exception {
    assertThat(exchange("GET / HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n".repeat(count - 1) + "\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @ParameterizedTest
  @CsvSource({"256, 200", "257, 400"})
  void boundsAChunkSizeLine(int length, int status) throws Exception {
    String line = "1;" + "x".repeat(length - 3);
    assertThat(
            exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + line
                    + "\r\nx\r\n0\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @ParameterizedTest
  @CsvSource({"0, 200", "1, 431"})
  void boundsTrailers(int beyond, int status) throws Exception {
    String trailer = "X: " + "x".repeat(8 * 1024 - 5 + beyond) + "\r\n";
    assertThat(
            exchange(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
                    + trailer
                    + "\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @ParameterizedTest
  @CsvSource({"5, true, 200", "6, true, 413", "5, false, 200", "6, false, 413"})
  void boundsTheBodyOfARoute(int size, boolean declared, int status) throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", Actions.to("c").maxBody(5).build())
                .apply();
        var client = RawClient.connect(gateway.port())) {
      String body = "x".repeat(size);
      client.send(
          declared
              ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + "\r\n\r\n" + body
              : "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  + size
                  + "\r\n"
                  + body
                  + "\r\n0\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 " + status);
    }
  }

  @Test
  void answers408ToADrippedHead() throws Exception {
    var limits = Limits.DEFAULT.withRequest(request(200, 30_000, 240));
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin, limits);
        var client = RawClient.connect(gateway.port())) {
      assertThat(client.isQuietFor(Duration.ofMillis(400))).isTrue(); // no byte, no head timer
      client.send("GET / HT");
      String answer = client.readToEnd();
      assertThat(answer).startsWith("HTTP/1.1 408");
      assertThat(RawClient.header(answer, "connection")).isEqualTo("close");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.CLIENT_TIMEOUT);
    }
  }

  @Test
  void answers408ToABodyThatStops() throws Exception {
    var limits = Limits.DEFAULT.withRequest(request(10_000, 200, 0));
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.Connection::readToEnd);
        var gateway = gateway(origin, limits);
        var client = RawClient.connect(gateway.port())) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
      assertThat(client.readToEnd()).startsWith("HTTP/1.1 408");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.CLIENT_TIMEOUT);
      Awaitility.await().until(() -> origin.isFirstClosedByPeer());
    }
  }

  @Test
  void answers408ToADrippedBody() throws Exception {
    // The drops come often enough for a machine that now and then stands still.
    var limits = Limits.DEFAULT.withRequest(request(10_000, 1_500, 240));
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.Connection::readToEnd);
        var gateway = gateway(origin, limits);
        var client = RawClient.connect(gateway.port())) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
      Thread drip =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int i = 0; i < 900; i++) {
                    client.send("x");
                    Thread.sleep(50);
                  }
                } catch (IOException | InterruptedException e) {
                  // The end that is waited for.
                }
              });
      assertThat(client.readToEnd()).startsWith("HTTP/1.1 408");
      drip.interrupt();
      drip.join();
      assertThat(gateway.only().rejection()).isEqualTo("body_too_slow");
    }
  }

  @Test
  void closesAnIdleConnectionButNotOneThatWaitsForAnAnswer() throws Exception {
    Settings d = Settings.defaults();
    var settings =
        new Settings(
            d.serverName(),
            d.mergeSlashes(),
            d.rejectEscapedSlashes(),
            d.stripMatchingHostPort(),
            d.http10(),
            d.underscores(),
            d.preserveRequestId(),
            d.maxRequestHeaderBytes(),
            1_500,
            Optional.empty(),
            Optional.empty());
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              Thread.sleep(2_500);
              c.send(OK);
            });
        var gateway =
            TestGateway.start()
                .cluster("c", origin.port())
                .route("/", "c")
                .settings(settings)
                .apply();
        var mute = RawClient.connect(gateway.port());
        var client = RawClient.connect(gateway.port())) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      long start = System.nanoTime();
      assertThat(client.readToEnd()).isEmpty();
      assertThat((System.nanoTime() - start) / 1_000_000).isBetween(150L, 20_000L);
      // One that has never said anything waits for a request as well.
      assertThat(mute.readToEnd()).isEmpty();
    }
  }

  @Test
  void endsAnOldConnectionWithItsNextResponse() throws Exception {
    Limits.Connection d = Limits.DEFAULT.connection();
    var limits =
        Limits.DEFAULT.withConnection(
            new Limits.Connection(
                d.perListener(),
                d.global(),
                2_000,
                d.bufferLowBytes(),
                d.bufferHighBytes(),
                d.lingerMillis()));
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = gateway(origin, limits);
        var client = RawClient.connect(gateway.port())) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(RawClient.header(client.readResponse(), "connection")).isNull();
      Thread.sleep(2_500);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(RawClient.header(client.readToEnd(), "connection")).isEqualTo("close");
    }
  }

  @Test
  void shedsExchangesBeyondTheCapWithRetryAfter() throws Exception {
    var limits = Limits.DEFAULT.withExchange(new Limits.Exchanges(1, 7, 64 * 1024, 16));
    var release = new CountDownLatch(1);
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              release.await();
              c.send(OK);
            });
        var gateway = gateway(origin, limits);
        var first = RawClient.connect(gateway.port());
        var second = RawClient.connect(gateway.port())) {
      first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      Awaitility.await().until(() -> gateway.dataPlane().inFlight() == 1);
      second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      String shed = second.readResponse();
      assertThat(shed).startsWith("HTTP/1.1 503");
      assertThat(RawClient.header(shed, "retry-after")).isEqualTo("7");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.OVERLOADED);
      release.countDown();
      assertThat(first.readResponse()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void buffersLittleForAReaderThatDoesNotRead() throws Exception {
    long total = 64L * 1024 * 1024;
    var sent = new java.util.concurrent.atomic.AtomicLong();
    try (var origin =
            ScriptedOrigin.start(c -> {
              c.readRequest();
              c.send("HTTP/1.1 200 OK\r\ncontent-length: " + total + "\r\n\r\n");
              byte[] block = new byte[64 * 1024];
              while (sent.get() < total) {
                c.send(block);
                sent.addAndGet(block.length);
              }
            });
        var gateway = gateway(origin, Limits.DEFAULT);
        var client = RawClient.connectSlowReader(gateway.port(), 16 * 1024)) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      client.readHead();
      long before;
      do {
        before = sent.get();
        Thread.sleep(300);
      } while (sent.get() != before);
      // What is left in kernel buffers may be megabytes; ours must not follow the body's size.
      assertThat(sent.get()).isLessThan(total / 2);
    }
  }
}
