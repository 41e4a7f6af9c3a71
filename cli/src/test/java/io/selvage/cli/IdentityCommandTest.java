// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.identity.IdentityOptions;
import io.selvage.controlplane.identity.IdentityService;
import io.selvage.controlplane.identity.LocalTokenVerifier;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.kube.TokenVerifier;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mesh token} and {@code mesh identity}, the latter against a real identity service. */
class IdentityCommandTest {
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");

  @TempDir private Path dir;
  private Vertx vertx;
  private HttpServer server;
  private IdentityService identity;
  private final List<Optional<String>> tokens = new CopyOnWriteArrayList<>();
  private volatile List<ConnectedProxy> proxies = List.of();
  private volatile RotatePermission permission = RotatePermission.loopback();

  @BeforeEach
  void start() throws Exception {
    vertx = Vertx.vertx();
    identity =
        new IdentityService(
            "control-plane-1",
            IdentityOptions.defaults(SELF)
                .withPauses(Duration.ofSeconds(5), Duration.ofMillis(200)),
            new FolderStorage(dir),
            verifier(),
            IdentityEvents.NONE,
            caller -> {
              tokens.add(caller.token());
              return permission.check(caller);
            },
            new SimpleMeterRegistry(),
            InstantSource.system());
    identity.connect(
        new ProxyFleet() {
          @Override
          public List<ConnectedProxy> proxies() {
            return proxies;
          }

          @Override
          public void bundleChanged(boolean renew) {}
        });
    identity.start();
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

  @AfterEach
  void stop() throws Exception {
    identity.close();
    server.close().toCompletionStage().toCompletableFuture().get();
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @Test
  void aMintedTokenIsAccepted() throws Exception {
    CommandLineRun run = mesh("token", "shop/web.front", "--identity-dir", dir);
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
    assertThat(verifier().verify(run.out().strip()))
        .isInstanceOfSatisfying(
            TokenVerifier.Verified.class,
            v -> assertThat(v.username()).isEqualTo("system:serviceaccount:shop:web.front"));
  }

  @Test
  void theTokenKeyIsMadeOnceAndIsPrivate() throws Exception {
    Path fresh = dir.resolve("fresh");
    assertThat(mesh("token", "shop/web", "--identity-dir", fresh).code()).isZero();
    Path file = fresh.resolve("token.key");
    String key = Files.readString(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(mesh("token", "shop/web", "--identity-dir", fresh).code()).isZero();
    assertThat(Files.readString(file)).isEqualTo(key);
    Files.writeString(file, "garbage");
    CommandLineRun damaged = mesh("token", "shop/web", "--identity-dir", fresh);
    assertThat(damaged.code()).isOne();
    assertThat(damaged.err()).contains("token.key");
    assertThat(Files.readString(file)).isEqualTo("garbage");
  }

  @Test
  void anotherAudienceAndLifeMayBeAskedFor() throws Exception {
    String other =
        mesh("token", "shop/web", "--identity-dir", dir, "--audience", "vault").out().strip();
    assertThat(verifier().verify(other)).isInstanceOf(TokenVerifier.Refused.class);
    assertThat(mesh("token", "shop/web", "--identity-dir", dir, "--ttl", "90s").code()).isZero();
  }

  @Test
  void whatIsNoAccountIsNotUnderstood() {
    for (String bad : List.of("web", "Shop/web", "shop/", "shop/we b", "a/b/c")) {
      assertThat(mesh("token", bad, "--identity-dir", dir).code()).as(bad).isEqualTo(2);
    }
    assertThat(mesh("token", "shop/web", "--identity-dir", dir, "--ttl", "0s").code()).isEqualTo(2);
    assertThat(mesh("token", "shop/web", "--identity-dir", dir, "--audience", "a\"b").code())
        .isEqualTo(2);
    assertThat(mesh("token", "shop/web").code()).isEqualTo(2);
  }

  @Test
  void showsIssuerAnchorsAndWhoBelievesThem() {
    proxies = List.of(proxy("web-1", identity.current().fingerprint()), proxy("web-2", "abc"));
    CommandLineRun run = mesh("identity", "--control-plane", url());
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .contains("trust domain  cluster.local")
        .contains("issuer        CN=Selvage issuer")
        .contains("anchor        CN=Selvage root")
        .contains("(in 364 days)")
        .contains("leaves        valid for 24 hours")
        .contains("(current)")
        .contains("proxies       1 with bundle abc (not the current one): shop/web-2")
        .contains("rotation      none");
    assertThat(mesh("identity", "--control-plane", url(), "-o", "json").out())
        .startsWith("{")
        .contains("\"trustDomain\" : \"cluster.local\"");
  }

  @Test
  void whatProxiesSayOfThemselvesCannotDrawOnTheTerminal() {
    proxies = List.of(proxy("web\n1", "a\u001b[2Jb"));
    CommandLineRun run = mesh("identity", "--control-plane", url());
    assertThat(run.out()).contains("proxies       1 with bundle a?[2Jb").contains("shop/web?1");
    assertThat(run.out()).doesNotContain("\u001b");
  }

  @Test
  void rotatesToTheEnd() {
    String before = identity.current().fingerprint();
    CommandLineRun run = mesh("identity", "rotate", "--prune", "now", "--control-plane", url());
    assertThat(run.err()).isEqualTo("Acting on the control plane at " + url() + ".\n");
    assertThat(run.code()).isZero();
    assertThat(run.out().lines().toList().getLast()).startsWith("done");
    assertThat(identity.current().fingerprint()).isNotEqualTo(before);
  }

  @Test
  void namesWhoHoldsItUp() {
    proxies = List.of(proxy("web-1", identity.current().fingerprint()));
    CommandLineRun run = mesh("identity", "rotate", "--timeout", "1s", "--control-plane", url());
    assertThat(run.code()).isOne();
    assertThat(run.out()).contains("held up by 1 proxy: shop/web-1").contains("--proceed");
    assertThat(mesh("identity", "rotate", "--control-plane", url()).err())
        .contains("a rotation is running since");
    CommandLineRun aborted = mesh("identity", "rotate", "--abort", "--control-plane", url());
    assertThat(aborted.code()).isZero();
    assertThat(aborted.out()).startsWith("aborted");
  }

  @Test
  void anAbsentControlPlaneIsSaid() {
    for (List<String> words : List.of(List.of("identity"), List.of("identity", "rotate"))) {
      var line = new ArrayList<Object>(words);
      line.addAll(List.of("--control-plane", "http://127.0.0.1:1"));
      CommandLineRun run = mesh(line.toArray());
      assertThat(run.code()).isOne();
      assertThat(run.err()).contains("http://127.0.0.1:1");
    }
    assertThat(mesh("identity", "rotate", "--prune", "never").code()).isEqualTo(2);
    assertThat(mesh("identity", "rotate", "--proceed", "--abort").code()).isEqualTo(2);
  }

  /** It goes on working, or is only slow; nobody is to begin a second one. */
  @Test
  void anAnswerThatDoesNotComeIsNoFailureOfTheRotation() throws Exception {
    try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        ControlPlaneReach reach =
            ControlPlaneReach.open(
                Optional.of(URI.create("http://127.0.0.1:" + silent.getLocalPort())),
                new KubeOptions(),
                "selvage",
                0,
                1,
                new PrintWriter(new StringWriter()));
        var client = new IdentityClient(reach, Duration.ofMillis(500))) {
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      assertThatThrownBy(() -> IdentityRotateCommand.act(client, body, Optional.empty()))
          .isInstanceOf(CommandFailure.class)
          .hasMessageContaining("http://127.0.0.1:" + silent.getLocalPort())
          .hasMessageEndingWith(
              "It may have begun all the same: `mesh identity rotate --follow` watches it.");
    }
    CommandLineRun refused = mesh("identity", "rotate", "--control-plane", "http://127.0.0.1:1");
    assertThat(refused.err()).doesNotContain("--follow");
  }

  @Test
  void aTokenIsPassedOn() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), "abc\n");
    mesh("identity", "rotate", "--prune", "now", "--control-plane", url(), "--token-file", token);
    assertThat(tokens).containsExactly(Optional.of("abc"));
    CommandLineRun none =
        mesh("identity", "rotate", "--control-plane", url(), "--token-file", dir.resolve("none"));
    assertThat(none.err()).contains("none cannot be read");
    permission = caller -> Optional.of(new Refusal(403, "ann may not create rotations"));
    CommandLineRun refused = mesh("identity", "rotate", "--control-plane", url());
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.err()).contains(url() + ": ann may not create rotations");
  }

  private TokenVerifier verifier() throws Exception {
    return new LocalTokenVerifier(
        TokenKeyFile.openOrCreate(dir).open(), MeshProtocol.TOKEN_AUDIENCE, InstantSource.system());
  }

  private String url() {
    return "http://127.0.0.1:" + server.actualPort();
  }

  private static ConnectedProxy proxy(String pod, String bundle) {
    return new ConnectedProxy(
        pod.hashCode(),
        new WorkloadIdentity("cluster.local", "shop", "web"),
        new PodRef("shop", pod),
        true,
        ProxyKind.SIDECAR,
        "127.0.0.1",
        "test",
        bundle,
        Instant.now().toEpochMilli(),
        Instant.now());
  }
}
