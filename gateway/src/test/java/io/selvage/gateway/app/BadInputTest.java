// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.fixture.NamedOrigin;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.StatusSink;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.Problem;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is wrong in the folder is a problem that names it, and what was served before is served
 * on. Each test puts something bad beside a good Ingress of a running gateway.
 */
class BadInputTest {
  private static final TestCa CA = TestCa.root("root");

  @TempDir @Nullable Path parent;
  private @Nullable Path folder;
  private @Nullable NamedOrigin origin;
  private @Nullable GatewayProcess process;

  @BeforeEach
  void start() throws IOException {
    folder = Files.createDirectory(parent.resolve("manifests"));
    origin = NamedOrigin.start("good");
    write(
        "good.yaml",
        Manifests.ingress("good", "good.example", "/", "good")
            + "---\n"
            + Manifests.service("good")
            + "---\n"
            + Manifests.slice("good", origin.port()));
    process =
        GatewayProcess.start(
            new GatewayOptions(
                CompileOptions.defaults().withListeners("127.0.0.1", 0, 0),
                "127.0.0.1",
                0,
                Duration.ZERO,
                Duration.ofSeconds(1),
                1),
            new FolderSource(folder),
            StatusSink.none(),
            GatewayProcess.Hooks.none());
    await().atMost(30, TimeUnit.SECONDS).until(() -> process.server().live().isPresent());
    assertGoodIsServed();
  }

  @AfterEach
  void stop() {
    process.close();
    origin.close();
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private void assertGoodIsServed() {
    assertThat(status("good.example", "/")).isEqualTo(200);
  }

  private int status(String host, String path) {
    int port = process.dataPlane().ports().getOrDefault("default/http", 0);
    try (var client = RawClient.connect(port)) {
      String head =
          client
              .send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
              .readHead();
      return Integer.parseInt(head.substring(9, 12));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes a bad file, waits for its problem, and looks at the good one then and afterwards. */
  private Problem bad(String text, String reason) throws IOException {
    write("bad.yaml", text);
    await().atMost(30, TimeUnit.SECONDS).until(() -> !problems(reason).isEmpty());
    assertGoodIsServed();
    Problem problem = problems(reason).getFirst();
    assertThat(problem.location())
        .hasValueSatisfying(l -> assertThat(l.file()).isEqualTo("bad.yaml"));
    Files.delete(folder.resolve("bad.yaml"));
    await().atMost(30, TimeUnit.SECONDS).until(() -> process.server().problems().isEmpty());
    assertGoodIsServed();
    return problem;
  }

  private List<Problem> problems(String reason) {
    return process.server().problems().stream().filter(p -> p.reason().equals(reason)).toList();
  }

  @Test
  void aSecretOfTheWrongType() throws IOException {
    var problem =
        bad(
            tlsIngress()
                + Manifests.tlsSecret("bad-tls", "x", "y")
                    .replace("kubernetes.io/tls", "kubernetes.io/basic-auth"),
            "SecretWrongType");

    assertThat(problem.object()).hasToString("Optional[Ingress default/bad]");
    assertThat(problem.message()).contains("Secret default/bad-tls", "kubernetes.io/basic-auth");
  }

  @Test
  void aKeyThatDoesNotFitItsCertificate() throws IOException {
    TestCertificate one = CA.leaf("bad.example").dns("bad.example").issue();
    TestCertificate other = CA.leaf("bad.example").dns("bad.example").issue();

    var problem =
        bad(
            tlsIngress() + Manifests.tlsSecret("bad-tls", one.chainPem(), other.keyPem()),
            "KeyMismatch");

    assertThat(problem.message()).contains("Secret default/bad-tls");
  }

  @Test
  void anExpiredCertificate() throws IOException {
    TestCertificate leaf = CA.leaf("bad.example").dns("bad.example").expired().issue();

    bad(
        tlsIngress() + Manifests.tlsSecret("bad-tls", leaf.chainPem(), leaf.keyPem()),
        "CertificateExpired");
  }

  private static String tlsIngress() {
    return Manifests.ingress("bad", "bad.example", "/", "good")
            .replace("  rules:", "  tls: [{hosts: [bad.example], secretName: bad-tls}]\n  rules:")
        + "---\n";
  }

  @Test
  void aServiceThatDoesNotExist() throws IOException {
    write("bad.yaml", Manifests.ingress("bad", "bad.example", "/", "nowhere"));
    await().atMost(30, TimeUnit.SECONDS).until(() -> status("bad.example", "/") == 503);

    bad(Manifests.ingress("bad", "bad.example", "/", "nowhere"), "ServiceNotFound");

    assertThat(status("bad.example", "/")).isEqualTo(404);
  }

  @Test
  void twoObjectsThatClaimTheSamePath() throws IOException {
    var problem =
        bad(
            Manifests.ingress("z-rival", "good.example", "/", "nowhere")
                + "---\n"
                + Manifests.service("nowhere"),
            "PathConflict");

    assertThat(problem.message()).contains("Ingress default/good");
  }

  @Test
  void aMappingWithAnExpressionThatDoesNotCompile() throws IOException {
    bad(mapping("prefix: \"/(((\"\n  prefix_regex: true"), "InvalidRegex");
  }

  @Test
  void aMappingWithAnExpressionThatIsTooLarge() throws IOException {
    bad(
        mapping("prefix: \"/((a{1,1000}){1,1000}){1,1000}\"\n  prefix_regex: true"),
        "RegexTooLarge");
  }

  private static String mapping(String fields) {
    return """
    apiVersion: getambassador.io/v3alpha1
    kind: Mapping
    metadata:
      name: bad
    spec:
      hostname: "*"
      service: good
      %s
    """
        .formatted(fields);
  }

  @Test
  void aManifestThatDoesNotParse() throws IOException {
    write("bad.yaml", "kind: [Ingress\n  apiVersion: {");
    await().atMost(30, TimeUnit.SECONDS).until(() -> !process.server().problems().isEmpty());

    assertGoodIsServed();
    assertThat(process.server().problems())
        .allSatisfy(p -> assertThat(p.location().orElseThrow().file()).isEqualTo("bad.yaml"));
  }

  @Test
  void anUnknownFieldIsNamedAndTheRestServed() throws IOException {
    write(
        "bad.yaml",
        Manifests.ingress("bad", "bad.example", "/", "good")
            .replace("  rules:", "  ruels: []\n  rules:"));
    await().atMost(30, TimeUnit.SECONDS).until(() -> !process.server().problems().isEmpty());

    assertThat(process.server().problems())
        .anySatisfy(p -> assertThat(p.toString()).contains("ruels", "bad.yaml"));
    await().atMost(30, TimeUnit.SECONDS).until(() -> status("bad.example", "/") == 200);
    assertGoodIsServed();
  }

  @Test
  void aFileOfTenMegabytes() throws IOException {
    write("bad.yaml", "# " + "x".repeat(10_000_000) + "\n");
    await().atMost(30, TimeUnit.SECONDS).until(() -> !process.server().problems().isEmpty());

    assertGoodIsServed();
  }

  @Test
  void aFolderThatVanishesAndComesBack() throws IOException {
    Path away = parent.resolve("away");
    Files.move(folder, away);
    await()
        .during(1500, TimeUnit.MILLISECONDS)
        .atMost(30, TimeUnit.SECONDS)
        .untilAsserted(this::assertGoodIsServed);

    Files.move(away, folder);
    Files.writeString(
        folder.resolve("more.yaml"), Manifests.ingress("more", "more.example", "/", "good"));

    await().atMost(30, TimeUnit.SECONDS).until(() -> status("more.example", "/") == 200);
    assertGoodIsServed();
  }

  @Test
  void aPortInUseCostsItsListenerAlone() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int freePort = free.getLocalPort();
      free.close();
      write("bad.yaml", listener("taken", taken.getLocalPort()) + listener("free", freePort));

      await().atMost(30, TimeUnit.SECONDS).until(() -> !process.server().problems().isEmpty());

      assertThat(process.server().problems())
          .anySatisfy(p -> {
            assertThat(p.object()).hasToString("Optional[Listener default/taken]");
            assertThat(p.message()).contains(Integer.toString(taken.getLocalPort()));
          });
      assertThat(process.dataPlane().ports()).containsEntry("default/free", freePort);
    }
  }

  private static String listener(String name, int port) {
    return """
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: Listener
    metadata:
      name: %s
    spec:
      port: %d
      protocol: HTTP
      securityModel: XFP
      hostBinding: {namespace: {from: ALL}}
    """
        .formatted(name, port);
  }

  @Test
  void anEmptyFolderServesNothingAndSaysReady(@TempDir Path empty) throws IOException {
    try (var other =
        GatewayProcess.start(
            new GatewayOptions(
                CompileOptions.defaults().withListeners("127.0.0.1", 0, 0),
                "127.0.0.1",
                0,
                Duration.ZERO,
                Duration.ofSeconds(1),
                1),
            new FolderSource(empty),
            StatusSink.none(),
            GatewayProcess.Hooks.none())) {
      await().atMost(30, TimeUnit.SECONDS).until(() -> other.server().live().isPresent());
      try (var client = RawClient.connect(other.dataPlane().ports().get("default/http"))) {
        assertThat(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").readHead())
            .startsWith("HTTP/1.1 404 ")
            .containsIgnoringCase("content-length: 0");
      }
    }
  }
}
