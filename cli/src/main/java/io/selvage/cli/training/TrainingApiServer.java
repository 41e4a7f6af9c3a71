// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.identity.SelfSigned;
import io.selvage.kube.manifest.ManifestTrees;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.routing.KeyMaterial;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Answers as much as a component asks of an API server in a quiet cluster: it lists what was put,
 * keeps what is written, and has no news for those who watch. Enough to learn from, not to test by.
 */
final class TrainingApiServer implements AutoCloseable {
  private static final String HOST = "localhost";
  private static final long LIMIT_SECONDS = 30;
  private static final List<String> EMISSARY_PLURALS =
      List.of("hosts", "listeners", "mappings", "modules", "tcpmappings", "tlscontexts");

  private final ObjectMapper json = new ObjectMapper();
  private final AtomicLong version = new AtomicLong(1000);

  /** By the path of each, such as {@code /api/v1/namespaces/x/services/y}. */
  private final Map<String, ObjectNode> objects = new ConcurrentHashMap<>();

  private final KeyMaterial certificate =
      SelfSigned.create(List.of(HOST), Instant.now(), Duration.ofHours(1));
  private final HttpServer server;

  private TrainingApiServer(Vertx vertx) throws Exception {
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost("127.0.0.1")
                    .setPort(0)
                    .setSsl(true)
                    .setUseAlpn(true)
                    .setKeyCertOptions(
                        new PemKeyCertOptions()
                            .addCertValue(Buffer.buffer(certificate.chainPem()))
                            .addKeyValue(Buffer.buffer(certificate.keyPem()))))
            .requestHandler(this::answer);
    server.listen().toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  static TrainingApiServer start(Vertx vertx) throws Exception {
    return new TrainingApiServer(vertx);
  }

  /**
   * Puts objects.
   *
   * @param collection path of their kind, such as {@code /api/v1/namespaces/x/services}
   * @param manifests YAML
   */
  void put(String collection, String manifests) throws IOException {
    for (ManifestTrees.Document document : ManifestTrees.read(manifests, false)) {
      if (!(document.json() instanceof ObjectNode object)) {
        throw new IOException(collection + ": " + document.fault());
      }
      store(collection + "/" + object.path("metadata").path("name").asText(), object);
    }
  }

  /** What lies at a path; empty if nobody has put or written it. */
  Optional<ObjectNode> get(String path) {
    return Optional.ofNullable(objects.get(path));
  }

  /** Writes a file that names this server and an account that may do everything. */
  Path kubeconfig(Path dir) throws IOException {
    Path authority = Files.writeString(dir.resolve("api-server.crt"), certificate.chainPem());
    return Files.writeString(
        dir.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: k, cluster: {server: "https://%s:%d", certificate-authority: "%s"}}]
        users: [{name: u, user: {token: training}}]
        contexts: [{name: k, context: {cluster: k, user: u}}]
        current-context: k
        """
            .formatted(HOST, server.actualPort(), authority));
  }

  @Override
  public void close() throws Exception {
    server.close().toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private ObjectNode store(String path, ObjectNode object) {
    ObjectNode metadata = object.withObject("/metadata");
    metadata.put("resourceVersion", Long.toString(version.incrementAndGet()));
    if (!metadata.has("uid")) {
      metadata.put("uid", "00000000-0000-0000-0000-" + "%012d".formatted(version.get()));
      metadata.put("creationTimestamp", "2026-01-01T00:00:00Z");
    }
    objects.put(path, object);
    return object;
  }

  private void answer(HttpServerRequest request) {
    String path = request.path();
    if (request.method().equals(HttpMethod.GET)) {
      read(request, path);
      return;
    }
    request
        .body()
        .onSuccess(body -> {
          try {
            write(request, path, json.readTree(body.getBytes()));
          } catch (IOException | ClassCastException e) {
            status(request, 400, "BadRequest");
          }
        });
  }

  private void read(HttpServerRequest request, String path) {
    if ("true".equals(request.getParam("watch"))) {
      if (request.headers().contains(HttpHeaders.UPGRADE)) {
        request.toWebSocket();
      } else {
        request.response().setChunked(true).writeHead();
      }
    } else if (path.equals("/readyz")) {
      request.response().end("ok");
    } else if (path.equals("/apis/getambassador.io/v3alpha1")) {
      send(request, 200, resources());
    } else if (objects.containsKey(path)) {
      send(request, 200, objects.get(path));
    } else if (isCollection(path)) {
      send(request, 200, list(path, Optional.ofNullable(request.getParam("fieldSelector"))));
    } else {
      status(request, 404, "NotFound");
    }
  }

  private void write(HttpServerRequest request, String path, JsonNode body) {
    ObjectNode object = (ObjectNode) body;
    if (path.endsWith("/tokenreviews")) {
      send(request, 201, reviewed(object));
    } else if (path.endsWith("/selfsubjectaccessreviews")) {
      object.withObject("/status").put("allowed", true);
      send(request, 201, object);
    } else if (request.method().equals(HttpMethod.POST)) {
      String name = object.path("metadata").path("name").asText();
      send(request, 201, store(path + "/" + name, object));
    } else {
      // A whole object, or a patch whose members replace those that were there.
      String target = path.replaceFirst("/status$", "");
      ObjectNode present = objects.get(target);
      send(
          request,
          200,
          store(target, present == null ? object : present.deepCopy().setAll(object)));
    }
  }

  /** Every token is that of the account and pod of the training. */
  private ObjectNode reviewed(ObjectNode review) {
    ObjectNode status = review.withObject("/status");
    status.put("authenticated", true);
    status.putArray("audiences").add(MeshProtocol.TOKEN_AUDIENCE);
    ObjectNode user = status.putObject("user");
    user.put("username", "system:serviceaccount:" + ComponentTraining.NAMESPACE + ":learner");
    user.put("uid", "1");
    user.putObject("extra").putArray("authentication.kubernetes.io/pod-name").add("learner");
    return review;
  }

  /** Collections end with a plural: there is no object of these names here. */
  private static boolean isCollection(String path) {
    String[] parts = path.split("/");
    int first = path.startsWith("/api/") ? 3 : 4;
    boolean namespaced = parts.length > first + 1 && parts[first].equals("namespaces");
    return parts.length == (namespaced ? first + 3 : first + 1);
  }

  private ObjectNode list(String path, Optional<String> fields) {
    ObjectNode list = json.createObjectNode();
    int plural = path.lastIndexOf('/');
    list.put("kind", "List").put("apiVersion", "v1");
    list.putObject("metadata").put("resourceVersion", Long.toString(version.get()));
    ArrayNode items = list.putArray("items");
    String group = path.substring(0, plural).replaceFirst("/namespaces/[^/]+$", "");
    objects.forEach((at, object) -> {
      String kind = at.substring(0, at.lastIndexOf('/'));
      boolean here =
          path.equals(kind)
              || kind.startsWith(group + "/namespaces/") && kind.endsWith(path.substring(plural));
      String name = object.path("metadata").path("name").asText();
      if (here
          && fields
              .filter(f -> f.startsWith("metadata.name="))
              .map(f -> f.endsWith("=" + name))
              .orElse(true)) {
        items.add(object);
      }
    });
    return list;
  }

  private ObjectNode resources() {
    ObjectNode list = json.createObjectNode();
    list.put("kind", "APIResourceList").put("groupVersion", "getambassador.io/v3alpha1");
    ArrayNode resources = list.putArray("resources");
    for (String plural : EMISSARY_PLURALS) {
      resources.addObject().put("name", plural).put("namespaced", true);
    }
    return list;
  }

  private void status(HttpServerRequest request, int code, String reason) {
    ObjectNode status = json.createObjectNode();
    status.put("kind", "Status").put("apiVersion", "v1").put("status", "Failure");
    status.put("reason", reason).put("code", code);
    send(request, code, status);
  }

  private void send(HttpServerRequest request, int code, JsonNode body) {
    try {
      request
          .response()
          .setStatusCode(code)
          .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
          .end(Buffer.buffer(json.writeValueAsBytes(body)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
