// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.ServerKeys;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.identity.workload.CertificateRequests;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.EventSink.Event;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All of identity together, on a folder, with its HTTP API. */
class IdentityServiceTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");
  private static final WorkloadIdentity WEB = new WorkloadIdentity("cluster.local", "shop", "web");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path dir;
  private final FakeFleet fleet = new FakeFleet();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private Vertx vertx;
  private HttpServer server;
  private HttpClient http;
  private TokenKey tokenKey;
  private IdentityService identity;
  private volatile RotatePermission permission = RotatePermission.loopback();

  @BeforeEach
  void start() throws Exception {
    vertx = Vertx.vertx();
    http = HttpClient.newHttpClient();
    tokenKey = TokenKeyFile.openOrCreate(dir);
    identity = service(dir, Duration.ofSeconds(10), registry);
    Router router = Router.router(vertx);
    identity.mount(router);
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get();
  }

  private IdentityService service(Path folder, Duration pollEvery, MeterRegistry metrics)
      throws Exception {
    var made =
        new IdentityService(
            "control-plane-1",
            IdentityOptions.defaults(SELF).withPauses(pollEvery, Duration.ofMillis(300)),
            new FolderStorage(folder),
            new LocalTokenVerifier(
                tokenKey.open(), MeshProtocol.TOKEN_AUDIENCE, InstantSource.system()),
            new ServiceAccountEvents(events::add, SELF),
            caller -> permission.check(caller),
            metrics,
            InstantSource.system());
    made.connect(fleet);
    return made;
  }

  @AfterEach
  void stop() throws Exception {
    identity.close();
    http.shutdownNow();
    server.close().toCompletionStage().toCompletableFuture().get();
    vertx.close().toCompletionStage().toCompletableFuture().get();
    registry.close();
  }

  @Test
  void beforeTheFirstReadNothingIsIssued() {
    assertThat(identity.isReady()).isFalse();
    assertThat(identity.serverKeys()).isEmpty();
    assertThatThrownBy(() -> identity.current())
        .isInstanceOfSatisfying(
            RpcException.class,
            e -> assertThat(e.status()).isEqualTo(RpcException.Status.UNAVAILABLE));
    assertThatThrownBy(() -> certify(token(WEB))).hasCauseInstanceOf(RpcException.class);
  }

  /** Each of them would be a question to the API server. */
  @Test
  void oneAddressMayNotShowBadTokensForEver() {
    identity.start();
    // Made once: a key costs more time than the bounds give back.
    var request =
        new Certify.Request(
            "a.b.c", CertificateRequests.create(WorkloadKeys.create()), PodRef.NONE);
    for (int i = 0; i < PeerLimits.Bounds.DEFAULT.burst(); i++) {
      assertThat(refusal(request, "10.9.9.9").status())
          .isEqualTo(RpcException.Status.UNAUTHENTICATED);
    }
    RpcException refused = refusal(request, "10.9.9.9");
    for (int i = 0; i < 5_000 && refused.status() == RpcException.Status.UNAUTHENTICATED; i++) {
      refused = refusal(request, "10.9.9.9"); // time gives some back
    }
    assertThat(refused.status()).isEqualTo(RpcException.Status.RESOURCE_EXHAUSTED);
    assertThat(refused.text())
        .isEqualTo("10.9.9.9 has shown too many tokens that are good for nothing (PeerLimited)");
    assertThat(certify(token(WEB)).identity()).isEqualTo(WEB.uri());
    assertThat(registry.scrape()).contains("reason=\"PeerLimited\"");
    for (int i = 0; i < 50; i++) {
      refusal(request, "10.9.9.9");
    }
    assertThat(events.stream().filter(e -> e.message().contains("(PeerLimited)")).toList())
        .as("told, but once a minute")
        .hasSizeBetween(1, 3)
        .allSatisfy(e -> assertThat(e.message()).doesNotContain("10.9.9.9"));
  }

  private RpcException refusal(Certify.Request request, String peer) {
    try {
      identity.certify(request, peer).toCompletableFuture().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RpcException refused) {
        return refused;
      }
    }
    throw new AssertionError("it was issued");
  }

  @Test
  void issuesAndRefusesOverItsPool() {
    identity.start();
    Certify.Response response = certify(token(WEB));
    assertThat(response.identity()).isEqualTo(WEB.uri());
    assertThat(response.fingerprint()).isEqualTo(identity.current().fingerprint());
    assertThat(identity.current().renew()).isFalse();
    assertThatThrownBy(() -> certify("a.b.c"))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            RpcException.class,
            e -> {
              assertThat(e.status()).isEqualTo(RpcException.Status.UNAUTHENTICATED);
              assertThat(e.text()).contains("TokenRefused");
            });
    assertThat(registry.scrape())
        .contains("selvage_identity_issued_total 1.0")
        .contains("selvage_identity_refused_total{reason=\"TokenRefused\"} 1.0")
        .contains("selvage_identity_issuer_cert_ttl_seconds 3.15")
        .contains("selvage_identity_anchor_ttl_seconds 3.15")
        .contains("selvage_identity_issuer_skipped_total 0.0");
  }

  @Test
  void theControlPlanesOwnCertificateIsGoodByTheBundle() {
    identity.start();
    ServerKeys keys = identity.serverKeys().orElseThrow();
    assertThat(TrustBundle.of(keys.anchors()).verify(keys.chain(), Instant.now(), Duration.ZERO))
        .isInstanceOfSatisfying(
            PeerVerdict.Verified.class, v -> assertThat(v.identity()).isEqualTo(SELF));
    assertThat(WorkloadKeys.fits(keys.key(), keys.chain().getFirst().getPublicKey())).isTrue();
  }

  private static CertificateAuthorities.Created writeNewAuthorities(Path folder)
      throws IOException {
    var next = CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(1));
    Files.writeString(folder.resolve("ca.crt"), next.bundle().pem());
    Files.writeString(folder.resolve("tls.key"), next.issuerKeyPem());
    Files.writeString(folder.resolve("tls.crt"), next.issuerPem());
    return next;
  }

  @Test
  void aChangeOfTheFolderIsSeenByItsWatchAlone() throws Exception {
    var seen = new CountDownLatch(1);
    try (var storage = new FolderStorage(dir)) {
      storage.watch(seen::countDown);
      writeNewAuthorities(dir);
      assertThat(seen.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
  }

  /** As a mounted Secret changes: the folder that is watched stays as it was. */
  @Test
  void aChangeIsNoticedByPollingAlone() throws Exception {
    Path first = Files.createDirectory(dir.resolve("first"));
    Path second = Files.createDirectory(dir.resolve("second"));
    writeNewAuthorities(first);
    var next = writeNewAuthorities(second);
    Path folder = Files.createSymbolicLink(dir.resolve("mounted"), first);
    try (var polling = service(folder, Duration.ofMillis(200), new SimpleMeterRegistry())) {
      polling.start();
      assertThat(polling.current().fingerprint()).isNotEqualTo(next.bundle().fingerprint());
      Path link = Files.createSymbolicLink(dir.resolve("next"), second);
      Files.move(link, folder, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      await()
          .atMost(LIMIT)
          .until(() -> polling.current().fingerprint().equals(next.bundle().fingerprint()));
    }
  }

  @Test
  void aChangedFolderIsNoticedPushedAndServed() throws Exception {
    identity.start();
    var next = writeNewAuthorities(dir);
    await()
        .atMost(LIMIT)
        .until(() -> identity.current().fingerprint().equals(next.bundle().fingerprint()));
    await().atMost(LIMIT).until(() -> fleet.pushes.contains(true));
    await()
        .atMost(LIMIT)
        .until(() -> identity.serverKeys().orElseThrow().anchors().equals(List.of(next.root())));
    assertThat(certify(token(WEB)).bundlePem()).isEqualTo(next.bundle().pem());
  }

  @Test
  void theRootIsReplacedOverTheApi() throws Exception {
    identity.start();
    String before = identity.current().fingerprint();
    fleet.put("web-1", before, Instant.now());
    HttpResponse<String> begun = post("{\"prune\":\"now\",\"timeoutSeconds\":60}");
    assertThat(begun.statusCode()).isEqualTo(202);
    assertThat(post("{}").statusCode()).isEqualTo(409);
    await().atMost(LIMIT).until(() -> fleet.pushes.contains(false));
    JsonNode view = view();
    assertThat(view.path("anchors")).hasSize(2);
    assertThat(view.at("/rotation/phase").asText()).isEqualTo("trusting");
    assertThat(view.at("/rotation/waitingFor/0").asText()).isEqualTo("shop/web-1");
    assertThat(view.at("/proxies/0/current").asBoolean()).isFalse();
    assertThat(view.at("/proxies/0/names/0").asText()).isEqualTo("shop/web-1");

    fleet.put("web-1", identity.current().fingerprint(), Instant.now());
    await().atMost(LIMIT).until(() -> fleet.pushes.contains(true));
    long end = certify(token(WEB)).notAfterMillis();
    fleet.put("web-1", identity.current().fingerprint(), Instant.ofEpochMilli(end));
    await().atMost(LIMIT).until(() -> view().at("/rotation/phase").asText().equals("done"));
    assertThat(identity.current().fingerprint()).isNotEqualTo(before);
    assertThat(view().path("anchors")).hasSize(1);
    assertThat(identity.serverKeys().orElseThrow().anchors()).hasSize(1);
  }

  @Test
  void whatIsNotUnderstoodIsRefused() throws Exception {
    identity.start();
    for (String bad :
        List.of(
            "nonsense",
            "[]",
            "{\"action\":\"explode\"}",
            "{\"prune\":\"later\"}",
            "{\"timeoutSeconds\":0}")) {
      HttpResponse<String> answer = post(bad);
      assertThat(answer.statusCode()).as(bad).isEqualTo(400);
      assertThat(JSON.readTree(answer.body()).path("error").asText()).isNotEmpty();
    }
    fleet.put("keeps-it-waiting", "another", Instant.now());
    assertThat(post(" ".repeat(4096)).statusCode()).isEqualTo(202);
    assertThat(post(" ".repeat(4097)).statusCode()).isEqualTo(413);
    assertThat(post("{\"action\":\"abort\"}").statusCode()).isEqualTo(202);
    assertThat(post("{\"action\":\"abort\"}").statusCode()).isEqualTo(409);
  }

  @Test
  void aWebPageCannotRotate() throws Exception {
    identity.start();
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(uri("/api/v1/identity/rotate"))
                .header("origin", "https://evil.example")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(view().at("/rotation/phase").asText()).isEqualTo("none");
  }

  @Test
  void whoMayNotChangesNothing() throws Exception {
    identity.start();
    permission =
        caller ->
            caller.token().equals(Optional.of("good"))
                ? Optional.empty()
                : Optional.of(
                    new Refusal(caller.token().isEmpty() ? 401 : 403, "ann may not rotate"));
    fleet.put("keeps-it-waiting", "another", Instant.now());
    HttpResponse<String> nobody = post("{}");
    assertThat(nobody.statusCode()).isEqualTo(401);
    assertThat(nobody.headers().firstValue("www-authenticate")).contains("Bearer");
    assertThat(post("{}", "bad").statusCode()).isEqualTo(403);
    assertThat(post("{}", "bad").body()).contains("ann may not rotate");
    assertThat(post("garbage", "bad").statusCode()).isEqualTo(403);
    assertThat(view().at("/rotation/phase").asText()).isEqualTo("none");
    assertThat(post("{}", "good").statusCode()).isEqualTo(202);
    assertThat(post("{\"action\":\"abort\"}").statusCode()).isEqualTo(401);
    assertThat(view().at("/rotation/active").asBoolean()).isTrue();
    assertThat(post("{\"action\":\"abort\"}", "good").statusCode()).isEqualTo(202);
  }

  @Test
  void withoutAClusterLoopbackIsEnoughAndNothingElse() {
    RotatePermission loopback = RotatePermission.loopback();
    assertThat(loopback.check(new Caller(Optional.empty(), true, false))).isEmpty();
    assertThat(loopback.check(new Caller(Optional.of("x"), false, false)))
        .hasValueSatisfying(refusal -> assertThat(refusal.status()).isEqualTo(403));
  }

  @Test
  void noAnswerHoldsAKey() throws Exception {
    identity.start();
    post("{}");
    assertThat(view().toString()).doesNotContain("PRIVATE");
  }

  private String token(WorkloadIdentity who) {
    return WorkloadTokens.mint(
        tokenKey, who, MeshProtocol.TOKEN_AUDIENCE, Instant.now(), Duration.ofHours(1));
  }

  private Certify.Response certify(String token) {
    byte[] csr = CertificateRequests.create(WorkloadKeys.create());
    return identity
        .certify(new Certify.Request(token, csr, PodRef.NONE), "127.0.0.1")
        .toCompletableFuture()
        .join();
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.actualPort() + path);
  }

  private JsonNode view() throws Exception {
    var answer =
        http.send(HttpRequest.newBuilder(uri("/api/v1/identity")).build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  private HttpResponse<String> post(String body) throws Exception {
    return post(body, "");
  }

  private HttpResponse<String> post(String body, String token) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri("/api/v1/identity/rotate"))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (!token.isEmpty()) {
      request.header("authorization", "Bearer " + token);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }
}
