// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.testkit.DeafPort;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Endpoints that answer no SYN, as pods that are gone do. */
class UnansweredConnectTest {
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  private static final String POST = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";

  private static ClusterSpec cluster(ClusterSpec.Protocol protocol, long connectMillis) {
    ClusterSpec http = ClusterSpec.http("c");
    return new ClusterSpec(
        "c",
        "c",
        http.endpoints(),
        protocol,
        http.tls(),
        ClusterSpec.LoadBalancerPolicy.ROUND_ROBIN,
        connectMillis,
        http.idleTimeoutMillis(),
        0,
        http.defaultBreakers(),
        http.highBreakers(),
        http.accrual(),
        http.healthCheck(),
        http.tcpKeepalive());
  }

  /** As Emissary has it by default: a connect may take as long as the whole request. */
  @Test
  void leavesTimeForAnotherEndpoint() throws Exception {
    try (var deaf = DeafPort.open();
        var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster(cluster(ClusterSpec.Protocol.HTTP1, 6_000), deaf.number(), origin.port())
                .route("/", Actions.to("c").timeouts(6_000, 0).build())
                .apply();
        var client = RawClient.connect(gateway.port()).deadline(Duration.ofSeconds(20))) {
      for (int i = 0; i < 2; i++) {
        client.send(POST);
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
      }
      assertThat(gateway.nth(2).outcome()).isEqualTo(Outcome.OK);
      assertThat(gateway.ended().stream().mapToInt(TestGateway.Ended::attempts).sum())
          .as("at least one of the two went to the deaf one first")
          .isBetween(3, 4);
      assertThat(origin.requests()).hasSize(2);
    }
  }

  @Test
  void givesTheOnlyEndpointAllTheTimeThereIs() throws Exception {
    try (var deaf = DeafPort.open();
        var gateway =
            TestGateway.start()
                .cluster(cluster(ClusterSpec.Protocol.HTTP1, 100_000), deaf.number())
                .route("/", Actions.to("c").timeouts(1_500, 0).build())
                .apply();
        var client = RawClient.connect(gateway.port()).deadline(Duration.ofSeconds(20))) {
      client.send(POST);
      assertThat(client.readResponse()).startsWith("HTTP/1.1 504 ");
      assertThat(gateway.only().attempts()).isEqualTo(1);
    }
  }

  /** Long before the connect itself would be given up. */
  @ParameterizedTest
  @EnumSource(
      value = ClusterSpec.Protocol.class,
      names = {"HTTP1", "HTTP2"})
  void goesElsewhereAtOnceWhenTheEndpointLeaves(ClusterSpec.Protocol protocol) throws Exception {
    try (var deaf = DeafPort.open();
        var origin = ScriptedOrigin.answering(OK);
        var gateway =
            TestGateway.start()
                .cluster(cluster(protocol, 100_000), deaf.number())
                .route("/", Actions.to("c").timeouts(0, 0).build())
                .apply();
        var client = RawClient.connect(gateway.port()).deadline(Duration.ofSeconds(30))) {
      client.send(POST);
      assertThat(client.isQuietFor(Duration.ofMillis(300))).isTrue();
      gateway.endpoints("c", origin.port());
      if (protocol == ClusterSpec.Protocol.HTTP1) {
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ");
        assertThat(gateway.only().attempts()).isEqualTo(2);
      } else {
        // This origin knows no HTTP/2; that it was asked is what counts.
        assertThat(client.readResponse()).startsWith("HTTP/1.1 50");
        assertThat(origin.received()).startsWith("PRI * HTTP/2.0");
      }
    }
  }

  @Test
  void waitsOnWhenThereIsNoOther() throws Exception {
    try (var deaf = DeafPort.open();
        var gateway =
            TestGateway.start()
                .cluster(cluster(ClusterSpec.Protocol.HTTP1, 1_500), deaf.number())
                .route("/", Actions.to("c").timeouts(0, 0).build())
                .apply();
        var client = RawClient.connect(gateway.port()).deadline(Duration.ofSeconds(20))) {
      client.send(POST);
      assertThat(client.isQuietFor(Duration.ofMillis(300))).isTrue();
      gateway.endpoints("c");
      assertThat(client.readResponse()).startsWith("HTTP/1.1 50");
    }
  }
}
