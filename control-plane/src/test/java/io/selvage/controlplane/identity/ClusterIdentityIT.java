// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.RpcException;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.workload.CertificateRequests;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.api.ApiEvents;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.TokenReview;
import io.selvage.model.Problem;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.testkit.KubeApiServer;
import io.selvage.testkit.TestCsr;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Identity against a real API server: its tokens, its Secret, its ConfigMap, its Events. */
class ClusterIdentityIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Twice the minute within which an object is put back but once, and then some. */
  private static final Duration RESTORED = Duration.ofSeconds(180);

  private static final String NS = "selvage";
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", NS, "control-plane");

  @TempDir private static Path dir;
  private static KubeApiServer server;
  private static KubernetesClient admin;

  private final FakeFleet fleet = new FakeFleet();
  private ApiServer api;
  private ApiEvents events;
  private IdentityService identity;

  @BeforeAll
  static void startServer() throws Exception {
    server = KubeApiServer.startOrSkip(dir);
    admin = new KubernetesClientBuilder().withConfig(config()).build();
    admin
        .resource(new NamespaceBuilder().withNewMetadata().withName(NS).endMetadata().build())
        .create();
    for (String name : List.of("web", "web.front")) {
      admin
          .resource(
              new ServiceAccountBuilder()
                  .withNewMetadata()
                  .withNamespace(NS)
                  .withName(name)
                  .endMetadata()
                  .build())
          .create();
      admin
          .resource(
              new PodBuilder()
                  .withNewMetadata()
                  .withNamespace(NS)
                  .withName(name + "-1")
                  .endMetadata()
                  .withNewSpec()
                  .withServiceAccountName(name)
                  .addNewContainer()
                  .withName("app")
                  .withImage("none")
                  .endContainer()
                  .endSpec()
                  .build())
          .create();
    }
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      admin.close();
      server.close();
    }
  }

  @BeforeEach
  void start() {
    admin.secrets().inNamespace(NS).withName(ClusterStorage.SECRET).delete();
    admin.configMaps().inNamespace(NS).withName(ClusterStorage.CONFIG_MAP).delete();
    api =
        ApiServer.connect(
            config(), ApiServerOptions.DEFAULT.withUserAgent("selvage-control-plane"));
    events = ApiEvents.start(api, "test");
    identity =
        new IdentityService(
            "control-plane-1",
            IdentityOptions.defaults(SELF)
                .withPodBoundOnly(true)
                .withPauses(Duration.ofSeconds(10), Duration.ZERO),
            new ClusterStorage(new NamedObjects(api), NS, false),
            new TokenReview(api, MeshProtocol.TOKEN_AUDIENCE),
            new ServiceAccountEvents(events, SELF),
            RotatePermission.loopback(),
            new SimpleMeterRegistry(),
            InstantSource.system());
    identity.connect(fleet);
    identity.start();
  }

  @AfterEach
  void stop() {
    if (identity != null) {
      identity.close();
      events.close();
      api.close();
    }
  }

  @Test
  void aProjectedTokenGetsACertificateAndAnEvent() {
    for (String name : List.of("web", "web.front")) {
      Certify.Response response = certify(token(name, MeshProtocol.TOKEN_AUDIENCE, true), csr());
      assertThat(response.identity()).isEqualTo("spiffe://cluster.local/ns/selvage/sa/" + name);
      await().atMost(LIMIT).until(() -> eventReasons(name).contains("IssuedLeafCertificate"));
    }
  }

  @Test
  void wrongTokensAndForgedRequestsAreRefused() {
    assertRefused(
        token("web", "https://kubernetes.default.svc.cluster.local", true),
        csr(),
        RpcException.Status.UNAUTHENTICATED);
    assertRefused(token("web", "vault", true), csr(), RpcException.Status.UNAUTHENTICATED);
    assertRefused(server.adminToken(), csr(), RpcException.Status.UNAUTHENTICATED);
    assertRefused(
        token("web", MeshProtocol.TOKEN_AUDIENCE, false),
        csr(),
        RpcException.Status.FAILED_PRECONDITION);
    assertRefused(
        token("web", MeshProtocol.TOKEN_AUDIENCE, true),
        TestCsr.of(WorkloadKeys.create()).uri(SELF.uri()).build(),
        RpcException.Status.FAILED_PRECONDITION);
    await().atMost(LIMIT).until(() -> eventReasons("web").contains("CertificateRefused"));
  }

  /** Polling would make up for it everywhere else. */
  @Test
  void aChangeIsSeenByTheWatchAlone() throws Exception {
    var seen = new Semaphore(0);
    try (var storage = new ClusterStorage(new NamedObjects(api), NS, false)) {
      storage.watch(seen::release);
      var next = CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(1));
      await()
          .atMost(LIMIT)
          .until(() -> {
            // Until the watch has begun nothing is seen of a change.
            seen.drainPermits();
            putSecret(next.issuerPem() + "\n".repeat(counter++), next.issuerKeyPem());
            return seen.tryAcquire(1, TimeUnit.SECONDS);
          });
    }
  }

  @Test
  void theSecretIsMadeAndAnotherIsTakenOver() {
    Secret made = admin.secrets().inNamespace(NS).withName(ClusterStorage.SECRET).get();
    assertThat(made.getType()).isEqualTo("kubernetes.io/tls");
    assertThat(made.getData()).containsOnlyKeys("tls.crt", "tls.key");
    var next = CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(1));
    putBundle(identity.current().pem() + next.bundle().pem());
    putSecret(next.issuerPem(), next.issuerKeyPem());
    await()
        .atMost(LIMIT)
        .until(() -> identity.store().trust().issuer().certificate().equals(next.issuer()));
    assertThat(identity.problems()).isEmpty();
  }

  @Test
  void anIssuerThatDoesNotChainIsSkippedAndReported() {
    var before = identity.store().trust();
    var next = CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(1));
    putSecret(next.issuerPem(), next.issuerKeyPem());
    await().atMost(LIMIT).until(() -> !identity.problems().isEmpty());
    assertThat(identity.problems()).extracting(Problem::reason).containsExactly("IssuerUntrusted");
    assertThat(identity.store().trust()).isSameAs(before);
    await()
        .atMost(LIMIT)
        .until(() -> eventReasons("control-plane").contains("IssuerUpdateSkipped"));
  }

  @Test
  void theRootIsReplacedInTheCluster() throws Exception {
    String before = identity.current().pem();
    identity.rotate((rotation, now) -> rotation.start(Prune.NOW, Duration.ofMinutes(1), now));
    await().atMost(LIMIT).until(() -> identity.rotation().phase() == Phase.DONE);
    String bundle =
        admin
            .configMaps()
            .inNamespace(NS)
            .withName(ClusterStorage.CONFIG_MAP)
            .get()
            .getData()
            .get(ClusterStorage.BUNDLE_KEY);
    assertThat(bundle).isEqualTo(identity.current().pem()).isNotEqualTo(before);
    assertThat(admin.secrets().inNamespace(NS).withName(ClusterStorage.SECRET).get().getData())
        .containsOnlyKeys("tls.crt", "tls.key");
  }

  /** As when the output of an earlier installation is applied again. */
  @Test
  void theReplacedRootIsNotTakenBack() throws Exception {
    Secret oldSecret = admin.secrets().inNamespace(NS).withName(ClusterStorage.SECRET).get();
    String oldPem = identity.current().pem();
    identity.rotate((rotation, now) -> rotation.start(Prune.NOW, Duration.ofMinutes(1), now));
    await().atMost(LIMIT).until(() -> identity.rotation().phase() == Phase.DONE);
    String present = identity.current().pem();
    putBundle(oldPem);
    admin
        .secrets()
        .inNamespace(NS)
        .withName(ClusterStorage.SECRET)
        .edit(s -> {
          s.setData(oldSecret.getData());
          return s;
        });
    await()
        .atMost(RESTORED)
        .until(() -> eventMessages().stream().anyMatch(m -> m.contains("are there again")));
    await()
        .atMost(RESTORED)
        .until(() ->
            !admin
                .secrets()
                .inNamespace(NS)
                .withName(ClusterStorage.SECRET)
                .get()
                .getData()
                .equals(oldSecret.getData()));
    await()
        .atMost(RESTORED)
        .until(() ->
            admin
                .configMaps()
                .inNamespace(NS)
                .withName(ClusterStorage.CONFIG_MAP)
                .get()
                .getData()
                .get(ClusterStorage.BUNDLE_KEY)
                .equals(present));
    assertThat(identity.current().pem()).isEqualTo(present);
  }

  private static List<String> eventMessages() {
    return admin.v1().events().inNamespace(NS).list().getItems().stream()
        .map(e -> String.valueOf(e.getMessage()))
        .toList();
  }

  @Test
  void whatBelongsToCertManagerIsNotRotated() {
    admin
        .secrets()
        .inNamespace(NS)
        .withName(ClusterStorage.SECRET)
        .edit(s -> {
          s.getMetadata().setAnnotations(Map.of("cert-manager.io/certificate-name", "issuer"));
          return s;
        });
    await()
        .atMost(LIMIT)
        .untilAsserted(() ->
            assertThatThrownBy(() ->
                    identity.rotate((rotation, now) -> {
                      identity.store().refresh(now);
                      rotation.start(Prune.NOW, Duration.ofMinutes(1), now);
                    }))
                .hasMessageContaining("cert-manager"));
  }

  private int counter;

  private static Config config() {
    return new ConfigBuilder(Config.empty())
        .withMasterUrl(server.url())
        .withCaCertData(
            Base64.getEncoder().encodeToString(server.caPem().getBytes(StandardCharsets.US_ASCII)))
        .withOauthToken(server.adminToken())
        .withNamespace("default")
        .build();
  }

  private static byte[] csr() {
    return CertificateRequests.create(WorkloadKeys.create());
  }

  private static String token(String account, String audience, boolean bound) {
    var spec = new TokenRequestBuilder().withNewSpec().withAudiences(audience);
    if (bound) {
      spec.withNewBoundObjectRef()
          .withApiVersion("v1")
          .withKind("Pod")
          .withName(account + "-1")
          .endBoundObjectRef();
    }
    return admin
        .serviceAccounts()
        .inNamespace(NS)
        .withName(account)
        .tokenRequest(spec.withExpirationSeconds(3600L).endSpec().build())
        .getStatus()
        .getToken();
  }

  private Certify.Response certify(String token, byte[] csr) {
    return identity
        .certify(new Certify.Request(token, csr, PodRef.NONE), "127.0.0.1")
        .toCompletableFuture()
        .join();
  }

  private void assertRefused(String token, byte[] csr, RpcException.Status status) {
    assertThatThrownBy(() -> certify(token, csr))
        .cause()
        .isInstanceOfSatisfying(RpcException.class, e -> assertThat(e.status()).isEqualTo(status));
  }

  private static List<String> eventReasons(String account) {
    return admin.v1().events().inNamespace(NS).list().getItems().stream()
        .filter(e -> e.getInvolvedObject().getKind().equals("ServiceAccount"))
        .filter(e -> e.getInvolvedObject().getName().equals(account))
        .map(e -> e.getReason())
        .toList();
  }

  private static void putSecret(String chain, String key) {
    admin
        .secrets()
        .inNamespace(NS)
        .withName(ClusterStorage.SECRET)
        .edit(s -> {
          s.setData(Map.of("tls.crt", base64(chain), "tls.key", base64(key)));
          return s;
        });
  }

  private static void putBundle(String pem) {
    admin
        .configMaps()
        .inNamespace(NS)
        .withName(ClusterStorage.CONFIG_MAP)
        .edit(c -> {
          c.setData(Map.of(ClusterStorage.BUNDLE_KEY, pem));
          return c;
        });
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
