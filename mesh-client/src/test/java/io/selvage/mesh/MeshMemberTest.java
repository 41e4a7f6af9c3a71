// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoop;
import io.selvage.mesh.MeshOptions.ControlAddress;
import io.selvage.mesh.discovery.Destination;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeshMemberTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final String SHOP = "spiffe://cluster.local/ns/shop/sa/shop";

  private final Vertx vertx = VertxLoops.create(TransportKind.EPOLL, 2);
  private final EventLoops loops = VertxLoops.of(vertx);
  private final FakeControlPlane control = new FakeControlPlane(vertx);
  private final MeshTls tls = new MeshTls();
  private final List<MeshMember> members = new ArrayList<>();

  @TempDir private Path folder;

  @BeforeEach
  void start() throws Exception {
    control.tokens.put("a-token", WEB);
    control.start();
    Files.writeString(folder.resolve("token"), "a-token\n");
    Files.writeString(folder.resolve("anchors.pem"), control.bundle().pem());
  }

  @AfterEach
  void stop() throws Exception {
    members.forEach(MeshMember::close);
    control.close();
    tls.close();
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
  }

  private MeshMember member(ProxyKind kind) {
    var options =
        new MeshOptions(
            List.of(new ControlAddress("127.0.0.1", control.port())),
            FakeControlPlane.CONTROL,
            folder.resolve("token"),
            folder.resolve("anchors.pem"),
            new PodRef("shop", "web-1"),
            kind,
            "test",
            Duration.ofMillis(500),
            InboundSettings.of(InboundPolicy.DENY));
    var member = RunningMember.start(options, loops, tls, InstantSource.system(), 20);
    members.add(member);
    return member;
  }

  private MeshMember connected(ProxyKind kind) {
    MeshMember member = member(kind);
    soon().until(member::isConnected);
    return member;
  }

  private static DestinationUpdate service(String... addresses) {
    var endpoints = new ArrayList<Endpoint>();
    for (String address : addresses) {
      endpoints.add(new Endpoint(address, 8080, SHOP, ProtocolHint.DETECT, false));
    }
    return new DestinationUpdate(
        true,
        Kind.SERVICE,
        new ServiceRef("shop", "shop", 80),
        ProtocolHint.HTTP1,
        endpoints,
        List.of());
  }

  private Destination find(MeshMember member, String address, int port) throws Exception {
    EventLoop loop = loops.next();
    return member
        .destinations()
        .find(new InetSocketAddress(InetAddress.getByName(address), port), loop)
        .get(20, TimeUnit.SECONDS);
  }

  @Test
  void getsACertificateAndConnects() {
    MeshMember member = member(ProxyKind.SIDECAR);
    soon().until(member::isConnected);
    assertThat(member.missing()).isEmpty();
    assertThat(tls.identity()).contains(WEB);
    soon().until(() -> control.received.size() >= 2);
    assertThat(control.received.getFirst())
        .isEqualTo(
            new ProxyMessage.Hello(
                1,
                new PodRef("shop", "web-1"),
                ProxyKind.SIDECAR,
                "test",
                control.bundle().fingerprint()));
    assertThat(control.received.get(1)).isInstanceOf(ProxyMessage.State.class);
  }

  @Test
  void saysWhyThereIsNoCertificateAndGetsItLater() throws Exception {
    Files.writeString(folder.resolve("token"), "nobody's");
    MeshMember member = member(ProxyKind.SIDECAR);
    soon()
        .untilAsserted(
            () -> assertThat(member.missing().orElse("")).contains("the token is nobody's"));
    Files.writeString(folder.resolve("token"), "a-token");
    soon().until(member::isConnected);
    assertThat(member.missing()).isEmpty();
  }

  @Test
  void believesNoControlPlaneOfAnotherName() throws Exception {
    control.stop();
    control.self = WEB;
    control.start();
    MeshMember member = member(ProxyKind.SIDECAR);
    soon().untilAsserted(() -> assertThat(member.missing().orElse("")).contains("TLS failed"));
    assertThat(control.certified).hasValue(0);
  }

  @Test
  void answersFromWhatTheControlPlaneSaysAndFollowsIt() throws Exception {
    control.destinations.put("10.96.0.1:80", service("10.0.0.1", "10.0.0.2"));
    MeshMember member = connected(ProxyKind.SIDECAR);
    Destination shop = find(member, "10.96.0.1", 80);
    assertThat(shop.state().answered()).isTrue();
    assertThat(shop.state().kind()).isEqualTo(Kind.SERVICE);
    assertThat(shop.state().service().label()).isEqualTo("shop/shop:80");
    assertThat(shop.state().endpoints().endpoints())
        .extracting(e -> e.address() + " " + e.identity())
        .containsExactly("10.0.0.1 " + SHOP, "10.0.0.2 " + SHOP);

    long id =
        control.received.stream()
            .filter(ProxyMessage.Subscribe.class::isInstance)
            .map(ProxyMessage.Subscribe.class::cast)
            .findFirst()
            .orElseThrow()
            .id();
    control.push(
        new ControlMessage.Destination(
            id,
            new DestinationUpdate(
                false,
                Kind.SERVICE,
                new ServiceRef("shop", "shop", 80),
                ProtocolHint.HTTP1,
                List.of(),
                List.of(new DestinationUpdate.Address("10.0.0.1", 8080)))));
    soon()
        .untilAsserted(() ->
            assertThat(shop.state().endpoints().endpoints())
                .extracting(e -> e.address())
                .containsExactly("10.0.0.2"));
  }

  @Test
  void refusesWhatAConnectedControlPlaneDoesNotAnswerAndCorrectsItself() throws Exception {
    MeshMember member = connected(ProxyKind.SIDECAR);
    Destination slow = find(member, "10.96.0.9", 80);
    assertThat(slow.state().answer()).isEqualTo(Destination.Answer.LATE);
    assertThat(slow.state().refused()).isTrue();
    assertThat(slow.state().endpoints().endpoints()).isEmpty();
    control.push(new ControlMessage.Destination(1, service("10.0.0.1")));
    soon().until(() -> slow.state().answered());
    assertThat(slow.state().kind()).isEqualTo(Kind.SERVICE);
  }

  @Test
  void keepsServingWhatItKnowsWhileTheControlPlaneIsAway() throws Exception {
    control.destinations.put("10.96.0.1:80", service("10.0.0.1", "10.0.0.2"));
    MeshMember member = connected(ProxyKind.SIDECAR);
    Destination shop = find(member, "10.96.0.1", 80);
    control.stop();
    soon().until(() -> !member.isConnected());
    assertThat(find(member, "10.96.0.1", 80)).isSameAs(shop);
    assertThat(shop.state().endpoints().endpoints()).hasSize(2);
    soon()
        .untilAsserted(
            () -> assertThat(find(member, "10.96.0.2", 80).state().answered()).isFalse());
    assertThat(member.metrics()).contains("selvage_control_connected 0\n");
    assertThat(member.missing()).isEmpty();

    control.destinations.put("10.96.0.1:80", service("10.0.0.3"));
    control.destinations.put("10.96.0.2:80", service("10.0.0.4"));
    control.start();
    soon()
        .untilAsserted(() ->
            assertThat(shop.state().endpoints().endpoints())
                .extracting(e -> e.address())
                .containsExactly("10.0.0.3"));
    soon().until(() -> find(member, "10.96.0.2", 80).state().answered());
    assertThat(member.metrics()).contains("selvage_control_connected 1\n");
  }

  @Test
  void staysWithTheOldStateUntilTheNewOneIsThere() throws Exception {
    control.destinations.put("10.96.0.1:80", service("10.0.0.1"));
    MeshMember member = connected(ProxyKind.SIDECAR);
    Destination shop = find(member, "10.96.0.1", 80);
    control.destinations.clear();
    control.endStreams(14, "going away");
    soon()
        .until(() ->
            control.received.stream().filter(ProxyMessage.Hello.class::isInstance).count() == 2);
    soon().until(member::isConnected);
    assertThat(shop.state().endpoints().endpoints()).hasSize(1);
    assertThat(shop.state().answered()).isTrue();
  }

  @Test
  void takesInboundSettingsAndTheDirectory() {
    MeshMember member = member(ProxyKind.GATEWAY);
    assertThat(member.inbound().current().policy()).isEqualTo(InboundPolicy.DENY);
    soon().until(() -> control.streams() == 1);
    control.push(new ControlMessage.Inbound(InboundSettings.of(InboundPolicy.AUDIT)));
    control.push(
        new ControlMessage.Workloads(
            true,
            List.of(
                new ControlMessage.KnownAddress(
                    "10.0.0.1",
                    SHOP,
                    List.of(new PortRange(9000, 9001)),
                    new PodRef("shop", "shop-1")),
                new ControlMessage.KnownAddress("fd00::1", SHOP, List.of(), PodRef.NONE)),
            List.of()));
    soon().until(() -> member.pods().size() == 2);
    assertThat(member.inbound().current().policy()).isEqualTo(InboundPolicy.AUDIT);
    assertThat(member.pods().identityAt("10.0.0.1", 8080, "shop/shop-1")).contains(SHOP);
    assertThat(member.pods().identityAt("10.0.0.1", 8080, "shop/shop-2")).isEmpty();
    assertThat(member.pods().identityAt("10.0.0.1", 9001, "")).contains("");
    assertThat(member.pods().identityAt("fd00:0:0:0:0:0:0:1", 80, "a/b")).contains(SHOP);
    assertThat(member.pods().identityAt("10.0.0.2", 8080, "")).isEmpty();
    control.push(new ControlMessage.Workloads(false, List.of(), List.of("10.0.0.1")));
    soon().until(() -> member.pods().size() == 1);
  }

  @Test
  void renewsWithANewKeyAtHalfLife() {
    control.lifetime = Duration.ofSeconds(2);
    MeshMember member = member(ProxyKind.SIDECAR);
    soon().until(() -> control.certified.get() >= 1);
    // 2 s and 20 s of skew at its end: half of it is over after 11 s.
    await().atMost(Duration.ofSeconds(60)).until(() -> control.certified.get() >= 2);
    assertThat(control.keys.get(1)).isNotEqualTo(control.keys.get(0));
    soon()
        .untilAsserted(() ->
            assertThat(member.metrics()).contains("selvage_identity_cert_refreshes_total 2\n"));
    assertThat(member.missing()).isEmpty();
  }

  @Test
  void followsARotationOfTheRoot() {
    MeshMember member = connected(ProxyKind.SIDECAR);
    String old = control.bundle().fingerprint();
    control.rotate();
    String both = control.bundle().fingerprint();
    assertThat(both).isNotEqualTo(old);
    control.push(new ControlMessage.Bundle(control.bundle().pem(), both, false));
    soon().until(() -> says(both));
    control.lifetime = Duration.ofMinutes(2);
    control.push(new ControlMessage.Bundle(control.bundle().pem(), both, true));
    // A new leaf is asked for within a spread of 20 s.
    await().atMost(Duration.ofSeconds(60)).until(() -> control.certified.get() >= 2);
    control.dropOldAnchors();
    String fresh = control.bundle().fingerprint();
    control.push(new ControlMessage.Bundle(control.bundle().pem(), fresh, false));
    soon().until(() -> says(fresh));
    assertThat(member.missing()).isEmpty();
    assertThat(member.isConnected()).isTrue();
  }

  private boolean says(String fingerprint) {
    return control.received.stream()
        .anyMatch(m -> m instanceof ProxyMessage.State s && s.fingerprint().equals(fingerprint));
  }

  /** The root of its issuer went while it had no stream, so nobody has told it. */
  @Test
  void asksForAnotherCertificateWhenItsOwnIsNotBelieved() {
    MeshMember member = connected(ProxyKind.SIDECAR);
    control.rotate();
    control.endStreams(16, "the certificate is not believed");
    // Within a spread of 20 s, and half a day before its half-life.
    await().atMost(Duration.ofSeconds(60)).until(() -> control.certified.get() >= 2);
    soon()
        .untilAsserted(() ->
            assertThat(member.metrics()).contains("selvage_identity_cert_refreshes_total 2\n"));
  }

  /** A replica that is behind must not bring back a root that was given up. */
  @Test
  void anOlderBundleDoesNotReplaceANewerOne() {
    MeshMember member = connected(ProxyKind.SIDECAR);
    String oldPem = control.bundle().pem();
    String old = control.bundle().fingerprint();
    control.rotate();
    String both = control.bundle().fingerprint();
    control.push(new ControlMessage.Bundle(control.bundle().pem(), both, false, 7));
    soon().until(() -> says(both));
    control.received.clear();
    control.push(new ControlMessage.Bundle(oldPem, old, false, 6));
    control.push(new ControlMessage.Inbound(InboundSettings.of(InboundPolicy.AUDIT)));
    soon().until(() -> member.inbound().current().policy() == InboundPolicy.AUDIT);
    control.push(new ControlMessage.Bundle(control.bundle().pem(), both, false, 7));
    soon().until(() -> says(both));
    assertThat(says(old)).isFalse();
  }

  @Test
  void keepsTheOldBundleWhenANewOneIsBad() {
    MeshMember member = connected(ProxyKind.SIDECAR);
    control.push(new ControlMessage.Bundle("no certificates", "", true));
    control.push(new ControlMessage.Bundle(control.bundle().pem(), "another", true));
    control.push(new ControlMessage.Inbound(InboundSettings.of(InboundPolicy.AUDIT)));
    soon().until(() -> member.inbound().current().policy() == InboundPolicy.AUDIT);
    assertThat(tls.hasCertificate()).isTrue();
    assertThat(control.certified).hasValue(1);
    assertThat(member.isConnected()).isTrue();
  }

  private static EdgeKey outboundTo(String address) {
    return new EdgeKey(
        TrafficReport.Direction.OUTBOUND,
        InetAddress.ofLiteral(address),
        8080,
        SHOP,
        "shop/shop:80",
        "",
        TrafficReport.Security.SECURED,
        false);
  }

  @Test
  void reportsTraffic() throws Exception {
    MeshMember member = connected(ProxyKind.SIDECAR);
    EdgeKey key = outboundTo("10.0.0.1");
    loops
        .next()
        .submit(() -> {
          var flow = member.traffic().open(key);
          flow.transferred(10, 20);
        })
        .get(20, TimeUnit.SECONDS);
    soon()
        .until(() ->
            control.received.stream()
                .anyMatch(m ->
                    m instanceof ProxyMessage.Report(TrafficReport report)
                        && report.edges().stream()
                            .anyMatch(e ->
                                e.peer().equals("10.0.0.1")
                                    && e.opened() == 1
                                    && e.open() == 1
                                    && e.received() == 10
                                    && e.sent() == 20)));
    assertThat(member.metrics())
        .contains("selvage_tcp_open_connections{direction=\"outbound\",target_ip=\"10.0.0.1\"");
  }

  /** Reports late are reports all the same, and nobody waits for them. */
  @Test
  void whatCannotBeReportedWaitsAndIsReportedOnce() throws Exception {
    control.stop();
    control.window = 1_024;
    control.start();
    MeshMember member = connected(ProxyKind.SIDECAR);
    control.setReading(false);
    int opened = 0;
    for (int i = 0; i < 15; i++) {
      for (int peer = 1; peer <= 20; peer++) {
        String address = "10.7.0." + peer;
        loops.next().execute(() -> member.traffic().open(outboundTo(address)));
        opened++;
      }
      Thread.sleep(200); // five reports in all, which are more than there is room for
    }
    assertThat(member.isConnected()).isTrue();
    control.setReading(true);
    long expected = opened;
    soon().untilAsserted(() -> assertThat(reportedAsOpened()).isEqualTo(expected));
    assertThat(member.metrics()).contains("selvage_control_reports_dropped_total 0\n");
  }

  private long reportedAsOpened() {
    return control.received.stream()
        .filter(ProxyMessage.Report.class::isInstance)
        .map(ProxyMessage.Report.class::cast)
        .flatMap(message -> message.report().edges().stream())
        .filter(edge -> edge.peer().startsWith("10.7.0."))
        .mapToLong(TrafficReport.Edge::opened)
        .sum();
  }

  @Test
  void waitsForAControlPlaneThatIsNotThere() throws Exception {
    control.stop();
    MeshMember member = member(ProxyKind.SIDECAR);
    soon().untilAsserted(() -> assertThat(member.missing().orElse("")).contains("refused"));
    assertThat(find(member, "10.96.0.1", 80).state().answered()).isFalse();
    control.start();
    soon().until(member::isConnected);
  }
}
