// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.sidecar.connection.Refusal;
import io.selvage.sidecar.connection.Way;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What must never happen, and what happens instead. */
class FaultPairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

  @Test
  void anEndpointWithAnotherIdentityIsNotSpokenTo() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port())) {
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              TestMesh.service(
                  ProtocolHint.DETECT,
                  TestMesh.endpoint(
                      pair.server().inboundPort(), TestMesh.identity("somebody-else"))));
      try (RawClient http = pair.connect()) {
        http.send(GET);
        assertThat(http.readResponse()).startsWith("HTTP/1.1 50");
      }
      assertThat(answerTo(pair, "\0\1")).isEmpty();
      assertThat(app.connections()).isEmpty();
      List<TrafficReport.Edge> edges = pair.client().member().report().edges();
      assertThat(edges)
          .allSatisfy(edge -> {
            assertThat(edge.security()).isEqualTo(Security.HANDSHAKE_FAILED);
            assertThat(edge.peerIdentity()).as("nothing was proved").isEmpty();
          });
      assertThat(edges.stream().mapToLong(TrafficReport.Edge::requests).sum()).isEqualTo(1);
      assertThat(edges.stream().mapToLong(TrafficReport.Edge::opened).sum()).isEqualTo(1);
    }
  }

  @Test
  void anEndpointThatShouldSpeakTheMeshsTlsIsNeverSpokenToInPlaintext() throws IOException {
    try (ScriptedOrigin plain = ScriptedOrigin.start(c -> c.read(1));
        SidecarPair pair = SidecarPair.start(plain.port())) {
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              TestMesh.service(
                  ProtocolHint.DETECT,
                  TestMesh.endpoint(plain.port(), TestMesh.identity("server"))));
      try (RawClient http = pair.connect()) {
        http.send(GET);
        assertThat(http.readResponse()).startsWith("HTTP/1.1 50");
      }
      assertThat(plain.received()).doesNotContain("GET").startsWith("\u0016");
    }
  }

  @Test
  void withoutACertificateNothingGoesToOrComesFromMembers() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port());
        TestSidecar young =
            TestSidecar.start(
                pair.mesh(),
                "",
                "--inbound=127.0.0.1:0=127.0.0.1:" + app.port(),
                "--outbound=127.0.0.1:0=10.96.0.1:80")) {
      assertThat(young.process().readiness().isReady()).isFalse();
      try (RawClient client = RawClient.connect(young.outboundPort()).deadline(PATIENCE)) {
        client.send(GET);
        assertThat(client.readResponse()).startsWith("HTTP/1.1 50");
      }
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              TestMesh.service(
                  ProtocolHint.DETECT,
                  TestMesh.endpoint(young.inboundPort(), TestMesh.identity("server"))));
      try (RawClient client = pair.connect()) {
        client.send(GET);
        assertThat(client.readResponse()).startsWith("HTTP/1.1 50");
      }
      assertThat(young.process().refusals().count(Way.INBOUND, Refusal.NO_CERTIFICATE))
          .isPositive();
      assertThat(app.received()).isEmpty();
    }
  }

  @Test
  void aPortThatAServiceDoesNotHaveIsRefused() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port())) {
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              new DestinationUpdate(
                  true,
                  DestinationUpdate.Kind.NO_SUCH_PORT,
                  new DestinationUpdate.ServiceRef("test", "web", 80),
                  ProtocolHint.DETECT,
                  List.of(),
                  List.of()));
      assertThat(answerTo(pair, "")).isEmpty();
      assertThat(pair.client().process().refusals().count(Way.OUTBOUND, Refusal.NO_SUCH_PORT))
          .isEqualTo(1);
    }
  }

  @Test
  void whatIsKnownGoesOnWithoutAControlPlaneAndWhatIsNotPassesAsItIs() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        ScriptedOrigin outside = ScriptedOrigin.start(c -> c.send("outside"));
        SidecarPair pair = SidecarPair.start(app.port());
        TestSidecar other =
            TestSidecar.start(
                pair.mesh(), "other", "--outbound=127.0.0.1:0=127.0.0.1:" + outside.port())) {
      try (RawClient client = pair.connect()) {
        client.send(GET);
        assertThat(client.readResponse()).isEqualTo(OK);
      }
      pair.mesh().setAway(true);
      for (int i = 0; i < 3; i++) {
        try (RawClient client = pair.connect()) {
          client.send(GET);
          assertThat(client.readResponse()).isEqualTo(OK);
        }
      }
      assertThat(app.requests().getLast())
          .containsIgnoringCase("selvage-client-id: " + TestMesh.identity("client"));
      try (RawClient client = RawClient.connect(other.outboundPort()).deadline(PATIENCE)) {
        assertThat(client.readToEnd()).isEqualTo("outside");
      }
      assertThat(other.member().report().edges())
          .extracting(TrafficReport.Edge::security)
          .containsOnly(TrafficReport.Security.UNANSWERED);
    }
  }

  @Test
  void anAddressTheControlPlaneDoesNotAnswerForIsRefusedAndNotSentPlaintext() throws IOException {
    try (ScriptedOrigin app = ScriptedOrigin.answering(OK);
        SidecarPair pair = SidecarPair.start(app.port())) {
      pair.mesh().setMute(true);
      assertThat(answerTo(pair, GET)).isEmpty();
      assertThat(pair.client().process().refusals().count(Way.OUTBOUND, Refusal.NO_ANSWER))
          .isEqualTo(1);
      assertThat(app.connections()).isEmpty();
    }
  }

  @Test
  void aConnectionToTheSidecarItselfIsALoop() throws IOException {
    var mesh = new TestMesh();
    int port;
    try (TestSidecar first = TestSidecar.start(mesh, "a", "--outbound=127.0.0.1:0=127.0.0.1:9")) {
      port = first.outboundPort();
    }
    try (TestSidecar sidecar =
        TestSidecar.start(mesh, "a", "--outbound=127.0.0.1:" + port + "=127.0.0.1:" + port)) {
      assertThat(answerTo(() -> RawClient.connect(sidecar.outboundPort()).deadline(PATIENCE), ""))
          .isEmpty();
      assertThat(sidecar.process().refusals().count(Way.OUTBOUND, Refusal.LOOP)).isEqualTo(1);
    }
  }

  @Test
  void aDeadServerEndsASilentClient() throws IOException {
    int nobody = ClosedPort.take();
    try (SidecarPair pair = SidecarPair.start(nobody)) {
      assertThat(answerTo(pair, "")).isEmpty();
    }
  }

  @Test
  void aMemberThatIsNotThereIsNoSecuredEdge() throws IOException {
    int nobody = ClosedPort.take();
    try (SidecarPair pair = SidecarPair.start(nobody)) {
      pair.mesh()
          .answer(
              SidecarPair.SERVICE,
              TestMesh.service(
                  ProtocolHint.DETECT, TestMesh.endpoint(nobody, TestMesh.identity("server"))));
      try (RawClient http = pair.connect()) {
        http.send(GET);
        assertThat(http.readResponse()).startsWith("HTTP/1.1 50");
      }
      assertThat(pair.client().member().report().edges())
          .singleElement()
          .satisfies(edge -> assertThat(edge.security()).isEqualTo(Security.NOT_CONNECTED));
    }
  }

  @Test
  void anApplicationsOwnTlsIsCarriedAsItIs() throws IOException {
    String hello = "\u0016\u0003\u0001\0\u0005\u0001\0\0\u0001\0";
    try (ScriptedOrigin app =
            ScriptedOrigin.start(c -> {
              c.read(hello.length());
              c.send("\u0015");
            });
        SidecarPair pair = SidecarPair.start(app.port());
        RawClient member = pair.connect();
        RawClient plain = RawClient.connect(pair.server().inboundPort()).deadline(PATIENCE)) {
      member.send(hello);
      assertThat(member.readToEnd()).isEqualTo("\u0015");
      plain.send(hello);
      assertThat(plain.readToEnd()).isEqualTo("\u0015");
      assertThat(app.received()).isEqualTo(hello + hello);
    }
  }

  @Test
  void twoServicesOfOneSidecarDoNotMix() throws IOException {
    try (ScriptedOrigin one = ScriptedOrigin.answering(OK);
        ScriptedOrigin two =
            ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
        SidecarPair pair = SidecarPair.start(one.port())) {
      var other = new InetSocketAddress("10.96.0.2", 80);
      pair.mesh()
          .answer(other, TestMesh.service(ProtocolHint.HTTP1, TestMesh.endpoint(two.port(), "")));
      try (TestSidecar both =
              TestSidecar.start(
                  pair.mesh(),
                  "client",
                  "--outbound=127.0.0.1:0=10.96.0.1:80",
                  "--outbound=127.0.0.1:0=10.96.0.2:80");
          RawClient first =
              RawClient.connect(both.process().outboundPorts().get(0)).deadline(PATIENCE);
          RawClient second =
              RawClient.connect(both.process().outboundPorts().get(1)).deadline(PATIENCE)) {
        first.send(GET);
        second.send(GET);
        assertThat(first.readResponse()).endsWith("hi");
        assertThat(second.readResponse()).endsWith("two");
        assertThat(two.requests().getFirst()).doesNotContainIgnoringCase("selvage-client-id");
      }
    }
  }

  private static String answerTo(SidecarPair pair, String sent) throws IOException {
    return answerTo(pair::connect, sent);
  }

  /** Connects a client. */
  private interface Connect {
    RawClient connect() throws IOException;
  }

  /** What comes until the end; a reset is one, whenever it comes: while connecting, too. */
  private static String answerTo(Connect connect, String sent) throws IOException {
    try (RawClient client = connect.connect()) {
      return client.send(sent).readToEnd();
    } catch (SocketException e) {
      return "";
    }
  }
}
