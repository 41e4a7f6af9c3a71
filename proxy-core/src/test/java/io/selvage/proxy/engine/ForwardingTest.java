// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import org.junit.jupiter.api.Test;

/** Plain requests through real sockets to a scripted origin. */
class ForwardingTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

  @Test
  void forwardsAGetAndItsResponse() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      client.send("GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-Own: 1\r\n\r\n");
      String response = client.readResponse();
      assertThat(response)
          .startsWith("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n")
          .endsWith("\r\n\r\nhi");
      assertThat(RawClient.header(response, "server")).isEqualTo("selvage");
      assertThat(RawClient.header(response, "date")).endsWith("GMT");
      assertThat(RawClient.header(response, "x-envoy-upstream-service-time")).matches("\\d+");
      String request = origin.requests().getFirst();
      assertThat(request)
          .startsWith("GET /a?b=c HTTP/1.1\r\nhost: example.com\r\nX-Own: 1\r\n")
          .endsWith("\r\n\r\n");
      assertThat(RawClient.header(request, "x-forwarded-for")).isEqualTo("127.0.0.1");
      assertThat(RawClient.header(request, "x-forwarded-proto")).isEqualTo("http");
      assertThat(RawClient.header(request, "x-request-id")).hasSize(36);
      assertThat(RawClient.header(request, "x-envoy-expected-rq-timeout-ms")).isEqualTo("15000");
      TestGateway.Ended ended = gateway.only();
      assertThat(ended.outcome()).isEqualTo(Outcome.OK);
      assertThat(ended.status()).isEqualTo(200);
      assertThat(ended.responseBytes()).isEqualTo(2);
    }
  }

  @Test
  void keepsBothConnectionsForTheNextRequest() throws Exception {
    try (var origin = ScriptedOrigin.answering(OK);
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply();
        var client = RawClient.connect(gateway.port())) {
      for (int i = 0; i < 5; i++) {
        client.send("GET /" + i + " HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(client.readResponse()).endsWith("hi");
      }
      assertThat(origin.connections()).hasSize(1);
      assertThat(origin.requests()).hasSize(5);
    }
  }

  @Test
  void answers404WithAnEmptyBodyWithoutARoute() throws Exception {
    try (var gateway = TestGateway.start().apply();
        var client = RawClient.connect(gateway.port())) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      String response = client.readResponse();
      assertThat(response).startsWith("HTTP/1.1 404 Not Found\r\n").endsWith("\r\n\r\n");
      assertThat(RawClient.header(response, "content-length")).isEqualTo("0");
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.NO_ROUTE);
    }
  }
}
