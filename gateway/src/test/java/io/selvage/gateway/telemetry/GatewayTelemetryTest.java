// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.fixture.NamedOrigin;
import io.selvage.gateway.fixture.TestGatewayProcess;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.testkit.TestCa;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GatewayTelemetryTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private @TempDir Path dir;
  private GatewayTelemetry telemetry;
  private TestGatewayProcess gateway;
  private NamedOrigin origin;

  @BeforeEach
  void start() throws Exception {
    origin = NamedOrigin.start("web");
    telemetry =
        new GatewayTelemetry(
            new TelemetryOptions(dir.resolve("access.log").toString(), Optional.empty(), 0));
    gateway = TestGatewayProcess.start(CompileOptions.defaults(), telemetry.hooks());
    telemetry.attach(gateway.process());
    gateway.put(
        Manifests.ingress("web", "web.example", "/", "web"),
        Manifests.service("web"),
        Manifests.slice("web", origin.port()));
  }

  @AfterEach
  void stop() {
    gateway.close();
    telemetry.close();
    origin.close();
    client.close();
  }

  private String page(String path) throws Exception {
    return client
        .send(
            HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + gateway.process().adminPort() + path))
                .build(),
            BodyHandlers.ofString())
        .body();
  }

  @Test
  void countsWhatWasServedAndWhatIsConfigured() throws Exception {
    gateway.get("web.example", "/a");
    gateway.get("other.example", "/");

    Awaitility.await()
        .untilAsserted(() ->
            assertThat(page("/metrics"))
                .containsPattern(
                    "selvage_http_requests_total\\{cluster=\"default/web/80\","
                        + "listener=\"ingress_http\",outcome=\"ok\",status=\"2xx\"} 1.0")
                .containsPattern(
                    "selvage_http_requests_total\\{cluster=\"none\","
                        + "listener=\"ingress_http\",outcome=\"no_route\",status=\"4xx\"} 1.0")
                .contains("selvage_connections_total{listener=\"ingress_http\"} 2.0")
                .contains("selvage_connections_active{listener=\"ingress_http\"} 0.0")
                .contains("selvage_listener_bound{listener=\"ingress_http\"} 1.0")
                .contains("selvage_config_problems{severity=\"error\"} 0.0")
                .contains("selvage_endpoints_available 1.0")
                .contains("jvm_memory_used_bytes"));
  }

  @Test
  void writesALineForEachExchange() throws Exception {
    gateway.get("web.example", "/a?b=c");
    gateway.get("other.example", "/");

    List<String> lines =
        Awaitility.await()
            .until(() -> Files.readString(dir.resolve("access.log")), GatewayTelemetryTest::areTwo)
            .lines()
            .toList();
    JsonNode first = new ObjectMapper().readTree(lines.getFirst());
    assertThat(first.get("path").asText()).isEqualTo("/a?b=c");
    assertThat(first.get("outcome").asText()).isEqualTo("ok");
    assertThat(first.get("endpoint").asText()).isEqualTo("127.0.0.1:" + origin.port());
    assertThat(new ObjectMapper().readTree(lines.getLast()).get("outcome").asText())
        .isEqualTo("no_route");
  }

  /** Whole lines: what is being written now ends without a line feed. */
  private static boolean areTwo(String lines) {
    return lines.endsWith("\n") && lines.lines().count() == 2;
  }

  @Test
  void showsTheTableAndTheEndpointsButNoKey() throws Exception {
    var certificate = TestCa.root("Selvage test").serverFor("web.example");
    gateway.put(
        Manifests.tlsSecret("web-tls", certificate.chainPem(), certificate.keyPem()),
        Manifests.ingress("web", "web.example", "/", "web")
            + "  tls: [{hosts: [web.example], secretName: web-tls}]\n");

    JsonNode routes = new ObjectMapper().readTree(page("/routes"));
    JsonNode clusters = new ObjectMapper().readTree(page("/clusters"));

    assertThat(routes.at("/routeTables/0/virtualHosts").toString()).contains("web.example");
    assertThat(routes.toString())
        .contains("web-tls")
        .doesNotContain("PRIVATE KEY")
        .doesNotContain("BEGIN CERTIFICATE");
    assertThat(clusters.at("/0/endpoints/0/address").asText())
        .isEqualTo("127.0.0.1:" + origin.port());
  }

  @Test
  void forgetsTheMetersOfAServiceThatIsGone() throws Exception {
    gateway.get("web.example", "/");
    Awaitility.await()
        .untilAsserted(() -> assertThat(page("/metrics")).contains("cluster=\"default/web/80\""));

    gateway
        .source()
        .change(store ->
            store.remove(new io.selvage.model.kube.ObjectRef("Ingress", "default", "web")));

    Awaitility.await()
        .untilAsserted(
            () -> assertThat(page("/metrics")).doesNotContain("cluster=\"default/web/80\""));
  }
}
