// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.NamedObjects;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Issuer and trust anchors that somebody else keeps: waited for, read, never written. */
class ExternalIssuerTest {
  private static final String SECRET = "secrets/" + ClusterStorage.SECRET;
  private static final String CONFIG_MAP = "configmaps/" + ClusterStorage.CONFIG_MAP;
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");

  private final Map<String, String> objects = new ConcurrentHashMap<>();
  private final List<String> writes = new CopyOnWriteArrayList<>();
  private final IdentityOptions options = IdentityOptions.defaults(SELF);
  private HttpServer server;
  private ApiServer api;
  private ClusterStorage storage;
  private IssuerStore store;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
            .build();
    api = ApiServer.connect(config, ApiServerOptions.DEFAULT);
    storage = new ClusterStorage(new NamedObjects(api), "selvage", true);
    store = new IssuerStore(options, storage, IdentityEvents.NONE);
  }

  @AfterEach
  void stop() {
    api.close();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    exchange.getRequestBody().readAllBytes();
    if (!exchange.getRequestMethod().equals("GET")) {
      writes.add(exchange.getRequestMethod() + " " + path);
    }
    String found = objects.get(path.replaceFirst(".*/namespaces/selvage/", ""));
    byte[] body =
        (found == null
                ? "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                    + "\"reason\":\"NotFound\",\"code\":404}"
                : found)
            .getBytes(UTF_8);
    try (exchange) {
      exchange.getResponseHeaders().set("content-type", "application/json");
      exchange.sendResponseHeaders(found == null ? 404 : 200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private void secret(CertificateAuthorities.Created made) {
    objects.put(
        SECRET,
        """
        {"kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/tls",
         "metadata": {"name": "selvage-identity-issuer", "namespace": "selvage"},
         "data": {"tls.crt": "%s", "tls.key": "%s"}}
        """
            .formatted(base64(made.issuerPem()), base64(made.issuerKeyPem())));
  }

  private void configMap(CertificateAuthorities.Created made) {
    objects.put(
        CONFIG_MAP,
        """
        {"kind": "ConfigMap", "apiVersion": "v1",
         "metadata": {"name": "selvage-trust-roots", "namespace": "selvage"},
         "data": {"ca-bundle.crt": "%s"}}
        """
            .formatted(made.bundle().pem().replace("\n", "\\n")));
  }

  private static CertificateAuthorities.Created made() {
    return CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(365));
  }

  private String refreshed() {
    store.refresh(Instant.now());
    return store.problem().map(p -> p.reason() + ": " + p.message()).orElse("");
  }

  @Test
  void whatIsMissingIsWaitedForByName() {
    var made = made();
    String start =
        "IssuerMissing: Secret selvage/selvage-identity-issuer and ConfigMap"
            + " selvage/selvage-trust-roots: issuer and trust anchors are somebody else's to keep"
            + " (--external-identity), and there is ";
    assertThat(refreshed())
        .isEqualTo(
            start
                + "no Secret selvage/selvage-identity-issuer and no ConfigMap"
                + " selvage/selvage-trust-roots");
    secret(made);
    assertThat(refreshed()).isEqualTo(start + "no ConfigMap selvage/selvage-trust-roots");
    assertThat(store.trust()).isNull();
    configMap(made);
    assertThat(refreshed()).isEmpty();
    assertThat(store.trust().bundle()).isEqualTo(made.bundle());

    // Deleted by mistake: the last good one stays until it is there again.
    objects.remove(SECRET);
    assertThat(refreshed()).isEqualTo(start + "no Secret selvage/selvage-identity-issuer");
    assertThat(store.trust().bundle()).isEqualTo(made.bundle());
    secret(made);
    assertThat(refreshed()).isEmpty();
    assertThat(writes).isEmpty();
  }

  @Test
  void noRotationTouchesIt() {
    var made = made();
    secret(made);
    configMap(made);
    assertThat(refreshed()).isEmpty();
    var rotation =
        new Rotation(
            options,
            storage,
            store,
            List::of,
            () -> {},
            new Replicas(
                "control-plane-1",
                "life",
                options.settle(),
                System::nanoTime,
                () -> Optional.of(Set.of()),
                storage.board()),
            System::nanoTime);
    assertThatThrownBy(() -> rotation.start(Prune.NOW, Duration.ofMinutes(1), Instant.now()))
        .isInstanceOf(Rotation.RefusedException.class)
        .hasMessage(
            "issuer and trust anchors are somebody else's to keep (--external-identity); rotate it"
                + " there");
    assertThat(writes).isEmpty();
  }

  /** Before cert-manager has put anything into the Secret that it made. */
  @Test
  void whatCertManagerIsAboutToFillIsNotOverwritten() {
    objects.put(
        SECRET,
        """
        {"kind": "Secret", "apiVersion": "v1", "type": "kubernetes.io/tls",
         "metadata": {"name": "selvage-identity-issuer", "namespace": "selvage",
           "annotations": {"cert-manager.io/certificate-name": "issuer"}},
         "data": {"tls.crt": "", "tls.key": ""}}
        """);
    storage = new ClusterStorage(new NamedObjects(api), "selvage", false);
    store = new IssuerStore(options, storage, IdentityEvents.NONE);
    assertThat(refreshed())
        .startsWith("IssuerMissing: ")
        .endsWith("belongs to cert-manager, and there is no ConfigMap selvage/selvage-trust-roots");
    assertThat(writes).isEmpty();
  }
}
