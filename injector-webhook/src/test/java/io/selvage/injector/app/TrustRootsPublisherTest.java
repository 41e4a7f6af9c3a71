// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.selvage.injector.patch.TrustRoots;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.NamedObjects;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ConfigMap;
import io.selvage.model.kube.Namespace;
import io.selvage.model.kube.ObjectMeta;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An API server that refuses what it is told to. */
class TrustRootsPublisherTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Set<String> refusing = ConcurrentHashMap.newKeySet();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final List<String> made = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private ApiServer api;

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
  }

  @AfterEach
  void stop() {
    api.close();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String namespace =
        exchange.getRequestURI().getPath().replaceFirst(".*/namespaces/([^/]+)/.*", "$1");
    byte[] sent = exchange.getRequestBody().readAllBytes();
    boolean refused = refusing.contains(namespace);
    byte[] body =
        refused
            ? ("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                    + "\"reason\":\"Forbidden\",\"message\":\"exceeded quota\",\"code\":403}")
                .getBytes(UTF_8)
            : sent;
    if (!refused) {
      made.add(namespace);
    }
    asked.add(namespace);
    try (exchange) {
      exchange.getResponseHeaders().set("content-type", "application/json");
      exchange.sendResponseHeaders(refused ? 403 : 201, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static Namespace namespace(String name, String deleted) {
    return new Namespace(
        new ObjectMeta(name, null, null, null, null, null, 0, null, deleted, null));
  }

  @Test
  void whoRefusesIsAskedAgainUnlessItIsGoing() {
    ClusterState state =
        ClusterState.builder()
            .add(namespace("full", null))
            .add(namespace("going", "2026-01-01T00:00:00Z"))
            .add(namespace("shop", null))
            .add(
                new ConfigMap(
                    ObjectMeta.of("selvage", TrustRoots.CONFIG_MAP), Map.of(TrustRoots.KEY, "pem")))
            .build();
    refusing.addAll(Set.of("full", "going"));
    try (var publisher =
        new TrustRootsPublisher(
            new NamedObjects(api), "selvage", () -> state, Duration.ofMillis(100))) {
      publisher.look();
      await().atMost(PATIENCE).until(() -> asked.stream().filter("full"::equals).count() >= 3);
      refusing.clear();
      await().atMost(PATIENCE).until(() -> made.contains("full"));
    }
    assertThat(made).contains("shop");
  }

  @Test
  void aNamespaceThatIsGoingIsNotWaitedFor() {
    ClusterState state =
        ClusterState.builder()
            .add(namespace("going", "2026-01-01T00:00:00Z"))
            .add(
                new ConfigMap(
                    ObjectMeta.of("selvage", TrustRoots.CONFIG_MAP), Map.of(TrustRoots.KEY, "pem")))
            .build();
    refusing.add("going");
    try (var publisher =
        new TrustRootsPublisher(
            new NamedObjects(api), "selvage", () -> state, Duration.ofMillis(1))) {
      publisher.look();
      await().atMost(PATIENCE).until(() -> !asked.isEmpty());
      int before = asked.size();
      publisher.look();
      await().atMost(PATIENCE).until(() -> asked.size() > before);
    }
    // Once for each look; it would be hundreds if it were tried again by itself.
    assertThat(asked).hasSizeLessThan(5);
  }
}
