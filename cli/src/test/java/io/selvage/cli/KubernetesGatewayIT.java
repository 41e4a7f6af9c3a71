// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.testkit.KubeApiServer;
import io.selvage.testkit.RawClient;
import io.selvage.testkit.ScriptedOrigin;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code mesh gateway --kubernetes} as a process, against a real kube-apiserver: what is applied is
 * served, statuses come back, and an API server that goes away costs no request. Skipped where
 * {@code KUBE_BIN} names no such server.
 */
final class KubernetesGatewayIT {
  private static final Path ROOT = Path.of(System.getProperty("selvage.root"));
  private static final Pattern READY =
      Pattern.compile(
          "^ready default/http=127\\.0\\.0\\.1:(\\d+) admin=(\\d+)$", Pattern.MULTILINE);

  @TempDir Path dir;

  @Test
  void servesWhatIsAppliedAndOutlivesTheApiServer() throws Exception {
    try (KubeApiServer kube = KubeApiServer.startOrSkip(dir.resolve("kube"));
        ScriptedOrigin origin =
            ScriptedOrigin.answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        KubernetesClient admin =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kube.kubeconfig().toFile()))
                .build()) {
      installCustomResources(admin);
      apply(admin, listener() + mapping("web", "/web/", "http://127.0.0.1:" + origin.port()));

      Process gateway = start(kube);
      try {
        Matcher ready = awaitReady(gateway);
        int port = Integer.parseInt(ready.group(1));
        int admins = Integer.parseInt(ready.group(2));
        assertThat(status(port, "/web/")).isEqualTo(200);
        assertThat(status(port, "/engine/")).isEqualTo(404);

        // An Ingress of Emissary's class, whose endpoints are on a documentation address.
        apply(admin, ingress() + service("engine", "203.0.113.9"));
        await()
            .atMost(Duration.ofSeconds(10))
            .untilAsserted(() -> assertThat(page(admins, "/clusters")).contains("203.0.113.9"));
        apply(
            admin,
            mapping("broken", "/x(", "nothing")
                .replace("service:", "prefix_regex: true\n  service:"));

        await()
            .atMost(Duration.ofSeconds(30))
            .untilAsserted(() -> {
              assertThat(state(admin, "Mapping", "web")).isEqualTo("Running");
              assertThat(state(admin, "Mapping", "broken")).isEqualTo("Inactive");
              assertThat(address(admin)).isEqualTo("192.0.2.7");
            });

        kube.killServer();
        for (int i = 0; i < 20; i++) {
          assertThat(status(port, "/web/")).isEqualTo(200);
        }

        kube.startServer();
        apply(admin, mapping("later", "/later/", "http://127.0.0.1:" + origin.port()));
        await()
            .atMost(Duration.ofSeconds(30))
            .untilAsserted(() -> assertThat(status(port, "/later/")).isEqualTo(200));

        gateway.destroy();
        assertThat(gateway.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(gateway.exitValue()).as(log()).isZero();
      } finally {
        gateway.destroyForcibly();
      }
    }
  }

  private Process start(KubeApiServer kube) throws IOException {
    var builder =
        new ProcessBuilder(
                ROOT.resolve("mesh").toString(),
                "gateway",
                "--kubernetes",
                "--address=127.0.0.1",
                "--admin-port=0",
                "--access-log=off",
                "--publish-address=192.0.2.7",
                "--drain-lame-duck=100ms")
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("gateway.log").toFile());
    builder.environment().put("MESH_NO_BUILD", "1");
    builder.environment().put("KUBECONFIG", kube.kubeconfig().toString());
    return builder.start();
  }

  private Matcher awaitReady(Process gateway) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              assertThat(gateway.isAlive()).as(log()).isTrue();
              return READY.matcher(log());
            },
            Matcher::find);
  }

  private String log() throws IOException {
    Path log = dir.resolve("gateway.log");
    return Files.exists(log) ? Files.readString(log, UTF_8) : "";
  }

  private static int status(int port, String path) throws IOException {
    try (var client = RawClient.connect(port)) {
      String response =
          client
              .send("GET " + path + " HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n")
              .readResponse();
      return Integer.parseInt(response.substring(9, 12));
    }
  }

  private static String page(int port, String path) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              BodyHandlers.ofString())
          .body();
    }
  }

  private static void installCustomResources(KubernetesClient admin) throws IOException {
    admin
        .resource(
            new NamespaceBuilder().withNewMetadata().withName("default").endMetadata().build())
        .unlock()
        .createOr(existing -> existing.update());
    try (Stream<Path> files = Files.list(ROOT.resolve("charts/selvage-crds/templates"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList()) {
        apply(admin, Files.readString(file, UTF_8));
      }
    }
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .untilAsserted(() -> {
          for (String kind : List.of("Mapping", "Listener", "Host", "Module")) {
            admin.genericKubernetesResources("getambassador.io/v3alpha1", kind).list();
          }
        });
  }

  private static void apply(KubernetesClient admin, String yaml) {
    for (HasMetadata object : admin.load(new ByteArrayInputStream(yaml.getBytes(UTF_8))).items()) {
      if (object.getMetadata().getNamespace() == null
          && !object.getKind().equals("CustomResourceDefinition")) {
        object.getMetadata().setNamespace("default");
      }
      admin.resource(object).unlock().createOr(existing -> existing.update());
    }
  }

  private static String state(KubernetesClient admin, String kind, String name) {
    GenericKubernetesResource object =
        admin
            .genericKubernetesResources("getambassador.io/v3alpha1", kind)
            .inNamespace("default")
            .withName(name)
            .get();
    Object status = object.getAdditionalProperties().get("status");
    return status instanceof Map<?, ?> map ? String.valueOf(map.get("state")) : "none";
  }

  private static String address(KubernetesClient admin) {
    return admin
        .network()
        .v1()
        .ingresses()
        .inNamespace("default")
        .withName("engine")
        .get()
        .getStatus()
        .getLoadBalancer()
        .getIngress()
        .stream()
        .map(i -> i.getIp())
        .findFirst()
        .orElse("none");
  }

  private static String listener() {
    return """
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: Listener
    metadata: {name: http}
    spec: {port: %d, protocol: HTTP, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
    """
        .formatted(freePort());
  }

  private static String mapping(String name, String prefix, String service) {
    return """
    ---
    apiVersion: getambassador.io/v3alpha1
    kind: Mapping
    metadata: {name: %s}
    spec:
      hostname: "*"
      prefix: "%s"
      service: %s
    """
        .formatted(name, prefix, service);
  }

  private static String ingress() {
    return """
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: engine}
    spec:
      ingressClassName: ambassador
      rules:
        - http:
            paths:
              - path: /engine
                pathType: Prefix
                backend: {service: {name: engine, port: {number: 80}}}
    """;
  }

  private static String service(String name, String address) {
    return """
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: %1$s}
    spec: {ports: [{port: 80}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: %1$s-1, labels: {kubernetes.io/service-name: %1$s}}
    addressType: IPv4
    ports: [{port: 80}]
    endpoints: [{addresses: [%2$s]}]
    """
        .formatted(name, address);
  }

  /** A Listener object cannot ask for any free port, so one is looked for beforehand. */
  private static int freePort() {
    try (var socket = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
