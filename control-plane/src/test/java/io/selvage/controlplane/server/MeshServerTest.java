// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import static io.selvage.controlplane.fixture.Cluster.pod;
import static io.selvage.controlplane.fixture.Cluster.service;
import static io.selvage.controlplane.fixture.Cluster.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.fixture.Cluster;
import io.selvage.controlplane.fixture.TestMesh;
import io.selvage.controlplane.fixture.TestProxy;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.controlplane.sessions.SessionCounters;
import io.selvage.controlplane.sessions.SessionLimits;
import io.selvage.controlplane.sessions.Sessions;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.wire.CertifyCodec;
import io.selvage.model.wire.GrpcFrames;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.KeyCertOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MeshServerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final TestMesh MESH = new TestMesh(Cluster.TRUST_DOMAIN);
  private static final TestMesh STRANGERS = new TestMesh(Cluster.TRUST_DOMAIN);
  private static final TestMesh OTHER_DOMAIN = new TestMesh("other.example");
  private static final KeyCertOptions WEB = MESH.client("shop", "web");
  private static final PodRef WEB_1 = new PodRef("shop", "web-1");

  private final Vertx vertx = Vertx.vertx();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicReference<@Nullable ServerKeys> keys =
      new AtomicReference<>(MESH.serverKeys());
  private volatile ControlMessage.Bundle bundle = MESH.bundleMessage();
  private final List<TrafficReport> reports = new CopyOnWriteArrayList<>();
  private final List<ConnectedProxy> gone = new CopyOnWriteArrayList<>();
  private final List<TestProxy> proxies = new ArrayList<>();
  private final DiscoveryService discovery =
      new DiscoveryService(
          Cluster.TRUST_DOMAIN,
          Cluster.NAMESPACE,
          new InboundPolicies(
              InboundPolicy.ALL_UNAUTHENTICATED, InboundSettings.DEFAULT_CLUSTER_NETWORKS),
          problems -> {});
  private final Cluster cluster = new Cluster(discovery::onChange);
  private final CompletableFuture<Certify.Response> certified = new CompletableFuture<>();
  private Sessions sessions = sessions(SessionLimits.DEFAULT, true);
  private @Nullable MeshServer server;

  private Sessions sessions(SessionLimits limits, boolean tolerant) {
    var all =
        new Sessions(
            new Sessions.Parts(
                discovery,
                () -> bundle,
                new TrafficSink() {
                  @Override
                  public void report(ConnectedProxy from, TrafficReport report) {
                    reports.add(report);
                  }

                  @Override
                  public void gone(ConnectedProxy proxy) {
                    gone.add(proxy);
                  }
                },
                new SessionCounters(registry),
                InstantSource.system(),
                "replica-1",
                Duration.ofSeconds(5),
                tolerant,
                identity -> identity.serviceAccount().equals("gateway")),
            limits);
    all.admit();
    return all;
  }

  @BeforeEach
  void aPod() {
    cluster.put(pod("shop", "web-1", "10.1.0.1").account("web").make());
    await().atMost(PATIENCE).until(() -> discovery.pod(WEB_1).isPresent());
  }

  private int start(ServerLimits limits) {
    MeshServer started =
        join(
            MeshServer.start(
                vertx,
                "127.0.0.1",
                freePort(),
                new MeshServer.Services(
                    () -> Optional.ofNullable(keys.get()),
                    Cluster.TRUST_DOMAIN,
                    (request, peer) ->
                        request.token().equals("wrong")
                            ? CompletableFuture.failedFuture(
                                new RpcException(
                                    RpcException.Status.UNAUTHENTICATED, "no such täken"))
                            : certified,
                    sessions,
                    new SessionCounters(registry),
                    InstantSource.system()),
                limits));
    server = started;
    return started.port();
  }

  /** A port that is named, because one of Vert.x's choice is not shared among loops. */
  private static int freePort() {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int start() {
    return start(ServerLimits.DEFAULT);
  }

  private TestProxy open(int port, @Nullable KeyCertOptions certificate) {
    TestProxy proxy = TestProxy.open(vertx, port, certificate);
    proxies.add(proxy);
    return proxy;
  }

  private TestProxy connect(int port, PodRef pod) {
    TestProxy proxy = open(port, WEB);
    proxy.hello(pod, ProxyKind.SIDECAR);
    return proxy;
  }

  @AfterEach
  void close() {
    proxies.forEach(TestProxy::close);
    join(vertx.close());
    discovery.close();
  }

  private static <T> T join(io.vertx.core.Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private double count(String name) {
    return registry.find(name).counters().stream().mapToDouble(c -> c.count()).sum();
  }

  @Test
  void helloIsAnsweredAndDestinationsArePushedLive() {
    int port = start();
    cluster.put(
        service("shop", "web", "10.96.0.1").port("http", 80).make(),
        slice("shop", "web", "a").port("http", 8080).ready("10.1.0.1", "web-1").make());
    TestProxy proxy = connect(port, WEB_1);

    ControlMessage.Welcome welcome = proxy.await(ControlMessage.Welcome.class, w -> true);
    assertThat(welcome)
        .isEqualTo(new ControlMessage.Welcome(MeshProtocol.VERSION, "replica-1", 5_000));
    assertThat(proxy.await(ControlMessage.Bundle.class, b -> true)).isEqualTo(bundle);
    assertThat(proxy.await(ControlMessage.Inbound.class, i -> true).settings())
        .isEqualTo(InboundSettings.DEFAULT);

    proxy.send(new ProxyMessage.Subscribe(7, "10.96.0.1", 80));
    proxy.send(new ProxyMessage.Subscribe(8, "192.0.2.1", 443));
    DestinationUpdate first =
        proxy.await(ControlMessage.Destination.class, d -> d.id() == 7).update();
    assertThat(first.reset()).isTrue();
    assertThat(first.upserts()).singleElement().matches(e -> e.address().equals("10.1.0.1"));
    assertThat(proxy.await(ControlMessage.Destination.class, d -> d.id() == 8).update())
        .isEqualTo(DestinationUpdate.forward());

    cluster.put(slice("shop", "web", "b").port("http", 8080).ready("10.1.0.2", null).make());
    DestinationUpdate second =
        proxy
            .await(ControlMessage.Destination.class, d -> d.id() == 7 && !d.update().reset())
            .update();
    assertThat(second.upserts()).singleElement().matches(e -> e.address().equals("10.1.0.2"));

    proxy.send(new ProxyMessage.Unsubscribe(7));
    await().atMost(PATIENCE).until(() -> discovery.targets() == 1 && sessions.subscriptions() == 1);
  }

  @Test
  void aProxyIsListedWithWhatItSaid() {
    TestProxy proxy = connect(start(), WEB_1);
    proxy.await(ControlMessage.Welcome.class, w -> true);
    assertThat(sessions.proxies())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.identity().uri()).isEqualTo(Cluster.identity("shop", "web"));
          assertThat(p.podKnown()).isTrue();
          assertThat(p.bundle()).isEqualTo("fp");
          assertThat(p.certificateNotAfterMillis()).isGreaterThan(System.currentTimeMillis());
        });

    proxy.send(new ProxyMessage.State("newer", 12345));

    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(sessions.proxies())
                .singleElement()
                .matches(
                    p -> p.bundle().equals("newer") && p.certificateNotAfterMillis() == 12345));
    proxy.end();
    assertThat(proxy.awaitStatus()).isEqualTo("0");
    await().atMost(PATIENCE).until(() -> sessions.size() == 0 && gone.size() == 1);
  }

  /**
   * The proxies are asked how old their state is, not the control plane, which has no gap to them.
   */
  @Test
  void everybodyIsToldSinceWhenTheObjectsHaveBeenOutOfDate() {
    int port = start();
    TestProxy before = connect(port, WEB_1);
    before.await(ControlMessage.Bundle.class, b -> true);

    sessions.behind(Instant.now().minusSeconds(7_200));
    before.await(ControlMessage.Age.class, a -> a.millis() >= 7_200_000);
    TestProxy after = connect(port, PodRef.NONE);
    after.await(ControlMessage.Age.class, a -> a.millis() >= 7_200_000);

    sessions.behind(null);
    before.await(ControlMessage.Age.class, a -> a.millis() == 0);
    after.await(ControlMessage.Age.class, a -> a.millis() == 0);
  }

  @Test
  void aChangedBundleIsPushedToEverybody() {
    int port = start();
    TestProxy one = connect(port, WEB_1);
    TestProxy two = connect(port, PodRef.NONE);
    one.await(ControlMessage.Bundle.class, b -> true);
    two.await(ControlMessage.Bundle.class, b -> true);

    var next = new ControlMessage.Bundle("pem", "next", false);
    bundle = next;
    sessions.bundleChanged(true);

    for (TestProxy proxy : List.of(one, two)) {
      assertThat(proxy.await(ControlMessage.Bundle.class, b -> b.fingerprint().equals("next")))
          .isEqualTo(new ControlMessage.Bundle("pem", "next", true));
    }
  }

  @Test
  void reportsAreHandedOn() {
    TestProxy proxy = connect(start(), WEB_1);
    var report = new TrafficReport(1, 5_000, List.of(), List.of());
    proxy.send(new ProxyMessage.Report(report));
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(reports).containsExactly(report));
  }

  @Test
  void settingsOfThePodArePushedLive() {
    TestProxy proxy = connect(start(), WEB_1);
    proxy.await(ControlMessage.Inbound.class, i -> true);

    cluster.put(
        pod("shop", "web-1", "10.1.0.1")
            .account("web")
            .annotation("config.selvage.io/default-inbound-policy", "deny")
            .make());

    proxy.await(ControlMessage.Inbound.class, i -> i.settings().policy() == InboundPolicy.DENY);

    cluster.put(
        Cluster.namespace(
            "shop", Map.of("config.selvage.io/default-inbound-policy", "all-authenticated")),
        pod("shop", "web-1", "10.1.0.1").account("web").make());

    proxy.await(
        ControlMessage.Inbound.class,
        i -> i.settings().policy() == InboundPolicy.ALL_AUTHENTICATED);
  }

  @Test
  void gatewaysAreToldOfMeshedPodsByDifference() {
    TestProxy gateway = open(start(), MESH.client("selvage", "gateway"));
    gateway.hello(new PodRef("selvage", "gateway-1"), ProxyKind.GATEWAY);
    ControlMessage.Workloads first = gateway.await(ControlMessage.Workloads.class, w -> w.reset());
    assertThat(first.upserts())
        .containsExactly(
            new ControlMessage.KnownAddress(
                "10.1.0.1",
                Cluster.identity("shop", "web"),
                List.of(),
                new PodRef("shop", "web-1")));

    cluster.put(
        pod("shop", "web-2", "10.1.0.2")
            .account("web")
            .annotation("config.selvage.io/skip-inbound-ports", "25")
            .make(),
        pod("shop", "plain", "10.1.0.3").unmeshed().make());
    cluster.remove(pod("shop", "web-1").make());

    gateway.await(ControlMessage.Workloads.class, w -> w.removed().equals(List.of("10.1.0.1")));
    List<ControlMessage.Workloads> later =
        gateway.all(ControlMessage.Workloads.class).stream().filter(w -> !w.reset()).toList();
    assertThat(later.stream().flatMap(w -> w.upserts().stream()))
        .containsExactlyInAnyOrder(
            new ControlMessage.KnownAddress(
                "10.1.0.2",
                Cluster.identity("shop", "web"),
                List.of(new PortRange(25, 25)),
                new PodRef("shop", "web-2")),
            new ControlMessage.KnownAddress(
                "10.1.0.3", "", List.of(), new PodRef("shop", "plain")));
    assertThat(gateway.all(ControlMessage.Inbound.class)).isEmpty();
  }

  @Test
  void withoutACertificateThereIsNoStream() {
    TestProxy proxy = open(start(), null);
    assertThat(proxy.awaitStatus()).isEqualTo("16");
    assertThat(proxy.text()).contains("NoCertificate");
  }

  @Test
  void aCertificateOfStrangersIsNone() {
    TestProxy proxy = open(start(), STRANGERS.client("shop", "web"));
    assertThat(proxy.awaitStatus()).isEqualTo("16");
    assertThat(proxy.text()).contains("UnknownAuthority");
  }

  @Test
  void anotherTrustDomainIsRefusedEvenIfItsAuthorityIsBelieved() {
    keys.set(MESH.serverKeys(MESH.bundle().plus(OTHER_DOMAIN.bundle())));
    TestProxy proxy = open(start(), OTHER_DOMAIN.client("shop", "web"));
    assertThat(proxy.awaitStatus()).isEqualTo("16");
    assertThat(proxy.text()).contains("other.example");
  }

  @Test
  void anExpiredCertificateIsRefused() {
    TestProxy proxy =
        open(
            start(),
            MESH.client("shop", "web", Instant.now().minusSeconds(300), Duration.ofSeconds(60)));
    assertThat(proxy.awaitStatus()).isEqualTo("16");
    assertThat(proxy.text()).contains("Expired");
  }

  @Test
  void aStreamEndsWithTheCertificateItWasOpenedWith() {
    TestProxy proxy =
        open(start(), MESH.client("shop", "web", Instant.now(), Duration.ofSeconds(10)));
    proxy.hello(WEB_1, ProxyKind.SIDECAR);
    proxy.await(ControlMessage.Welcome.class, w -> true);
    assertThat(proxy.awaitStatus()).isEqualTo("16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop/other-1", "bank/web-1"})
  void nobodyMayBeAPodOfAnotherAccountOrNamespace(String name) {
    cluster.put(pod("shop", "other-1", "10.1.0.9").account("other").make());
    await().atMost(PATIENCE).until(() -> discovery.pod(new PodRef("shop", "other-1")).isPresent());
    String[] parts = name.split("/");
    TestProxy proxy = connect(start(), new PodRef(parts[0], parts[1]));
    assertThat(proxy.awaitStatus()).isEqualTo("7");
  }

  @Test
  void aGatewayMayNotPretendToBeAnotherPod() {
    TestProxy proxy = open(start(), MESH.client("shop", "gateway"));
    proxy.hello(WEB_1, ProxyKind.GATEWAY);
    assertThat(proxy.awaitStatus()).isEqualTo("7");
    assertThat(proxy.all(ControlMessage.Workloads.class)).isEmpty();
  }

  /** Gateways are told of every address there is. */
  @Test
  void onlyWhoMayBeAGatewayIsTaughtTheDirectory() {
    TestProxy proxy = open(start(), MESH.client("shop", "web"));
    proxy.hello(WEB_1, ProxyKind.GATEWAY);
    assertThat(proxy.awaitStatus()).isEqualTo("7");
    assertThat(proxy.text())
        .contains("spiffe://cluster.local/ns/shop/sa/web may not be a gateway of this mesh");
    assertThat(proxy.all(ControlMessage.Workloads.class)).isEmpty();
    assertThat(proxy.all(ControlMessage.Welcome.class)).isEmpty();
  }

  @Test
  void anUnknownPodIsToleratedWhereNobodyKnowsBetter() {
    int port = start();
    var late = new PodRef("shop", "late");
    TestProxy proxy = connect(port, late);
    assertThat(proxy.await(ControlMessage.Inbound.class, i -> true).settings())
        .isEqualTo(InboundSettings.DEFAULT);
    assertThat(sessions.proxies()).singleElement().matches(p -> !p.podKnown());

    cluster.put(pod("shop", "late", "10.1.0.5").account("other").make());

    assertThat(proxy.awaitStatus()).as("it is somebody else's").isEqualTo("7");
  }

  @Test
  void aPodsNameIsOneLine() {
    TestProxy proxy = connect(start(), new PodRef("shop", "late\nERROR all is lost"));
    assertThat(proxy.awaitStatus()).isEqualTo("3");
    assertThat(sessions.proxies()).isEmpty();
  }

  @Test
  void anUnknownPodIsRefusedInACluster() {
    sessions = sessions(SessionLimits.DEFAULT, false);
    TestProxy proxy = connect(start(), new PodRef("shop", "late"));
    assertThat(proxy.awaitStatus()).isEqualTo("9");
  }

  @Test
  void nobodyIsAnsweredBeforeTheObjectsAreKnown() {
    sessions =
        new Sessions(
            new Sessions.Parts(
                discovery,
                () -> bundle,
                TrafficSink.none(),
                new SessionCounters(registry),
                InstantSource.system(),
                "r",
                Duration.ofSeconds(5),
                true,
                identity -> false),
            SessionLimits.DEFAULT);
    int port = start();
    assertThat(connect(port, WEB_1).awaitStatus()).isEqualTo("14");
    sessions.admit();
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
  }

  @Test
  void keysAreSwappedWithoutANewListener() {
    int port = start();
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    keys.set(STRANGERS.serverKeys(STRANGERS.bundle().plus(MESH.bundle())));
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    TestProxy stranger = open(port, STRANGERS.client("shop", "web"));
    stranger.hello(WEB_1, ProxyKind.SIDECAR);
    stranger.await(ControlMessage.Welcome.class, w -> true);
    keys.set(STRANGERS.serverKeys());
    assertThat(open(port, WEB).awaitStatus()).isEqualTo("16");
  }

  @Test
  void subscriptionsOfASessionAreBounded() {
    sessions = sessions(limits(16, 1_000, 100, 4), true);
    TestProxy proxy = connect(start(), WEB_1);
    IntStream.rangeClosed(1, 16)
        .forEach(i -> proxy.send(new ProxyMessage.Subscribe(i, "10.9.0." + i, 80)));
    IntStream.rangeClosed(1, 16)
        .forEach(i -> proxy.await(ControlMessage.Destination.class, d -> d.id() == i));

    proxy.send(new ProxyMessage.Subscribe(17, "10.9.0.17", 80));

    assertThat(proxy.awaitStatus()).isEqualTo("8");
    await().atMost(PATIENCE).until(() -> sessions.subscriptions() == 0 && discovery.targets() == 0);
  }

  @Test
  void moreSubscriptionsThanMayWaitAreAllAnswered() {
    // Eight may wait for an answer: the stream is paused and read on again and again.
    sessions = sessions(limits(1_000, 1_000, 100, 4), true);
    TestProxy proxy = connect(start(), WEB_1);
    IntStream.rangeClosed(1, 1_000)
        .forEach(i ->
            proxy.send(new ProxyMessage.Subscribe(i, "10.0." + (i >> 8) + "." + (i & 255), 80)));
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> proxy.all(ControlMessage.Destination.class).size() == 1_000);
    assertThat(proxy.ended()).isFalse();
  }

  @Test
  void subscriptionsInAllAreBounded() {
    sessions = sessions(limits(16, 20, 100, 4), true);
    int port = start();
    TestProxy one = connect(port, WEB_1);
    TestProxy two = connect(port, WEB_1);
    IntStream.rangeClosed(1, 16)
        .forEach(i -> one.send(new ProxyMessage.Subscribe(i, "10.9.0." + i, 80)));
    one.await(ControlMessage.Destination.class, d -> d.id() == 16);
    IntStream.rangeClosed(1, 5)
        .forEach(i -> two.send(new ProxyMessage.Subscribe(i, "10.9.0." + i, 80)));
    assertThat(two.awaitStatus()).isEqualTo("8");
    assertThat(one.ended()).isFalse();
  }

  @Test
  void streamsOfAnIdentityAreBounded() {
    sessions = sessions(limits(16, 1_000, 2, 4), true);
    int port = start();
    connect(port, PodRef.NONE).await(ControlMessage.Welcome.class, w -> true);
    TestProxy second = connect(port, PodRef.NONE);
    second.await(ControlMessage.Welcome.class, w -> true);
    assertThat(connect(port, PodRef.NONE).awaitStatus()).isEqualTo("8");
    second.end();
    second.awaitStatus();
    await().atMost(PATIENCE).until(() -> sessions.size() == 1);
    connect(port, PodRef.NONE).await(ControlMessage.Welcome.class, w -> true);
  }

  @Test
  void aNewerStreamOfAPodTakesThePlaceOfTheOldest() {
    sessions = sessions(limits(16, 1_000, 100, 2), true);
    int port = start();
    TestProxy oldest = connect(port, WEB_1);
    oldest.await(ControlMessage.Welcome.class, w -> true);
    TestProxy older = connect(port, WEB_1);
    older.await(ControlMessage.Welcome.class, w -> true);
    assertThat(oldest.ended()).isFalse();
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    assertThat(oldest.awaitStatus()).isEqualTo("14");
    assertThat(older.ended()).isFalse();
  }

  private static SessionLimits limits(int subscriptions, int inAll, int perIdentity, int perPod) {
    return new SessionLimits(
        subscriptions,
        inAll,
        perIdentity,
        perPod,
        8,
        Duration.ofSeconds(10),
        Duration.ofSeconds(10),
        10);
  }

  @Test
  void aSlowReaderIsCutOffAndGetsAllWhenItComesBack() {
    sessions =
        sessions(
            new SessionLimits(
                100, 1_000, 100, 4, 8, Duration.ofSeconds(10), Duration.ofSeconds(2), 10),
            true);
    int port = start();
    TestProxy slow = connect(port, WEB_1);
    TestProxy quick = connect(port, WEB_1);
    for (TestProxy proxy : List.of(slow, quick)) {
      proxy.await(ControlMessage.Welcome.class, w -> true);
      proxy.send(new ProxyMessage.Subscribe(1, "10.96.0.1", 80));
      proxy.await(ControlMessage.Destination.class, d -> d.id() == 1);
    }
    slow.stopReading();

    int round = 0;
    while (count("selvage.control.slow.readers") == 0 && round < 400) {
      cluster.put(big(round++));
      sleep(50);
    }

    assertThat(count("selvage.control.slow.readers")).isEqualTo(1);
    await().atMost(PATIENCE).until(() -> sessions.size() == 1);
    assertThat(quick.ended()).isFalse();
    String last = "10.2." + (round - 1) % 250 + ".7";
    quick.await(
        ControlMessage.Destination.class,
        d -> d.update().upserts().stream().anyMatch(e -> e.address().equals(last)));

    TestProxy again = connect(port, WEB_1);
    again.send(new ProxyMessage.Subscribe(1, "10.96.0.1", 80));
    DestinationUpdate whole =
        again.await(ControlMessage.Destination.class, d -> d.id() == 1).update();
    assertThat(whole.reset()).isTrue();
    assertThat(whole.upserts()).hasSize(1_000).anyMatch(e -> e.address().equals(last));
    slow.readOn();
    assertThat(slow.awaitStatus()).isNotEqualTo("0");
  }

  /** A Service of 1,000 endpoints, each round others, so that every message is a large one. */
  private static KubeObject[] big(int round) {
    var slice = slice("shop", "web", "a").port("http", 8080);
    for (int i = 0; i < 1_000; i++) {
      slice.ready("10." + (2 + i / 250) + "." + round % 250 + "." + (i % 250), null);
    }
    return new KubeObject[] {
      service("shop", "web", "10.96.0.1").port("http", 80).make(), slice.make()
    };
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void theFirstMessageIsHelloAndThereIsOnlyOne() {
    int port = start();
    TestProxy rude = open(port, WEB);
    rude.send(new ProxyMessage.Subscribe(1, "10.96.0.1", 80));
    assertThat(rude.awaitStatus()).isEqualTo("3");

    TestProxy twice = connect(port, WEB_1);
    twice.hello(WEB_1, ProxyKind.SIDECAR);
    assertThat(twice.awaitStatus()).isEqualTo("3");
  }

  @Test
  void whoeverSaysNothingIsCutOff() {
    sessions =
        sessions(
            new SessionLimits(
                100, 1_000, 100, 4, 8, Duration.ofMillis(300), Duration.ofSeconds(10), 10),
            true);
    TestProxy mute = open(start(), WEB);
    assertThat(mute.awaitStatus()).isEqualTo("3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nonsense", "1.2.3.4.5", "fe80::1%eth0", "example.com"})
  void whatIsNoAddressEndsTheStreamOnly(String address) {
    int port = start();
    TestProxy other = connect(port, WEB_1);
    other.await(ControlMessage.Welcome.class, w -> true);
    TestProxy proxy = connect(port, WEB_1);
    proxy.send(new ProxyMessage.Subscribe(1, address, 80));
    assertThat(proxy.awaitStatus()).isEqualTo("3");
    assertThat(other.ended()).isFalse();
    assertThat(count("selvage.control.malformed.messages")).isEqualTo(1);
  }

  @Test
  void aNumberGivenTwiceEndsTheStream() {
    TestProxy proxy = connect(start(), WEB_1);
    proxy.send(new ProxyMessage.Subscribe(1, "10.96.0.1", 80));
    proxy.send(new ProxyMessage.Subscribe(1, "10.96.0.2", 80));
    assertThat(proxy.awaitStatus()).isEqualTo("3");
  }

  @Test
  void garbageEndsItsStreamAndNothingElse() {
    int port = start();
    TestProxy other = connect(port, WEB_1);
    other.await(ControlMessage.Welcome.class, w -> true);
    byte[][] garbage = {
      GrpcFrames.frame(new byte[] {(byte) 0xff, 1, 2, 3}),
      {1, 0, 0, 0, 1, 0},
      {0, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff},
      {0, 0, 64, 0, 1, 0},
    };
    for (byte[] bytes : garbage) {
      TestProxy proxy = open(port, WEB);
      proxy.raw(bytes);
      assertThat(proxy.awaitStatus()).as(Arrays.toString(bytes)).isEqualTo("3");
    }
    var random = new Random(20_260_101);
    for (int i = 0; i < 40; i++) {
      TestProxy proxy = connect(port, WEB_1);
      byte[] noise = new byte[1 + random.nextInt(300)];
      random.nextBytes(noise);
      proxy.raw(GrpcFrames.frame(noise));
      proxy.end();
      assertThat(proxy.awaitStatus()).isIn("0", "3");
    }
    assertThat(other.ended()).isFalse();
    other.send(new ProxyMessage.Subscribe(1, "192.0.2.1", 80));
    other.await(ControlMessage.Destination.class, d -> d.id() == 1);
  }

  @Test
  void bytesThatAreNoTlsHurtNobody() throws Exception {
    int port = start();
    for (int i = 0; i < 5; i++) {
      try (var socket = new Socket("127.0.0.1", port)) {
        socket
            .getOutputStream()
            .write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        byte[] noise = new byte[1_000];
        new SecureRandom().nextBytes(noise);
        socket.getOutputStream().write(noise);
      }
    }
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
  }

  @Test
  void otherPathsAndTypesAreRefused() {
    int port = start();
    TestProxy elsewhere = TestProxy.open(vertx, port, WEB, "/nowhere", "application/grpc");
    proxies.add(elsewhere);
    assertThat(elsewhere.awaitStatus()).isEqualTo("12");
    TestProxy json =
        TestProxy.open(vertx, port, WEB, MeshProtocol.CONNECT_PATH, "application/json");
    proxies.add(json);
    assertThat(json.awaitStatus()).isEqualTo("HTTP 415");
  }

  @Test
  void certifyNeedsNoCertificate() throws Exception {
    int port = start();
    var answer = new Certify.Response("spiffe://x", List.of("pem"), 1, "bundle", "fp");
    certified.complete(answer);
    byte[] body = certify(port, GrpcFrames.frame(CertifyCodec.encode(request("right"))));
    var got = new ArrayList<Certify.Response>();
    new GrpcFrames().read(body, 0, body.length, m -> got.add(CertifyCodec.decodeResponse(m)));
    assertThat(got).containsExactly(answer);
  }

  @Test
  void certifySaysWhyItRefuses() {
    int port = start();
    byte[] good = GrpcFrames.frame(CertifyCodec.encode(request("right")));
    byte[] twice = Arrays.copyOf(good, good.length * 2);
    System.arraycopy(good, 0, twice, good.length, good.length);
    byte[] large = new byte[ServerLimits.DEFAULT.certifyBytes() + 1];
    // A message of a length that may be announced, but not sent here.
    large[2] = 8;

    assertThat(refusal(port, GrpcFrames.frame(CertifyCodec.encode(request("wrong")))))
        .isEqualTo("16");
    assertThat(refusal(port, GrpcFrames.frame(new byte[] {(byte) 0xff}))).isEqualTo("3");
    assertThat(refusal(port, new byte[0])).isEqualTo("3");
    assertThat(refusal(port, new byte[] {0, 0, 0})).isEqualTo("3");
    assertThat(refusal(port, twice)).isEqualTo("3");
    assertThat(refusal(port, large)).isEqualTo("8");
    certified.completeExceptionally(new IllegalStateException("inner secret"));
    assertThat(refusal(port, good)).isEqualTo("13");
    assertThat(proxies.getLast().text()).doesNotContain("secret");
  }

  private String refusal(int port, byte[] body) {
    TestProxy caller =
        TestProxy.open(vertx, port, null, MeshProtocol.CERTIFY_PATH, "application/grpc");
    proxies.add(caller);
    caller.raw(body);
    caller.end();
    return caller.awaitStatus();
  }

  private static Certify.Request request(String token) {
    return new Certify.Request(token, new byte[] {1}, WEB_1);
  }

  private byte[] certify(int port, byte[] body) {
    HttpClient client = strangerClient();
    try {
      var response =
          join(
              client
                  .request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CERTIFY_PATH)
                  .compose(request -> {
                    request.putHeader("content-type", "application/grpc");
                    return request
                        .send(Buffer.buffer(body))
                        .compose(r -> r.body().map(b -> Map.entry(r, b)));
                  }));
      assertThat(response.getKey().getTrailer("grpc-status")).isEqualTo("0");
      return response.getValue().getBytes();
    } finally {
      join(client.close());
    }
  }

  @Test
  void connectionsAreBounded() {
    int port = start(ServerLimits.DEFAULT.withConnections(2));
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    assertThat(statusOfOneMore(port)).startsWith("failed: ");
    assertThat(sessions.size()).isEqualTo(2);
  }

  /** Whoever is known has a share of the room, not all of it. */
  @Test
  void theConnectionsOfOneMemberAreBounded() {
    int port = start(ServerLimits.DEFAULT.withMembersPerIdentity(2));
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);
    assertThat(statusOfOneMore(port)).startsWith("failed: ");
    assertThat(sessions.size()).isEqualTo(2);
    assertThat(registry.get("selvage.control.refused.streams").counters())
        .anyMatch(c -> "TooManyOfMember".equals(c.getId().getTag("reason")));
    HttpClient stranger = strangerClient();
    join(stranger.request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CERTIFY_PATH));
    join(stranger.close());
  }

  private String statusOfOneMore(int port) {
    try {
      return connect(port, WEB_1).awaitStatus();
    } catch (RuntimeException e) {
      return "failed: " + e;
    }
  }

  @Test
  void aConnectionThatAsksForNothingIsClosed() throws Exception {
    int port =
        start(ServerLimits.DEFAULT.withPatience(Duration.ofSeconds(2), Duration.ofSeconds(60)));
    HttpClient client = strangerClient();
    // The request is made, its head is never written: the connection stays without a stream.
    var request =
        join(client.request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CONNECT_PATH));
    var closed = new CompletableFuture<Boolean>();
    request.connection().closeHandler(v -> closed.complete(true));
    assertThat(closed.get(20, TimeUnit.SECONDS)).isTrue();
    join(client.close());
  }

  @Test
  void whoShowsNoCertificateHasLittleRoom() throws Exception {
    int port = start(ServerLimits.DEFAULT.withStrangers(1, Duration.ofMinutes(1)));
    HttpClient first = strangerClient();
    HttpClient second = strangerClient();
    join(first.request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CERTIFY_PATH));
    var closed = new CompletableFuture<Boolean>();
    // Whoever is let in waits for an answer here: nobody completes it.
    second
        .request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CERTIFY_PATH)
        .compose(r -> {
          r.putHeader("content-type", "application/grpc");
          return r.send(Buffer.buffer(GrpcFrames.frame(CertifyCodec.encode(request("right")))));
        })
        .onComplete(answer -> closed.complete(answer.failed()));

    assertThat(closed.get(20, TimeUnit.SECONDS)).isTrue();
    connect(port, WEB_1).await(ControlMessage.Welcome.class, w -> true);

    assertThat(registry.get("selvage.control.refused.streams").counters())
        .anyMatch(c -> "TooManyStrangers".equals(c.getId().getTag("reason")));

    join(first.close());
    certified.complete(new Certify.Response("spiffe://x", List.of("pem"), 1, "bundle", "fp"));
    byte[] body = GrpcFrames.frame(CertifyCodec.encode(request("right")));
    await().atMost(PATIENCE).ignoreExceptions().until(() -> certify(port, body).length > 0);
    join(second.close());
  }

  @Test
  void whoShowsNoCertificateHasLittleTimeWhateverHeDoes() throws Exception {
    int port = start(ServerLimits.DEFAULT.withStrangers(10, Duration.ofSeconds(3)));
    HttpClient client = strangerClient();
    // The request has begun, so the connection is in use; its body never comes.
    var request =
        join(client.request(HttpMethod.POST, port, "127.0.0.1", MeshProtocol.CERTIFY_PATH));
    var closed = new CompletableFuture<Boolean>();
    request.connection().closeHandler(v -> closed.complete(true));
    request.putHeader("content-type", "application/grpc").setChunked(true);
    join(request.writeHead());

    // Earlier than anything else would end it: the body has 10 s.
    assertThat(closed.get(8, TimeUnit.SECONDS)).isTrue();
    join(client.close());
  }

  /** Each costs an answer, and no limit of streams or bytes bounds them. */
  @Test
  void aFloodOfPingsIsCutAtItsLimit() throws Exception {
    int port =
        start(
            ServerLimits.DEFAULT
                .withControlFramesWithin(Duration.ofMinutes(10))
                .withPatience(Duration.ofMinutes(1), Duration.ofMinutes(1)));
    int most = ServerLimits.DEFAULT.controlFrames();
    HttpClient client = strangerClient();
    var farewell = new CompletableFuture<Long>();
    // On the connection's own loop: Vert.x files a ping called from elsewhere only after it is
    // sent, so that its answer may come first, find nobody waiting and be lost.
    Context loop = vertx.getOrCreateContext();
    HttpConnection connection =
        join(
            on(
                loop,
                () ->
                    client
                        .request(
                            new RequestOptions()
                                .setMethod(HttpMethod.POST)
                                .setHost("127.0.0.1")
                                .setPort(port)
                                .setURI(MeshProtocol.CERTIFY_PATH))
                        .map(HttpClientRequest::connection)));
    connection.goAwayHandler(goAway -> {
      // The client hands over a counted copy of its own and leaves it to us.
      ((BufferInternal) goAway.getDebugData()).unwrap().release();
      farewell.complete(goAway.getErrorCode());
    });
    // Our SETTINGS were the first one.
    join(on(loop, () -> pings(connection, most - 1)));
    assertThat(farewell).isNotDone();
    loop.runOnContext(v -> pings(connection, 2));
    assertThat(farewell.get(30, TimeUnit.SECONDS)).isEqualTo(11);
    await()
        .atMost(PATIENCE)
        .until(() ->
            registry
                    .find("selvage.control.refused.streams")
                    .tag("reason", "TooManyControlFrames")
                    .counter()
                != null);
    join(client.close());
  }

  private static io.vertx.core.Future<?> pings(HttpConnection connection, int number) {
    return io.vertx.core.Future.all(
        IntStream.range(0, number)
            .mapToObj(i -> connection.ping(Buffer.buffer(new byte[8])))
            .toList());
  }

  private static <T> io.vertx.core.Future<T> on(
      Context loop, Supplier<io.vertx.core.Future<T>> call) {
    Promise<T> answer = Promise.promise();
    loop.runOnContext(v -> call.get().onComplete(answer));
    return answer.future();
  }

  private HttpClient strangerClient() {
    return vertx.createHttpClient(
        new HttpClientOptions()
            .setSsl(true)
            .setTrustAll(true)
            .setVerifyHost(false)
            .setUseAlpn(true)
            .setProtocolVersion(HttpVersion.HTTP_2));
  }

  @Test
  void drainingEndsEveryStreamAndTheConnections() {
    int port = start();
    TestProxy one = connect(port, WEB_1);
    TestProxy two = connect(port, WEB_1);
    one.await(ControlMessage.Welcome.class, w -> true);
    two.await(ControlMessage.Welcome.class, w -> true);

    sessions.drain(Duration.ofMillis(200));
    MeshServer running = Objects.requireNonNull(server);
    join(running.shutdown(Duration.ofSeconds(15)));

    assertThat(one.awaitStatus()).isEqualTo("14");
    assertThat(two.awaitStatus()).isEqualTo("14");
    await().atMost(PATIENCE).until(() -> running.connections() == 0);
  }
}
