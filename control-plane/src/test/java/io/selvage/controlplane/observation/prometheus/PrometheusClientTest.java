// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.testkit.ClosedPort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against an imitation that answers what it is told. */
class PrometheusClientTest {
  private HttpServer server;
  private volatile int status = 200;
  private volatile byte[] body = {};
  private volatile String asked = "";

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/base/api/v1/query",
        exchange -> {
          asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          } catch (IOException _) {
            // The client has had enough.
          }
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void aVectorIsRead() throws Exception {
    answer(
        200,
        """
        {"status":"success","data":{"resultType":"vector","result":[
          {"metric":{"pod":"a","le":"+Inf"},"value":[1.5,"2.25"]},
          {"metric":{},"value":[1.5,"NaN"]},
          {"metric":{},"value":[1.5,"-1"]},
          {"metric":{},"value":[1.5,"+Inf"]}]}}
        """);
    List<Sample> samples = query();
    assertThat(samples)
        .singleElement()
        .satisfies(sample -> {
          assertThat(sample.value()).isEqualTo(2.25);
          assertThat(sample.label("pod")).isEqualTo("a");
          assertThat(sample.label("none")).isEmpty();
        });
    assertThat(asked).isEqualTo("query=up%7Ba%3D%22%C3%A9%22%7D&timeout=15s");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | <html>hello</html> | answers 200 without JSON: is it a Prometheus?",
        "404 | '' | answers 404",
        "200 | {} | answers 200, but not as a Prometheus does",
        "200 | [] | answers 200, but not as a Prometheus does",
        "422 | {\"status\":\"error\",\"error\":\"too many samples\"} | refuses the query: too many",
        "200 | {\"status\":\"success\",\"data\":{\"resultType\":\"matrix\"}} | answers with no"
            + " vector",
        "200 |"
            + " {\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"x\"]}]}}"
            + " | answers with a value that is no number",
      })
  void whatIsNoAnswerIsSaidWithTheUrl(int code, String text, String error) {
    answer(code, text == null ? "" : text);
    assertThatThrownBy(this::query)
        .cause()
        .isInstanceOf(QueryException.class)
        .hasMessageStartingWith("Prometheus at http://127.0.0.1:" + server.getAddress().getPort())
        .hasMessageContaining(error);
  }

  @Test
  void deepNestingIsNoAnswer() {
    answer(200, "[".repeat(1_000));
    assertThatThrownBy(this::query).cause().hasMessageContaining("without JSON");
  }

  @Test
  void anAnswerHasASize() {
    status = 200;
    body = new byte[PrometheusClient.MAX_BODY_BYTES + 1];
    assertThatThrownBy(this::query)
        .cause()
        .isInstanceOf(QueryException.class)
        .hasMessageContaining("larger than " + PrometheusClient.MAX_BODY_BYTES);
  }

  @Test
  void nobodyThereIsSaidWithTheUrlAndWithoutThePassword() throws Exception {
    int port = ClosedPort.take();
    assertThatThrownBy(() -> query(URI.create("http://me:secret@127.0.0.1:" + port)))
        .cause()
        .isInstanceOf(QueryException.class)
        .hasMessage(
            "Prometheus at http://127.0.0.1:" + port + " cannot be asked: connection refused");
  }

  private void answer(int code, String text) {
    status = code;
    body = text.getBytes(StandardCharsets.UTF_8);
  }

  private List<Sample> query() throws Exception {
    return query(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/base"));
  }

  private static List<Sample> query(URI url) throws Exception {
    try (var client = new PrometheusClient(url, Runnable::run)) {
      return client.query("up{a=\"é\"}").get(30, TimeUnit.SECONDS);
    }
  }
}
