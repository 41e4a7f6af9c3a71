// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.Rejection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class AccessLogTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private String logged(ExchangeReport report) {
    LineSink sink = new LineSink(out);
    try (AccessLog log = new AccessLog(sink)) {
      log.onEnd(report);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void writesOneJsonLineForAnExchange() {
    ExchangeReport report = Reports.answered("default/http", "web", "/page", 200);
    report.upstreamPath = "/";
    report.requestId = "abc";

    assertThat(logged(report))
        .isEqualTo(
            """
            {"time":"2023-11-14T22:13:20Z","listener":"default/http","peer":"localhost:40000",\
            "client":"localhost","protocol":"HTTP/1.1","method":"GET","authority":"example.com",\
            "path":"/page","requestId":"abc","status":200,"outcome":"ok","route":"default/web",\
            "cluster":"web","endpoint":"127.0.0.1:9000","upstreamPath":"/","attempts":1,\
            "upstreamStatus":200,"upstreamMillis":9.000,"requestBytes":3,"responseBytes":1024,\
            "durationMillis":12.000}
            """);
  }

  @Test
  void tellsTheAddressOfAPeerOfIpv6FromItsPort() {
    ExchangeReport report = Reports.answered("default/http", "web", "/page", 200);
    InetAddress address = InetAddress.ofLiteral("2001:db8::1");
    InetSocketAddress local = new InetSocketAddress(address, 8080);
    report.connection =
        new ConnectionInfo(
            "l",
            "l",
            new InetSocketAddress(address, 40000),
            local,
            HttpVersion.HTTP_1_1,
            false,
            null,
            null,
            null,
            null);

    assertThat(logged(report))
        .contains("\"peer\":\"[2001:db8:0:0:0:0:0:1]:40000\",\"client\":\"2001:db8:0:0:0:0:0:1\"");
  }

  @Test
  void writesTheMomentAsInstantsAreWritten() {
    var line = new JsonLine();
    long second = 1_700_000_000_000L;

    for (long millis :
        new long[] {second, second + 7, second + 999, second + 1000, second + 60, -1, 0, 1}) {
      assertThat(new String(line.begin().time("t", millis).end(), StandardCharsets.UTF_8))
          .isEqualTo("{\"t\":\"" + Instant.ofEpochMilli(millis) + "\"}\n");
    }
  }

  @Test
  void escapesWhatAClientMightUseToForgeLinesOrTalkToATerminal() {
    ExchangeReport report = new ExchangeReport();
    report.connection = Reports.connection("l");
    report.rawRequestLine = "GET /\r\n{\"forged\":1} \u001b[2J \u007f \u00e9 \"\\";
    report.rejection = Rejection.bad("bad_line");
    report.outcome = Outcome.REJECTED;

    assertThat(logged(report))
        .contains(
            "\"requestLine\":\"GET /\\u000d\\u000a{\\\"forged\\\":1} \\u001b[2J \\u007f \\u00e9"
                + " \\\"\\\\\"")
        .contains("\"reason\":\"bad_line\"")
        .matches(s -> s.chars().filter(c -> c == '\n').count() == 1, "is one line");
  }

  @Test
  void keepsATextOfTheLongestLengthAndCutsOneMore() {
    ExchangeReport report = new ExchangeReport();
    report.rawRequestLine = "x".repeat(JsonLine.MAX_TEXT);
    assertThat(logged(report)).contains('"' + "x".repeat(JsonLine.MAX_TEXT) + '"');

    out.reset();
    report.rawRequestLine = "x".repeat(JsonLine.MAX_TEXT + 1);
    assertThat(logged(report)).contains('"' + "x".repeat(JsonLine.MAX_TEXT) + "...\"");
  }

  @Test
  void dropsAndCountsLinesInsteadOfWaitingForASlowWriter() throws Exception {
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    OutputStream stuck =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            writing.countDown();
            try {
              if (!release.await(10, TimeUnit.SECONDS)) {
                throw new IOException("never released");
              }
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          }
        };
    try (LineSink sink = new LineSink(stuck, 2)) {
      sink.write(new byte[] {1});
      assertThat(writing.await(10, TimeUnit.SECONDS)).isTrue();

      // One is being written; two fit the queue, the third does not.
      sink.write(new byte[] {2});
      sink.write(new byte[] {3});
      assertThat(sink.dropped()).isZero();
      sink.write(new byte[] {4});

      assertThat(sink.dropped()).isEqualTo(1);
      release.countDown();
    }
  }

  @Test
  void countsLinesThatCouldNotBeWrittenAndGoesOn() {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("disk full");
          }
        };
    LineSink sink = new LineSink(broken);
    sink.write(new byte[] {1});
    sink.close();

    assertThat(sink.dropped()).isEqualTo(1);
  }
}
