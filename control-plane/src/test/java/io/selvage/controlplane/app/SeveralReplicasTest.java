// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.api.TapApi;
import io.selvage.controlplane.api.TrafficApi;
import io.selvage.controlplane.fixture.TestProxy;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.observation.Observation;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.KindSelection;
import io.selvage.kube.TokenVerifier;
import io.selvage.kube.folder.FolderLimits;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ReplicaCodec;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Inet6Address;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two replicas of a control plane, each on an address of its own, with one issuer. */
class SeveralReplicasTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: %s, namespace: %s, labels: {selvage.io/control-plane-ns: selvage}}
      spec: {serviceAccountName: %s}
      status: {phase: Running, podIP: %s, conditions: [{type: Ready, status: "True"}]}
      ---
      """;

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<AutoCloseable> open = new ArrayList<>();
  private ControlPlaneProcess a;
  private ControlPlaneProcess b;
  private String bHost = "127.0.0.3";

  @BeforeEach
  void start() throws Exception {
    Path manifests = Files.createDirectory(folder.resolve("manifests"));
    Files.writeString(
        manifests.resolve("pods.yaml"),
        POD.formatted("cp-a", "selvage", "control-plane", "127.0.0.2")
            + POD.formatted("cp-b", "selvage", "control-plane", "127.0.0.3")
            + POD.formatted("web-1", "shop", "web", "10.1.0.1")
            + POD.formatted("api-1", "shop", "api", "10.1.0.2"));
    for (int attempt = 1; ; attempt++) {
      a = start("cp-a", "127.0.0.2", 0);
      try {
        b = start("cp-b", "127.0.0.3", a.grpcPort());
        return;
      } catch (IOException e) {
        // The port that was free at one address is taken at the other.
        if (attempt == 5) {
          throw e;
        }
        a.close();
      }
    }
  }

  @AfterEach
  void close() throws Exception {
    Collections.reverse(open);
    for (AutoCloseable one : open) {
      one.close();
    }
    http.shutdownNow();
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private ControlPlaneProcess start(String pod, String address, int port) throws Exception {
    ControlPlaneProcess process =
        ControlPlaneProcess.start(
            ControlPlaneOptions.defaults().withPorts(port, 0, 0).withAddress(address),
            new FolderSource(
                folder.resolve("manifests"), FolderLimits.DEFAULT, KindSelection.CONTROL_PLANE),
            new ControlPlaneProcess.IdentityParts(
                new FolderStorage(folder.resolve("identity")),
                token -> new TokenVerifier.Refused("nobody is known"),
                IdentityEvents.NONE,
                RotatePermission.loopback()),
            SeveralReplicasTest::traffic,
            InstantSource.system(),
            pod);
    open.add(process);
    process.ready().get(30, TimeUnit.SECONDS);
    return process;
  }

  private static ControlPlaneProcess.Traffic traffic(ClusterView view, MeterRegistry metrics) {
    Observation observation = Observation.start(ObservationOptions.defaults(), view, metrics);
    return new ControlPlaneProcess.Traffic() {
      @Override
      public TrafficSink sink() {
        return observation.sink();
      }

      @Override
      public List<ApiRoutes> routes() {
        return List.of(
            new TrafficApi(observation.query()),
            new TapApi(observation.taps(), TapPermission.loopback()));
      }

      @Override
      public void connect(ProxyFleet fleet) {
        observation.connect(fleet);
      }

      @Override
      public void silentReplicas(Supplier<List<String>> silent) {
        observation.silentReplicas(silent);
      }

      @Override
      public void close() {
        observation.close();
      }
    };
  }

  /** A certificate from the issuer that both keep in the folder. */
  private PemKeyCertOptions certificate(String namespace, String account) throws IOException {
    Path identity = folder.resolve("identity");
    TrustBundle bundle =
        TrustBundle.of(PemText.certificates(Files.readString(identity.resolve("ca.crt"))));
    var parsed =
        (Issuer.Parsed.Accepted)
            Issuer.parse(
                Files.readString(identity.resolve("tls.crt")),
                Files.readString(identity.resolve("tls.key")),
                bundle,
                Instant.now());
    KeyPair keys = WorkloadKeys.create();
    var leaf =
        parsed
            .issuer()
            .issue(
                new WorkloadIdentity("cluster.local", namespace, account),
                keys.getPublic(),
                Instant.now(),
                Duration.ofHours(1),
                Duration.ZERO);
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(PemText.write(leaf.chain())))
        .addKeyValue(Buffer.buffer(WorkloadKeys.pem(keys.getPrivate())));
  }

  /** A sidecar that keeps its stream to the first replica. */
  private TestProxy proxyOfA() throws IOException {
    TestProxy proxy =
        TestProxy.connect(
            vertx,
            "127.0.0.2",
            a.grpcPort(),
            certificate("shop", "web"),
            new PodRef("shop", "web-1"),
            ProxyKind.SIDECAR);
    open.add(proxy);
    proxy.await(ControlMessage.Inbound.class, i -> true);
    return proxy;
  }

  private String get(ControlPlaneProcess process, String path) throws Exception {
    return http.send(
            HttpRequest.newBuilder(uri(process, path)).timeout(Duration.ofSeconds(20)).build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private String metrics(ControlPlaneProcess process) throws Exception {
    String host = process == a ? "127.0.0.2" : bHost;
    return http.send(
            HttpRequest.newBuilder(
                    URI.create("http://" + host + ":" + process.adminPort() + "/metrics"))
                .timeout(Duration.ofSeconds(20))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private URI uri(ControlPlaneProcess process, String path) {
    String host = process == a ? "127.0.0.2" : bHost;
    return URI.create("http://" + host + ":" + process.apiPort() + "/api/v1/" + path);
  }

  private void awaitIn(ControlPlaneProcess process, String path, String text) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(get(process, path)).contains(text));
  }

  private static ProxyMessage.Report report(long sequence) {
    return new ProxyMessage.Report(
        new TrafficReport(
            sequence,
            1_000,
            List.of(
                new TrafficReport.Edge(
                    Direction.OUTBOUND,
                    "10.1.0.2",
                    80,
                    "spiffe://cluster.local/ns/shop/sa/api",
                    "",
                    "",
                    Security.SECURED,
                    false,
                    10,
                    10,
                    List.of(),
                    1,
                    1,
                    100,
                    100)),
            List.of(
                new TrafficReport.Call(
                    Direction.OUTBOUND, "10.1.0.2", 80, "", "GET", "/", 10, 10, 1, 9, 5))));
  }

  @Test
  void eachKnowsWhatTheProxiesOfTheOtherReport() throws Exception {
    TestProxy proxy = proxyOfA();
    awaitIn(b, "overview", "\"web-1\"");
    // The replicas dial each other when they see the other's pod: report until both are heard.
    long[] sequence = {0};
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> {
          proxy.send(report(++sequence[0]));
          assertThat(get(b, "edges?type=po&namespace=shop")).contains("\"web-1\"", "\"api-1\"");
        });
    awaitIn(a, "edges?type=po&namespace=shop", "\"api-1\"");
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(metrics(b)) // whose port was chosen, so that it is told from the others
                .as("the other replica's connection is past it")
                .contains("selvage_control_handshakes 0.0\n"));
    for (ControlPlaneProcess one : List.of(a, b)) {
      awaitIn(one, "edges?type=po&namespace=shop", "\"notes\":[]");
      assertThat(get(one, "overview")).doesNotContain("ReplicaSilent");
    }

    proxy.close();
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(get(b, "overview"))
                .contains("\"proxy_count\":0")
                .contains("\"proxies\":[]"));
  }

  /** Its first address is what the others dial. */
  @Test
  void aReplicaWithAnIpv6AddressIsToldToo() throws Exception {
    assumeTrue(hasIpv6Loopback(), "skipped: this machine has no address ::1");
    b.close();
    Files.writeString(
        folder.resolve("manifests/pods.yaml"),
        POD.formatted("cp-a", "selvage", "control-plane", "127.0.0.2")
            + POD.formatted("cp-b", "selvage", "control-plane", "'::1'")
            + POD.formatted("web-1", "shop", "web", "10.1.0.1"));
    bHost = "[::1]";
    b = start("cp-b", "::1", a.grpcPort());
    proxyOfA();
    awaitIn(b, "overview", "\"web-1\"");
    awaitIn(b, "stat?resource=deploy", "\"notes\":[]");
    awaitIn(a, "stat?resource=deploy", "\"notes\":[]");
  }

  private static boolean hasIpv6Loopback() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .anyMatch(address -> address instanceof Inet6Address && address.isLoopbackAddress());
  }

  /** Nothing is lost and nothing counted twice, whoever the proxy keeps its stream to. */
  @Test
  void everyRequestIsCountedOnceAtEachReplica() throws Exception {
    TestProxy proxy = proxyOfA();
    awaitIn(b, "overview", "\"web-1\"");
    for (long sequence = 1; sequence <= 5; sequence++) {
      proxy.send(report(sequence));
    }
    awaitRequests(a, 50);
    awaitRequests(b, 50);

    proxy.close();
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(get(b, "overview")).contains("\"proxy_count\":0"));
    TestProxy moved =
        TestProxy.connect(
            vertx,
            "127.0.0.3",
            b.grpcPort(),
            certificate("shop", "web"),
            new PodRef("shop", "web-1"),
            ProxyKind.SIDECAR);
    open.add(moved);
    moved.await(ControlMessage.Inbound.class, i -> true);
    awaitIn(a, "overview", "\"web-1\"");
    moved.send(report(5)); // it does not know that this one has arrived
    for (long sequence = 6; sequence <= 9; sequence++) {
      moved.send(report(sequence));
    }
    awaitRequests(a, 90);
    awaitRequests(b, 90);

    // What the first replica knew went with it; the second one is dialled again and goes on.
    a.close();
    awaitIn(b, "overview", "ReplicaSilent");
    a = start("cp-a", "127.0.0.2", b.grpcPort());
    awaitIn(a, "overview", "\"web-1\"");
    for (long sequence = 10; sequence <= 12; sequence++) {
      moved.send(report(sequence));
    }
    awaitRequests(b, 120);
    awaitRequests(a, 30);
  }

  /** All requests that were taken in; the test has reported them. */
  private void awaitRequests(ControlPlaneProcess process, int requests) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(
                    JSON.readTree(get(process, "top?resource=po/web-1&namespace=shop"))
                        .findValuesAsText("count"))
                .containsExactly(Integer.toString(requests)));
  }

  @Test
  void aReplicaThatIsNotHeardIsNamed() throws Exception {
    awaitIn(b, "stat?resource=deploy", "\"notes\":[]");
    a.close();
    awaitIn(b, "stat?resource=deploy", "the replica cp-a is not heard");
    awaitIn(b, "overview", "ReplicaSilent");
    Files.writeString(
        folder.resolve("manifests/pods.yaml"),
        POD.formatted("cp-b", "selvage", "control-plane", "127.0.0.3"));
    awaitIn(b, "stat?resource=deploy", "\"notes\":[]");
  }

  @Test
  void aTapAtOneReplicaReachesTheProxiesOfTheOther() throws Exception {
    TestProxy proxy = proxyOfA();
    List<String> linesOfA = tap(a);
    List<String> linesOfB = tap(b);
    awaitLine(linesOfA, "\"proxies\":1");
    awaitLine(linesOfB, "\"proxies\":1");
    await().atMost(PATIENCE).until(() -> numbers(proxy).size() == 2);

    for (long number : numbers(proxy)) {
      proxy.send(new ProxyMessage.Tapped(number, 0, event("/of-" + (number < 1_000 ? "a" : "b"))));
    }
    awaitLine(linesOfA, "/of-a");
    awaitLine(linesOfB, "/of-b");
    assertThat(linesOfA).noneMatch(line -> line.contains("/of-b"));
    assertThat(linesOfB).noneMatch(line -> line.contains("/of-a"));

    b.close();
    await()
        .atMost(PATIENCE)
        .untilAsserted(() ->
            assertThat(proxy.all(ControlMessage.Tap.class))
                .anyMatch(tap -> tap.id() > 1_000 && tap.maxPerSecond() == 0));
  }

  private static List<Long> numbers(TestProxy proxy) {
    return proxy.all(ControlMessage.Tap.class).stream()
        .map(ControlMessage.Tap::id)
        .distinct()
        .toList();
  }

  private static void awaitLine(List<String> lines, String text) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(lines).anyMatch(line -> line.contains(text)));
  }

  private List<String> tap(ControlPlaneProcess process) throws Exception {
    HttpResponse<InputStream> answer =
        http.send(
            HttpRequest.newBuilder(uri(process, "tap?resource=po/web-1&namespace=shop")).build(),
            HttpResponse.BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    var lines = new CopyOnWriteArrayList<String>();
    var reader = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
    Thread.ofVirtual()
        .start(() -> {
          try {
            for (String line; (line = reader.readLine()) != null; ) {
              lines.add(line);
            }
          } catch (IOException e) {
            // The replica was closed.
          }
        });
    return lines;
  }

  private static TapEvent event(String path) {
    return new TapEvent(
        1,
        Direction.INBOUND,
        "10.1.0.2:4000",
        "10.1.0.1:80",
        "10.1.0.2",
        "",
        "",
        "",
        Security.NO_TLS_FROM_REMOTE,
        false,
        "GET",
        "http",
        "web",
        path,
        200,
        -1,
        10,
        20,
        0,
        5,
        "ok",
        false,
        List.of());
  }

  /** Whoever may tell of proxies may say anything of anybody's traffic. */
  @Test
  void nobodyElseTellsOfProxies() throws Exception {
    TestProxy web = share(certificate("shop", "web"));
    assertThat(web.awaitStatus()).isEqualTo("7");
    assertThat(web.text()).contains("is no replica of this control plane");

    TestProxy nobody = share(null);
    assertThat(nobody.awaitStatus()).isEqualTo("16");

    TestProxy silent = share(certificate("selvage", "control-plane"));
    silent.raw(GrpcFrames.frame(ReplicaCodec.encode(new ReplicaMessage.Gone(1))));
    assertThat(silent.awaitStatus()).isEqualTo("3");
  }

  private TestProxy share(@org.jspecify.annotations.Nullable PemKeyCertOptions certificate) {
    TestProxy caller =
        TestProxy.open(
            vertx,
            "127.0.0.2",
            a.grpcPort(),
            certificate,
            MeshProtocol.SHARE_PATH,
            "application/grpc");
    open.add(caller);
    return caller;
  }
}
