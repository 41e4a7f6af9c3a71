// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.injector.Trees;
import io.selvage.injector.patch.PodMutator;
import io.selvage.injector.serving.ServingMaterial;
import io.selvage.injector.webhook.AdmissionServer.ClientCheck;
import io.selvage.kube.EventSink;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdmissionServerTest {
  private final TestCa ca = TestCa.root("webhook-ca");
  private final TestCa clients = TestCa.root("front-proxy-ca");
  private final Vertx vertx = Vertx.vertx();
  private AdmissionServer server;
  private int port;

  @BeforeEach
  void open() throws Exception {
    port = start(Optional.empty());
  }

  @AfterEach
  void close() throws Exception {
    server.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void aReviewIsAnsweredOverEitherVersionOfHttp() throws Exception {
    for (HttpClient.Version version : HttpClient.Version.values()) {
      if (version != HttpClient.Version.HTTP_1_1 && version != HttpClient.Version.HTTP_2) {
        continue;
      }
      HttpResponse<String> response = post(version, review(), "application/json; charset=utf-8");

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.version()).isEqualTo(version);
      JsonNode answer = Trees.JSON.readTree(response.body()).path("response");
      assertThat(answer.path("uid").asText()).isEqualTo("u-1");
      assertThat(answer.has("patch")).isTrue();
    }
  }

  @Test
  void aBodyOfTheLimitIsReadAndOneByteMoreIsNot() throws Exception {
    String review = review();
    String fit = review + " ".repeat(AdmissionServer.MAX_BODY - review.length());

    for (HttpClient.Version version :
        Set.of(HttpClient.Version.HTTP_1_1, HttpClient.Version.HTTP_2)) {
      assertThat(post(version, fit, "application/json").statusCode()).isEqualTo(200);
      assertThat(post(version, fit + " ", "application/json").statusCode()).isEqualTo(413);
      assertThat(chunked(version, fit).statusCode()).isEqualTo(200);
      assertThat(chunked(version, fit + " ").statusCode()).isEqualTo(413);
    }
    assertThat(post(HttpClient.Version.HTTP_1_1, review, "application/json").statusCode())
        .isEqualTo(200);
  }

  @Test
  void anythingButAReviewIsRefused() throws Exception {
    assertThat(post(HttpClient.Version.HTTP_2, review(), "text/plain").statusCode()).isEqualTo(415);
    assertThat(post(HttpClient.Version.HTTP_2, "{", "application/json").statusCode())
        .isEqualTo(400);
    HttpRequest get = HttpRequest.newBuilder(URI.create(url("/"))).build();
    assertThat(client().send(get, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
    HttpRequest elsewhere =
        HttpRequest.newBuilder(URI.create(url("/mutate")))
            .POST(BodyPublishers.ofString(review()))
            .build();
    assertThat(client().send(elsewhere, BodyHandlers.ofString()).statusCode()).isEqualTo(404);
  }

  @Test
  void garbageOnTheWireHarmsNobodyElse() throws Exception {
    for (String garbage :
        Set.of(
            "\0\0\0\0",
            "GET\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
                + "content-length: 99999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n")) {
      try (SSLSocket socket =
          (SSLSocket) context(null).getSocketFactory().createSocket("127.0.0.1", port)) {
        socket.setSoTimeout(30_000);
        OutputStream out = socket.getOutputStream();
        out.write(garbage.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        socket.shutdownOutput();
        try {
          socket.getInputStream().readAllBytes();
        } catch (IOException e) {
          // Cut off: as good as an answer.
        }
      }
    }
    assertThat(post(HttpClient.Version.HTTP_1_1, review(), "application/json").statusCode())
        .isEqualTo(200);
  }

  @Test
  void aNewCertificateServesNewConnections() throws Exception {
    TestCa other = TestCa.root("next-ca");
    server
        .update(material(other))
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);

    assertThatThrownBy(() -> post(HttpClient.Version.HTTP_1_1, review(), "application/json"))
        .isInstanceOf(SSLException.class);
    HttpClient believing = HttpClient.newBuilder().sslContext(TestTls.client(other)).build();
    assertThat(
            believing
                .send(request(review(), "application/json").build(), BodyHandlers.ofString())
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void aReviewThatIsBeingAnsweredOutlivesTheServer() throws Exception {
    for (HttpClient.Version version :
        Set.of(HttpClient.Version.HTTP_1_1, HttpClient.Version.HTTP_2)) {
      close0();
      var asked = new CountDownLatch(1);
      var permitted = new CountDownLatch(1);
      port =
          start(
              Optional.empty(),
              new Meshed() {
                @Override
                public Map<String, String> namespaceAnnotations(String namespace) {
                  asked.countDown();
                  try {
                    assertThat(permitted.await(30, TimeUnit.SECONDS)).isTrue();
                  } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                  return super.namespaceAnnotations(namespace);
                }
              });
      CompletableFuture<HttpResponse<String>> answer =
          client()
              .sendAsync(
                  request(review(), "application/json").version(version).build(),
                  BodyHandlers.ofString());
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();

      CompletableFuture<Void> closed =
          server.close(Duration.ofMinutes(1)).toCompletionStage().toCompletableFuture();
      await().atMost(Duration.ofSeconds(30)).until(this::takesNobody);
      permitted.countDown();

      HttpResponse<String> answered = answer.get(30, TimeUnit.SECONDS);
      assertThat(answered.version()).isEqualTo(version);
      assertThat(answered.statusCode()).isEqualTo(200);
      closed.get(30, TimeUnit.SECONDS);
    }
  }

  private boolean takesNobody() {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return !socket.isConnected();
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void onlyTheApiServersCertificateMayAskWhereItIsWanted() throws Exception {
    close0();
    port = start(Optional.of(new ClientCheck(clients.pem(), Set.of("kube-apiserver"))));

    assertThat(status(clients.leaf("kube-apiserver").issue())).isEqualTo(200);
    assertThat(status(clients.leaf("somebody").issue())).isEqualTo(403);
    assertThatThrownBy(() -> status(ca.leaf("kube-apiserver").issue()))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> status(null)).isInstanceOf(IOException.class);
  }

  private int status(TestCertificate certificate) throws Exception {
    HttpClient http = HttpClient.newBuilder().sslContext(context(certificate)).build();
    return http.send(request(review(), "application/json").build(), BodyHandlers.ofString())
        .statusCode();
  }

  private void close0() throws Exception {
    server.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private int start(Optional<ClientCheck> check) throws Exception {
    return start(check, new Meshed());
  }

  private int start(Optional<ClientCheck> check, ClusterView cluster) throws Exception {
    var metrics = new AdmissionMetrics(new SimpleMeterRegistry());
    var handler =
        new AdmissionHandler(
            cluster, new PodMutator(Trees.settings()), EventSink.none(), metrics, false, false);
    server = new AdmissionServer(vertx, handler, metrics, check, material(ca));
    return server
        .listen("127.0.0.1", 0)
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  private static class Meshed implements ClusterView {
    @Override
    public Map<String, String> namespaceAnnotations(String namespace) {
      return Map.of("selvage.io/inject", "enabled");
    }

    @Override
    public Optional<ObjectMeta> between(String kind, String namespace, String name) {
      return Optional.empty();
    }
  }

  private static ServingMaterial material(TestCa of) {
    TestCertificate leaf = of.leaf("selvage-injector").ip("127.0.0.1").issue();
    return new ServingMaterial(of.pem(), "", leaf.chainPem(), leaf.keyPem());
  }

  private static String review() throws IOException {
    ObjectNode pod = Trees.yaml("{spec: {containers: [{name: a}]}}");
    return Trees.JSON.writeValueAsString(AdmissionHandlerTest.request("shop", pod));
  }

  private HttpResponse<String> post(HttpClient.Version version, String body, String type)
      throws IOException, InterruptedException {
    return client().send(request(body, type).version(version).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> chunked(HttpClient.Version version, String body)
      throws IOException, InterruptedException {
    var in = body.getBytes(StandardCharsets.UTF_8);
    HttpRequest request =
        request("", "application/json")
            .version(version)
            .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(in)))
            .build();
    return client().send(request, BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String body, String type) {
    return HttpRequest.newBuilder(URI.create(url("/")))
        .header("content-type", type)
        .POST(BodyPublishers.ofString(body));
  }

  private HttpClient client() {
    return HttpClient.newBuilder().sslContext(context(null)).build();
  }

  private SSLContext context(TestCertificate certificate) {
    return certificate == null ? TestTls.client(ca) : TestTls.client(ca, certificate);
  }

  private String url(String path) {
    return "https://127.0.0.1:" + port + path;
  }
}
