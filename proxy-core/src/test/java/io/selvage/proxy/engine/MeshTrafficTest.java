// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import static io.selvage.proxy.engine.MeshProxy.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.proxy.exchange.Admission;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.net.SocketException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Client, proxy, mutual TLS, proxy, application. */
class MeshTrafficTest {
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";
  private static final String API = "spiffe://cluster.local/ns/shop/sa/api";
  private static final TestCa CA = TestCa.root("mesh root");
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String GET = "GET /secret HTTP/1.1\r\nHost: api.shop\r\n\r\n";

  private static final long CONNECT_MILLIS = 25_000;

  /** As a sidecar's, with all the time in the world to connect on a machine that is busy. */
  private static TargetSpec outbound(String label) {
    return new TargetSpec(
        label, CONNECT_MILLIS, true, TargetSpec.NO_CLIENT_ID, Admission.EVERYBODY);
  }

  private static TargetSpec inbound(Admission admission) {
    return new TargetSpec("", CONNECT_MILLIS, false, TargetSpec.VERIFIED_CLIENT, admission);
  }

  @Test
  void bothProxiesKnowWhoTalksToWhom() throws Exception {
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(CA, WEB);
        var api = MeshProxy.start(CA, API)) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      int outbound =
          web.outbound(web.target(outbound("shop/api:80"), endpoint(inbound, API)), Protocol.HTTP1);
      try (var client = RawClient.connect(outbound).deadline(LONG)) {
        // When a client claims to be somebody, twice
        for (int i = 0; i < 2; i++) {
          client.send(
              "GET / HTTP/1.1\r\nHost: api.shop\r\nSelvage-Client-Id: spiffe://x\r\n"
                  + "selvage-client-id: root\r\n\r\n");
          assertThat(client.readResponse()).isEqualTo(OK);
        }
      }
      // Then the application hears who it is, over one connection
      assertThat(app.requests())
          .hasSize(2)
          .allSatisfy(request -> {
            assertThat(request)
                .contains("\r\n" + MeshProtocol.CLIENT_ID_FIELD + ": " + WEB + "\r\n");
            assertThat(request).doesNotContain("spiffe://x").doesNotContain("root");
          });
      await()
          .atMost(LONG)
          .untilAsserted(() ->
              assertThat(web.ended)
                  .hasSize(2)
                  .containsOnly(new MeshProxy.Ended(Outcome.OK, 200, 1, "", API)));
      await()
          .atMost(LONG)
          .untilAsserted(() ->
              assertThat(api.ended)
                  .hasSize(2)
                  .containsOnly(new MeshProxy.Ended(Outcome.OK, 200, 1, WEB, "")));
      assertThat(web.upstreamsOpened.get()).isEqualTo(1);
    }
  }

  @Test
  void dropsAClaimedIdentityOfAClientWithoutOne() throws Exception {
    try (var app = ScriptedOrigin.answering(OK);
        var api = MeshProxy.start(CA, API)) {
      int plain =
          api.outbound(
              api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")), Protocol.HTTP1);
      try (var client = RawClient.connect(plain).deadline(LONG)) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nSelvage-Client-Id: " + WEB + "\r\n\r\n");
        assertThat(client.readResponse()).isEqualTo(OK);
      }
      assertThat(app.received().toLowerCase(Locale.ROOT))
          .doesNotContain(MeshProtocol.CLIENT_ID_FIELD);
    }
  }

  @Test
  void carriesRawBytesWithBothHalvesClosedInTheirTime() throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.send("220 ready\r\n");
              connection.readToEnd();
              connection.send("bye");
            });
        var web = MeshProxy.start(CA, WEB);
        var api = MeshProxy.start(CA, API)) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      int outbound =
          web.outbound(web.target(outbound("shop/smtp:25"), endpoint(inbound, API)), Protocol.TCP);
      try (var client = RawClient.connect(outbound).deadline(LONG)) {
        assertThat(client.readUntil("\r\n")).isEqualTo("220 ready\r\n");
        client.send("\u0000\u00ffQUIT").shutdownOutput();
        assertThat(client.readToEnd()).isEqualTo("bye");
      }
      assertThat(app.received()).isEqualTo("\u0000\u00ffQUIT");
      await().atMost(LONG).until(() -> web.tcpEnded.size() == 1 && api.tcpEnded.size() == 1);
      assertThat(web.flows).hasSize(1);
      var report = web.tcpEnded.getFirst();
      assertThat(report.connected()).isTrue();
      assertThat(report.endpointIdentity()).isEqualTo(API);
      assertThat(report.bytesFromClient()).isEqualTo(6);
      assertThat(report.bytesToClient()).isEqualTo(14);
      assertThat(api.tcpEnded.getFirst().client().peerIdentity()).isEqualTo(WEB);
    }
  }

  /** A reset is not an end: a client that waits for the end must not take what came for all. */
  @Test
  void passesAResetOnAsOne() throws Exception {
    try (var app =
            ScriptedOrigin.start(connection -> {
              connection.send("half of it");
              connection.read(2);
              connection.reset();
            });
        var web = MeshProxy.start(CA, WEB);
        var api = MeshProxy.start(CA, API)) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      Target target = web.target(outbound("shop/db:1"), endpoint(inbound, API));
      try (var client = RawClient.connect(web.outbound(target, Protocol.TCP)).deadline(LONG)) {
        assertThat(client.read(10)).isEqualTo("half of it");
        client.send("go");
        // Asked of the socket, because the client of the test takes a reset for an end
        client.socket().setSoTimeout((int) LONG.toMillis());
        assertThatThrownBy(() -> client.socket().getInputStream().read())
            .isInstanceOf(SocketException.class)
            .hasMessageContaining("reset");
      }
    }
  }

  // ---- Never in plaintext

  /** An endpoint with an identity whose port answers plaintext gladly. */
  @ParameterizedTest
  @ValueSource(strings = {"certificate", "bundle only", "nothing", "expired", "outside"})
  void sendsNothingInPlaintextWhateverCredentialsThereAre(String state) throws Exception {
    try (var origin =
            ScriptedOrigin.start(connection -> {
              connection.read(6);
              connection.send(OK);
            });
        var web = proxy(state)) {
      Target target = web.target(outbound("shop/api:80"), endpoint(origin.port(), API));
      try (var client = RawClient.connect(web.outbound(target, Protocol.HTTP1)).deadline(LONG)) {
        client.send(GET);
        assertThat(client.readHead()).startsWith("HTTP/1.1 502 ");
      }
      try (var client = RawClient.connect(web.outbound(target, Protocol.TCP)).deadline(LONG)) {
        client.send(GET);
        assertThat(client.readToEnd()).isEmpty();
      }
      assertThat(origin.received()).doesNotContain("secret");
      origin.connections().forEach(c -> assertThat(c.received()).startsWith("\u0016\u0003"));
      assertThat(origin.connections().isEmpty()).isEqualTo(!state.equals("certificate"));
      await().atMost(LONG).until(() -> web.ended.size() == 1 && web.tcpEnded.size() == 1);
      assertThat(web.ended.getFirst().outcome()).isEqualTo(Outcome.UPSTREAM_TLS);
      assertThat(web.tcpEnded.getFirst().outcome()).isEqualTo(Outcome.UPSTREAM_TLS);
    }
  }

  private static MeshProxy proxy(String state) throws Exception {
    MeshTls tls = new MeshTls();
    switch (state) {
      case "certificate" -> tls.use(Optional.of(MeshProxy.leaf(CA, WEB)), CA.pem());
      case "bundle only" -> tls.use(Optional.empty(), CA.pem());
      case "expired" -> {
        TestCertificate old = CA.leaf("web").uri(WEB).expired().issue();
        tls.use(Optional.of(new KeyMaterial("old", old.chainPem(), old.keyPem())), CA.pem());
      }
      case "outside" -> {
        tls.close();
        return MeshProxy.outside();
      }
      default -> {
        // nothing yet
      }
    }
    return MeshProxy.start(tls);
  }

  @ParameterizedTest
  @EnumSource(
      value = Protocol.class,
      names = {"HTTP1", "TCP"})
  void sendsNothingToAnEndpointThatIsSomebodyElse(Protocol protocol) throws Exception {
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(CA, WEB);
        var other = MeshProxy.start(CA, WEB)) {
      int inbound =
          other.inbound(other.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      int outbound =
          web.outbound(web.target(outbound("shop/api:80"), endpoint(inbound, API)), protocol);
      try (var client = RawClient.connect(outbound).deadline(LONG)) {
        client.send(GET);
        if (protocol == Protocol.HTTP1) {
          assertThat(client.readHead()).startsWith("HTTP/1.1 502 ");
        } else {
          assertThat(client.readToEnd()).isEmpty();
        }
      }
      assertThat(app.connections()).isEmpty();
    }
  }

  // ---- Changes

  @Test
  void aPooledConnectionDoesNotServeUnderAnotherIdentity() throws Exception {
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(CA, WEB);
        var api = MeshProxy.start(CA, API)) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      Target target = web.target(outbound("shop/api:80"), endpoint(inbound, API));
      try (var client = RawClient.connect(web.outbound(target, Protocol.HTTP1)).deadline(LONG)) {
        client.send(GET);
        assertThat(client.readResponse()).isEqualTo(OK);
        // When discovery says that somebody else is there now, who is not
        target.updateEndpoints(new EndpointSet("", List.of(endpoint(inbound, WEB))));
        client.send(GET);
        assertThat(client.readResponse()).startsWith("HTTP/1.1 502 ");
        // And when it takes that back
        target.updateEndpoints(new EndpointSet("", List.of(endpoint(inbound, API))));
        client.send(GET);
        assertThat(client.readResponse()).isEqualTo(OK);
      }
      assertThat(app.requests()).hasSize(2);
      assertThat(web.upstreamsOpened.get()).isEqualTo(2);
      await().atMost(LONG).until(() -> web.upstreamsOpen.get() == 1);
    }
  }

  @Test
  void anIdleConnectionEndsWithItsCertificates() throws Exception {
    Instant now = Instant.now();
    // Leaves that have expired but for the last seconds of the allowance
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(shortLived(WEB, now));
        var api = MeshProxy.start(shortLived(API, now))) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      Target target = web.target(outbound("shop/api:80"), endpoint(inbound, API));
      try (var client = RawClient.connect(web.outbound(target, Protocol.HTTP1)).deadline(LONG)) {
        client.send(GET);
        assertThat(client.readResponse()).isEqualTo(OK);
        assertThat(web.upstreamsOpened.get()).isEqualTo(1);
        // An idle one would otherwise stay for 30 s
        await().atMost(Duration.ofSeconds(25)).until(() -> web.upstreamsOpen.get() == 0);
      }
    }
  }

  private static MeshTls shortLived(String identity, Instant now) throws Exception {
    MeshTls tls = new MeshTls(InstantSource.fixed(now.minusSeconds(60)));
    TestCertificate leaf =
        CA.leaf("w").uri(identity).valid(now.minusSeconds(3600), now.minusSeconds(10)).issue();
    tls.use(Optional.of(new KeyMaterial("leaf", leaf.chainPem(), leaf.keyPem())), CA.pem());
    return tls;
  }

  @Test
  void losesNoRequestWhileLeavesAndRootsChange() throws Exception {
    List<String> failures = Collections.synchronizedList(new ArrayList<>());
    AtomicBoolean run = new AtomicBoolean(true);
    AtomicInteger served = new AtomicInteger();
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(CA, WEB);
        var api = MeshProxy.start(CA, API)) {
      int inbound = api.inbound(api.target(inbound(Admission.EVERYBODY), endpoint(app.port(), "")));
      Target target = web.target(outbound("shop/api:80"), endpoint(inbound, API));
      int http = web.outbound(target, Protocol.HTTP1);
      int raw = web.outbound(target, Protocol.TCP);
      List<Thread> load = new ArrayList<>();
      for (int port : new int[] {http, http, raw, raw}) {
        load.add(
            Thread.ofVirtual()
                .start(() -> {
                  while (run.get()) {
                    // Raw connections shake hands each time, the others use the pool
                    try (var client = RawClient.connect(port).deadline(LONG)) {
                      client.send(GET);
                      String response = client.readResponse();
                      if (!response.equals(OK)) {
                        failures.add(response);
                      }
                      served.incrementAndGet();
                    } catch (Exception e) {
                      failures.add(e.toString());
                    }
                  }
                }));
      }
      TestCa old = CA;
      for (int round = 0; round < 5; round++) {
        TestCa next = TestCa.root("root " + round);
        String both = old.pem() + next.pem();
        use(web, old, WEB, both);
        use(api, old, API, both);
        awaitMore(served);
        use(web, next, WEB, both);
        awaitMore(served);
        use(api, next, API, both);
        awaitMore(served);
        use(api, next, API, next.pem());
        use(web, next, WEB, next.pem());
        awaitMore(served);
        old = next;
      }
      run.set(false);
      for (Thread one : load) {
        one.join();
      }
      assertThat(failures).as("raw connections: %s", web.tcpEnded).isEmpty();
      assertThat(served.get()).isGreaterThan(50);
    }
  }

  private static void use(MeshProxy proxy, TestCa ca, String identity, String bundle)
      throws Exception {
    proxy.tls.use(Optional.of(MeshProxy.leaf(ca, identity)), bundle);
  }

  private static void awaitMore(AtomicInteger served) {
    int before = served.get();
    await().atMost(LONG).until(() -> served.get() > before + 8);
  }

  // ---- Policy

  @Test
  void admissionIsAskedForEveryRequest() throws Exception {
    AtomicBoolean open = new AtomicBoolean(true);
    Admission admission =
        (connection, request) ->
            open.get() || request.target().toString().equals("/healthz?full=1");
    try (var app = ScriptedOrigin.answering(OK);
        var api = MeshProxy.start(CA, API)) {
      int port =
          api.outbound(api.target(inbound(admission), endpoint(app.port(), "")), Protocol.HTTP1);
      try (var client = RawClient.connect(port).deadline(LONG)) {
        assertThat(ask(client, "/")).isEqualTo(200);
        open.set(false);
        assertThat(ask(client, "/")).isEqualTo(403);
        assertThat(ask(client, "/healthz?full=1")).isEqualTo(200);
        assertThat(ask(client, "/healthz/?full=1")).isEqualTo(403);
        assertThat(ask(client, "/x/../healthz?full=1")).isEqualTo(403);
        open.set(true);
        assertThat(ask(client, "/x/../healthz?full=1")).isEqualTo(200);
        open.set(false);
        client.send(
            "POST /a.B/c HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\n"
                + "Content-Length: 0\r\n\r\n");
        assertThat(client.readResponse()).startsWith("HTTP/1.1 200 ").contains("grpc-status: 7");
      }
      assertThat(app.requests()).hasSize(3);
      await().atMost(LONG).until(() -> api.ended.size() == 7);
      assertThat(api.ended.get(1).outcome()).isEqualTo(Outcome.DENIED);
      assertThat(api.ended.get(1).attempts()).isZero();
    }
  }

  private static int ask(RawClient client, String target) throws Exception {
    client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    String response = client.readResponse();
    return Integer.parseInt(response.substring(9, 12));
  }

  // ---- An end

  @Test
  void aRetiredTargetLetsItsIdleConnectionsGo() throws Exception {
    try (var app = ScriptedOrigin.answering(OK);
        var web = MeshProxy.start(CA, WEB)) {
      Target target = web.target(outbound(""), endpoint(app.port(), ""));
      try (var client = RawClient.connect(web.outbound(target, Protocol.HTTP1)).deadline(LONG)) {
        client.send(GET);
        assertThat(client.readResponse()).isEqualTo(OK);
        assertThat(web.upstreamsOpen.get()).isEqualTo(1);
        target.retire();
        await().atMost(LONG).until(() -> web.upstreamsOpen.get() == 0);
      }
    }
  }
}
