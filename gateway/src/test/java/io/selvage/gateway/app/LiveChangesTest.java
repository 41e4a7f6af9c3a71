// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.fixture.NamedOrigin;
import io.selvage.gateway.fixture.TestGatewayProcess;
import io.selvage.model.kube.ObjectRef;
import io.selvage.testkit.RawClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Changes of a running gateway, seen by clients. */
class LiveChangesTest {

  @Test
  void anIngressOfClassAmbassadorBesideListenerAndMappingIsServedWithoutARestart()
      throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (var website = NamedOrigin.start("website");
        var engine = NamedOrigin.start("engine");
        var gateway = TestGatewayProcess.start()) {
      gateway.put(
          """
          apiVersion: getambassador.io/v3alpha1
          kind: Listener
          metadata: {name: edge}
          spec: {port: %d, protocol: HTTP, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
          ---
          apiVersion: getambassador.io/v3alpha1
          kind: Mapping
          metadata: {name: web}
          spec: {hostname: "*", prefix: /web/, service: website}
          """
              .formatted(port),
          Manifests.service("website"),
          Manifests.slice("website", website.port()),
          Manifests.service("engine"),
          Manifests.slice("engine", engine.port()));
      assertThat(get(port, "/web/page?q=1"))
          .containsIgnoringCase("x-service: website")
          .contains("GET /page?q=1 HTTP");
      assertThat(get(port, "/engine/"))
          .startsWith("HTTP/1.1 404 ")
          .contains("server: selvage")
          .endsWith("\r\n\r\n");

      gateway.put(Manifests.ingress("ambassador", "engine", "", "/engine", "engine"));

      assertThat(get(port, "/engine/")).startsWith("HTTP/1.1 200 ").contains("GET / HTTP");
      assertThat(get(port, "/engine")).startsWith("HTTP/1.1 200 ").contains("GET / HTTP");
      assertThat(get(port, "/engine/a/b?c")).contains("GET /a/b?c HTTP");
      assertThat(get(port, "/engines")).startsWith("HTTP/1.1 404 ");
      assertThat(get(port, "/web/")).containsIgnoringCase("x-service: website");
    }
  }

  private static String get(int port, String path) throws IOException {
    try (var client = RawClient.connect(port)) {
      return client
          .send("GET " + path + " HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n")
          .readResponse();
    }
  }

  @Test
  void swapsAndEndpointChurnUnderLoadLoseNoRequest() throws Exception {
    try (var one = NamedOrigin.start("web");
        var two = NamedOrigin.start("web");
        var gateway = TestGatewayProcess.start()) {
      gateway.put(
          Manifests.ingress("web", "a.example", "/", "web"),
          Manifests.service("web"),
          Manifests.slice("web", one.port()));
      var stop = new AtomicBoolean();
      var requests = new AtomicInteger();
      var failure = new AtomicReference<String>();
      Thread load =
          Thread.ofPlatform()
              .start(() -> {
                while (!stop.get()) {
                  try {
                    String response = gateway.get("a.example", "/");
                    if (!response.startsWith("HTTP/1.1 200 ")) {
                      failure.compareAndSet(null, response);
                    }
                    requests.incrementAndGet();
                  } catch (IOException | RuntimeException e) {
                    failure.compareAndSet(null, e.toString());
                  }
                }
              });

      // When routes change and the endpoint moves between two slices, again and again
      var first = new ObjectRef("EndpointSlice", "default", "web-" + one.port());
      var second = new ObjectRef("EndpointSlice", "default", "web-" + two.port());
      for (int i = 0; i < 15; i++) {
        gateway
            .source()
            .put(Manifests.state(Manifests.slice("web", i % 2 == 0 ? two.port() : one.port())));
        int round = i;
        gateway.source().change(s -> s.remove(round % 2 == 0 ? first : second));
        gateway.put(Manifests.ingress("other", "other.example", "/" + i, "web"));
      }
      stop.set(true);
      load.join();

      assertThat(failure.get()).isNull();
      assertThat(requests.get()).isGreaterThan(15);
    }
  }

  @Test
  void aDeletedIngressTakesItsPathAlone() throws IOException {
    try (var one = NamedOrigin.start("one");
        var two = NamedOrigin.start("two");
        var gateway = TestGatewayProcess.start()) {
      gateway.put(
          Manifests.ingress("host", "a.example", "/host", "one"),
          Manifests.ingress("data", "a.example", "/data", "two"),
          Manifests.service("one"),
          Manifests.service("two"),
          Manifests.slice("one", one.port()),
          Manifests.slice("two", two.port()));
      assertThat(gateway.servedBy("a.example", "/host")).isEqualTo("one");
      assertThat(gateway.servedBy("a.example", "/data")).isEqualTo("two");

      var live = gateway.process().server().live().orElseThrow();
      gateway.source().change(s -> s.remove(new ObjectRef("Ingress", "default", "data")));
      gateway.awaitOtherThan(live);

      assertThat(gateway.servedBy("a.example", "/data")).isEqualTo("404");
      assertThat(gateway.servedBy("a.example", "/host")).isEqualTo("one");
    }
  }

  @Test
  void drainingEndsTheProcessInGoodOrder() throws IOException {
    var gateway = TestGatewayProcess.start();
    gateway.put(Manifests.ingress("web", "a.example", "/", "web"), Manifests.service("web"));
    await().atMost(30, TimeUnit.SECONDS).until(() -> gateway.process().readiness().isReady());
    assertThat(gateway.status("a.example", "/")).isEqualTo(503);

    gateway.process().drainAndClose();

    assertThat(gateway.process().readiness().isReady()).isFalse();
    assertThat(gateway.process().server().phase()).isEqualTo(GatewayServer.Phase.STOPPED);
    await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> gateway.process().server().stopped().toCompletableFuture().isDone());
    gateway.process().close();
  }
}
