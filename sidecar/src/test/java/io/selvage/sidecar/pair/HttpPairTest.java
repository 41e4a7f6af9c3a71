// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** HTTP/1.1 through two sidecars. */
class HttpPairTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-App: 1\r\n\r\nhi";

  @Test
  void requestsOfOneConnectionPassUnchangedButForTheVerifiedClient() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      for (int i = 0; i < 3; i++) {
        client.send("GET /a/../b//c?d=%41 HTTP/1.1\r\nHost: web\r\nX-Weird_Name: 1\r\n\r\n");
        assertThat(client.readResponse()).isEqualTo(OK);
      }
      assertThat(app.requests()).hasSize(3);
      assertThat(app.requests().getFirst())
          .startsWith("GET /a/../b//c?d=%41 HTTP/1.1\r\n")
          .contains("X-Weird_Name: 1\r\n")
          .containsIgnoringCase("selvage-client-id: " + TestMesh.identity("client"))
          .doesNotContainIgnoringCase("x-forwarded")
          .doesNotContainIgnoringCase("x-envoy")
          .doesNotContainIgnoringCase("x-request-id");
      TrafficReport.Edge in = pair.server().member().report().edges().getFirst();
      assertThat(in.direction()).isEqualTo(Direction.INBOUND);
      assertThat(in.security()).isEqualTo(Security.SECURED);
      assertThat(in.peerIdentity()).isEqualTo(TestMesh.identity("client"));
      assertThat(in.port()).isEqualTo(app.port());
      assertThat(in.requests()).isEqualTo(3);
      TrafficReport.Edge out = pair.client().member().report().edges().getFirst();
      assertThat(out.direction()).isEqualTo(Direction.OUTBOUND);
      assertThat(out.security()).isEqualTo(Security.SECURED);
      assertThat(out.peerIdentity()).isEqualTo(TestMesh.identity("server"));
      assertThat(out.service()).isEqualTo("test/web:80");
      assertThat(out.requests()).isEqualTo(3);
    }
  }

  @Test
  void theBytesOfRequestsAreCountedOnBothSides() throws IOException {
    int bytes = 100_000;
    try (ScriptedOrigin app =
            ScriptedOrigin.answering(
                "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + "y".repeat(bytes / 2));
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 100000\r\n\r\n" + "x".repeat(bytes));
      assertThat(client.readResponse()).endsWith("y");
      long[] in = new long[2];
      long[] out = new long[2];
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> {
            add(pair.server(), in);
            add(pair.client(), out);
            return in[0] >= bytes && out[0] >= bytes / 2;
          });
      int heads = 1_000;
      assertThat(in[0]).isBetween((long) bytes, (long) bytes + heads);
      assertThat(in[1]).isBetween(bytes / 2L, bytes / 2L + heads);
      assertThat(out[0]).isBetween(bytes / 2L, bytes / 2L + heads);
      assertThat(out[1]).isBetween((long) bytes, (long) bytes + heads);
    }
  }

  private static void add(TestSidecar sidecar, long[] bytes) {
    for (TrafficReport.Edge edge : sidecar.member().report().edges()) {
      bytes[0] += edge.received();
      bytes[1] += edge.sent();
    }
  }

  @Test
  void aClientCannotSayWhoItIs() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect();
        RawClient plain = RawClient.connect(pair.server().inboundPort())) {
      String forged =
          "GET / HTTP/1.1\r\n"
              + "Host: web\r\n"
              + "selvage-client-id: admin\r\n"
              + "selvage_client_id: admin\r\n"
              + "Selvage-Client_Id: admin\r\n"
              + "SELVAGE_CLIENT-ID: admin\r\n"
              + "Selvage-Client-Id: root\r\n\r\n";
      client.send(forged);
      client.readResponse();
      plain.send(forged);
      plain.readResponse();
      assertThat(app.requests().get(0))
          .doesNotContain("admin", "root")
          .containsIgnoringCase("selvage-client-id: " + TestMesh.identity("client"));
      assertThat(app.requests().get(1))
          .doesNotContainIgnoringCase("selvage-client-id")
          .doesNotContain("admin", "root");
    }
  }

  @Test
  void aClientCannotSayWhoItIsInTrailersEither() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient plain = RawClient.connect(pair.server().inboundPort())) {
      plain.send(
          "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "2\r\nhi\r\n0\r\nchecksum: 1\r\nSelvage-Client-Id: admin\r\n\r\n");
      plain.readResponse();
      assertThat(app.received())
          .contains("checksum: 1\r\n\r\n")
          .doesNotContainIgnoringCase("selvage-client-id");
    }
  }

  @Test
  void aHeadInPiecesIsStillHttp() throws Exception {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      for (String piece : "GET / HT,TP/1,.1\r,\nHost: web\r\n,\r\n".split(",")) {
        client.send(piece);
        Thread.sleep(60); // longer than the grace
      }
      assertThat(client.readResponse()).isEqualTo(OK);
      assertThat(app.requests()).hasSize(1);
      assertThat(app.requests().getFirst()).containsIgnoringCase("selvage-client-id: spiffe://");
    }
  }

  @Test
  void aForwardProxyIsReachedByConnect() throws IOException {
    try (ScriptedOrigin proxy =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send("HTTP/1.1 200 Connection established\r\n\r\n");
              c.send("tunnelled " + c.read(5));
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(proxy.port());
        RawClient client = pair.connect()) {
      client.send("CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200 ");
      client.send("hello");
      assertThat(client.read(15)).isEqualTo("tunnelled hello");
      assertThat(proxy.received())
          .startsWith("CONNECT web.example:443 HTTP/1.1\r\n")
          .containsIgnoringCase("selvage-client-id: " + TestMesh.identity("client"));
    }
  }

  @Test
  void webSocketsPass() throws IOException {
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.readHead();
              c.send(
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      + "Connection: Upgrade\r\n\r\n");
              c.send("welcome");
              c.send(c.read(4));
              c.readToEnd();
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient client = pair.connect()) {
      client.send(
          "GET /chat HTTP/1.1\r\nHost: web\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 101 ");
      assertThat(client.read(7)).isEqualTo("welcome");
      client.send("ping");
      assertThat(client.read(4)).isEqualTo("ping");
    }
  }
}
