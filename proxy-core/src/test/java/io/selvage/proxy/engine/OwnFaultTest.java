// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import org.junit.jupiter.api.Test;

/** A bug of ours costs the exchange it is met in, and is told. */
final class OwnFaultTest {
  @Test
  void answers500AndForgetsTheExchange() throws Exception {
    try (var origin = ScriptedOrigin.answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        var gateway = TestGateway.start().cluster("c", origin.port()).route("/", "c").apply()) {
      gateway.faulty(true);
      try (var client = RawClient.connect(gateway.port())) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
        assertThat(client.readToEnd()).startsWith("HTTP/1.1 500");
      }
      assertThat(gateway.only().outcome()).isEqualTo(Outcome.INTERNAL);
      assertThat(gateway.dataPlane().inFlight()).isZero();

      gateway.faulty(false);
      try (var client = RawClient.connect(gateway.port())) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200");
      }
    }
  }
}
