// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.fixture.TestProxy;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.KindSelection;
import io.selvage.kube.TokenVerifier;
import io.selvage.kube.folder.FolderLimits;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlPlaneProcessTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: web-1, namespace: shop, labels: {selvage.io/control-plane-ns: selvage}}
      spec: {serviceAccountName: web}
      status: {podIP: 127.0.0.2}
      """;

  @TempDir private Path folder;
  private final Vertx vertx = Vertx.vertx();

  @BeforeEach
  void manifests() throws IOException {
    Files.createDirectory(folder.resolve("manifests"));
    Files.writeString(folder.resolve("manifests/pod.yaml"), POD);
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private ControlPlaneProcess start(ControlPlaneOptions options) throws IOException {
    return ControlPlaneProcess.start(
        options,
        new FolderSource(
            folder.resolve("manifests"), FolderLimits.DEFAULT, KindSelection.CONTROL_PLANE),
        new ControlPlaneProcess.IdentityParts(
            new FolderStorage(folder.resolve("identity")),
            token -> new TokenVerifier.Refused("nobody is known"),
            IdentityEvents.NONE,
            RotatePermission.loopback()),
        ControlPlaneProcessTest::noTraffic,
        InstantSource.system());
  }

  private static ControlPlaneProcess.Traffic noTraffic(ClusterView view, MeterRegistry metrics) {
    return new ControlPlaneProcess.Traffic() {
      @Override
      public TrafficSink sink() {
        return TrafficSink.none();
      }

      @Override
      public List<ApiRoutes> routes() {
        return List.of();
      }

      @Override
      public void close() {}
    };
  }

  private static ControlPlaneOptions options() {
    return ControlPlaneOptions.defaults().withPorts(0, 0, 0);
  }

  /** A certificate from the very issuer the process keeps in its folder. */
  private PemKeyCertOptions certificate() throws IOException {
    Path identity = folder.resolve("identity");
    TrustBundle bundle =
        TrustBundle.of(PemText.certificates(Files.readString(identity.resolve("ca.crt"))));
    Issuer.Parsed parsed =
        Issuer.parse(
            Files.readString(identity.resolve("tls.crt")),
            Files.readString(identity.resolve("tls.key")),
            bundle,
            Instant.now());
    KeyPair keys = WorkloadKeys.create();
    var leaf =
        ((Issuer.Parsed.Accepted) parsed)
            .issuer()
            .issue(
                new WorkloadIdentity("cluster.local", "shop", "web"),
                keys.getPublic(),
                Instant.now(),
                Duration.ofHours(1),
                Duration.ZERO);
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(PemText.write(leaf.chain())))
        .addKeyValue(Buffer.buffer(WorkloadKeys.pem(keys.getPrivate())));
  }

  @Test
  void itSaysThatItLeavesAndServesOn() throws Exception {
    try (ControlPlaneProcess process = start(options())) {
      process.ready().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      CompletableFuture<Void> leaving =
          CompletableFuture.runAsync(() -> process.drainAndClose(Duration.ofMinutes(10)));
      await()
          .atMost(PATIENCE)
          .until(() -> get(process.adminPort(), "/ready").body().equals("draining\n"));
      assertThat(get(process.adminPort(), "/live").statusCode()).isEqualTo(200);
      // A proxy that was sent here a moment ago is served.
      try (TestProxy proxy =
          TestProxy.connect(
              vertx,
              process.grpcPort(),
              certificate(),
              new PodRef("shop", "web-1"),
              ProxyKind.SIDECAR)) {
        proxy.await(ControlMessage.Bundle.class, b -> b.pem().contains("BEGIN CERTIFICATE"));
      }
      assertThat(process.stopped()).isNotDone();

      process.close();

      leaving.get(60, TimeUnit.SECONDS);
      assertThat(process.stopped()).isDone();
    }
  }

  private static HttpResponse<String> get(int port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void servesProxiesFromAFolderAndGoesOnWithWhatItKnew() throws Exception {
    try (ControlPlaneProcess process = start(options())) {
      process.ready().get(30, TimeUnit.SECONDS);
      assertThat(process.readyLine()).matches("ready grpc=\\d+ api=\\d+ admin=\\d+");
      assertThat(get(process.adminPort(), "/ready").statusCode()).isEqualTo(200);
      try (TestProxy proxy =
          TestProxy.connect(
              vertx,
              process.grpcPort(),
              certificate(),
              new PodRef("shop", "web-1"),
              ProxyKind.SIDECAR)) {
        proxy.await(ControlMessage.Inbound.class, i -> true);
        proxy.send(new ProxyMessage.Subscribe(1, "127.0.0.2", 80));
        proxy.await(
            ControlMessage.Destination.class,
            d -> d.update().upserts().stream().anyMatch(e -> !e.identity().isEmpty()));

        // Broken: what it held stays.
        Files.writeString(folder.resolve("manifests/pod.yaml"), "kind: [");
        await()
            .atMost(PATIENCE)
            .untilAsserted(() ->
                assertThat(get(process.adminPort(), "/problems").body()).contains("pod.yaml"));
        assertThat(proxy.updates(1)).hasSize(1);

        Files.writeString(
            folder.resolve("manifests/other.yaml"),
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-2
              namespace: shop
              annotations: {config.selvage.io/default-inbound-policy: nobody}
            """);
        await()
            .atMost(PATIENCE)
            .untilAsserted(() ->
                assertThat(get(process.adminPort(), "/problems").body())
                    .contains("InvalidInboundPolicy"));
        assertThat(get(process.adminPort(), "/metrics").body())
            .contains("selvage_control_proxies 1.0", "selvage_control_state_age_seconds 0.0");

        process.drainAndClose();
        assertThat(proxy.awaitStatus()).isEqualTo("14");
      }
      assertThat(process.stopped()).isDone();
    }
  }

  @Test
  void aPortInUseIsToldByNumber() throws Exception {
    try (var taken = new ServerSocket(0)) {
      assertThatThrownBy(
              () -> start(ControlPlaneOptions.defaults().withPorts(taken.getLocalPort(), 0, 0)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(Integer.toString(taken.getLocalPort()));
    }
  }

  @Test
  void isNotReadyWithoutAFolder() throws Exception {
    Files.delete(folder.resolve("manifests/pod.yaml"));
    Files.delete(folder.resolve("manifests"));
    try (ControlPlaneProcess process = start(options())) {
      HttpResponse<String> answer = get(process.adminPort(), "/ready");
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.body()).contains("objects");
      assertThat(get(process.adminPort(), "/live").statusCode()).isEqualTo(200);

      Files.createDirectory(folder.resolve("manifests"));
      Files.writeString(folder.resolve("manifests/pod.yaml"), POD);

      process.ready().get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void networksAreChecked() {
    assertThatThrownBy(() -> Networks.check("10.0.0.0/33")).hasMessageContaining("10.0.0.0/33");
    assertThatThrownBy(() -> Networks.check("example.com/8")).hasMessageContaining("example");
    assertThatThrownBy(() -> Networks.check("10.0.0.0")).hasMessageContaining("10.0.0.0");
    Networks.check("10.0.0.0/32");
    Networks.check("fd00::/128");
  }
}
