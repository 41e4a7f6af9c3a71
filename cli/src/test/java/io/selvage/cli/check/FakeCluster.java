// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.manifest.ManifestTrees;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Objects behind the paths of an API server, read-only: enough for questions, so that a cluster can
 * be given any fault.
 */
public final class FakeCluster implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, ObjectNode> objects = new ConcurrentHashMap<>();
  private final Set<String> forbidden = ConcurrentHashMap.newKeySet();
  private final List<String> writes = new CopyOnWriteArrayList<>();
  private final HttpServer server;
  private final ApiServer api;
  private volatile String version = "v1.36.2";
  private volatile Predicate<JsonNode> allowed = attributes -> true;
  private volatile Function<ObjectNode, ObjectNode> admission = FakeCluster::withSidecar;

  public FakeCluster() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
            .build();
    api = ApiServer.connect(config, ApiServerOptions.DEFAULT);
  }

  /** A kubeconfig that names it. */
  public String kubeconfig() {
    return """
    apiVersion: v1
    kind: Config
    clusters: [{name: k, cluster: {server: "http://127.0.0.1:%d"}}]
    users: [{name: u, user: {}}]
    contexts: [{name: k, context: {cluster: k, user: u}}]
    current-context: k
    """
        .formatted(server.getAddress().getPort());
  }

  /** What was asked to be changed, though nothing ever is. */
  public List<String> writes() {
    return List.copyOf(writes);
  }

  ApiQueries queries() {
    return new ApiQueries(api);
  }

  public void version(String text) {
    version = text;
  }

  /** What access reviews say. */
  public void allowed(boolean value) {
    allowedIf(attributes -> value);
  }

  /** Access reviews ask this, by {@code spec.resourceAttributes}. */
  public void allowedIf(Predicate<JsonNode> rule) {
    allowed = rule;
  }

  /** Reading this resource is refused from now on. */
  public void forbid(String plural) {
    forbidden.add(plural);
  }

  /** What becomes of a pod that is asked for in a dry run; a Status is a refusal. */
  public void admission(Function<ObjectNode, ObjectNode> webhook) {
    admission = webhook;
  }

  private static ObjectNode withSidecar(ObjectNode pod) {
    if (pod.at("/metadata/annotations").path("selvage.io/inject").asText().equals("enabled")) {
      pod.withArray("/spec/initContainers").addObject().put("name", "selvage-proxy");
    }
    return pod;
  }

  /** Adds every document. */
  public void add(String yaml) {
    for (ManifestTrees.Document document : ManifestTrees.read(yaml, false)) {
      JsonNode json = document.json();
      if (json instanceof ObjectNode object && object.has("kind")) {
        add(object);
      }
    }
  }

  public void add(ObjectNode object) {
    objects.put(path(object), object);
  }

  /** Takes an object away. */
  public void remove(String kind, String name) {
    if (!objects
        .values()
        .removeIf(o ->
            o.path("kind").asText().equals(kind) && o.at("/metadata/name").asText().equals(name))) {
      throw new AssertionError("there is no " + kind + " " + name);
    }
  }

  /** An object, to be changed. */
  public ObjectNode get(String kind, String name) {
    return objects.values().stream()
        .filter(o -> o.path("kind").asText().equals(kind))
        .filter(o -> o.at("/metadata/name").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  public List<ObjectNode> all() {
    return List.copyOf(objects.values());
  }

  private static String path(JsonNode object) {
    String apiVersion = object.path("apiVersion").asText();
    String namespace = object.at("/metadata/namespace").asText();
    return (apiVersion.contains("/") ? "/apis/" : "/api/")
        + apiVersion
        + (namespace.isEmpty() ? "" : "/namespaces/" + namespace)
        + "/"
        + plural(object.path("kind").asText())
        + "/"
        + object.at("/metadata/name").asText();
  }

  private static String plural(String kind) {
    String lower = kind.toLowerCase(java.util.Locale.ROOT);
    if (lower.endsWith("s")) {
      return lower + "es";
    }
    return lower.endsWith("policy") ? lower.substring(0, lower.length() - 1) + "ies" : lower + "s";
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().replaceAll("/+$", "");
    String query = exchange.getRequestURI().getRawQuery();
    byte[] asked = exchange.getRequestBody().readAllBytes();
    boolean review = path.endsWith("/selfsubjectaccessreviews");
    boolean dryRun =
        exchange.getRequestMethod().equals("POST")
            && path.endsWith("/pods")
            && ("&" + query + "&").contains("&dryRun=All&");
    if (!exchange.getRequestMethod().equals("GET") && !review && !dryRun) {
      writes.add(exchange.getRequestMethod() + " " + path);
    }
    try (exchange) {
      if (path.equals("/version")) {
        String[] parts = version.substring(1).split("\\.");
        send(
            exchange,
            200,
            JSON.createObjectNode()
                .put("major", parts[0])
                .put("minor", parts[1])
                .put("gitVersion", version));
      } else if (review) {
        ObjectNode answer = (ObjectNode) JSON.readTree(asked);
        answer
            .putObject("status")
            .put("allowed", allowed.test(answer.at("/spec/resourceAttributes")));
        send(exchange, 201, answer);
      } else if (dryRun) {
        ObjectNode answer = admission.apply((ObjectNode) JSON.readTree(asked));
        send(exchange, answer.path("code").asInt(201), answer);
      } else if (forbidden.stream().anyMatch(path::contains)) {
        send(exchange, 403, status(403, "forbidden for a test"));
      } else if (objects.containsKey(path)) {
        send(exchange, 200, objects.get(path));
      } else if (path.equals("/apis")) {
        groups(exchange);
      } else if (path.matches("/api/[^/]+|/apis/[^/]+/[^/]+")) {
        resources(exchange, path.replaceFirst("/apis?/", ""));
      } else {
        list(exchange, path, query == null ? "" : query);
      }
    }
  }

  /** Those of the objects that are there. */
  private void groups(HttpExchange exchange) throws IOException {
    ObjectNode answer = JSON.createObjectNode().put("kind", "APIGroupList").put("apiVersion", "v1");
    var groups = answer.putArray("groups");
    objects.values().stream()
        .map(object -> object.path("apiVersion").asText())
        .filter(apiVersion -> apiVersion.contains("/"))
        .distinct()
        .sorted()
        .forEach(apiVersion -> {
          ObjectNode group = groups.addObject();
          group.put("name", apiVersion.substring(0, apiVersion.indexOf('/')));
          ObjectNode version = group.putObject("preferredVersion");
          version.put("groupVersion", apiVersion);
          version.put("version", apiVersion.substring(apiVersion.indexOf('/') + 1));
          group.putArray("versions").add(version.deepCopy());
        });
    send(exchange, 200, answer);
  }

  private void resources(HttpExchange exchange, String apiVersion) throws IOException {
    ObjectNode answer = JSON.createObjectNode().put("kind", "APIResourceList");
    answer.put("groupVersion", apiVersion);
    var items = answer.putArray("resources");
    // Of other kinds those are served of which there are objects.
    objects.values().stream()
        .filter(object -> object.path("apiVersion").asText().equals(apiVersion))
        .filter(object -> !apiVersion.startsWith("getambassador.io/"))
        .collect(
            Collectors.toMap(
                object -> object.path("kind").asText(),
                object -> object.at("/metadata").has("namespace"),
                Boolean::logicalOr,
                TreeMap::new))
        .forEach((kind, namespaced) -> {
          ObjectNode item = items.addObject();
          item.put("name", plural(kind)).put("kind", kind).put("namespaced", namespaced);
          item.putArray("verbs").add("list");
        });
    for (ObjectNode object : objects.values()) {
      if (object.path("kind").asText().equals("CustomResourceDefinition")
          && apiVersion.startsWith(object.at("/spec/group").asText() + "/")) {
        items
            .addObject()
            .put("name", object.at("/spec/names/plural").asText())
            .put("kind", object.at("/spec/names/kind").asText())
            .put("namespaced", object.at("/spec/scope").asText().equals("Namespaced"))
            .putArray("verbs")
            .add("list");
      }
    }
    send(exchange, 200, answer);
  }

  private void list(HttpExchange exchange, String path, String query) throws IOException {
    String wanted = path.substring(path.lastIndexOf('/') + 1);
    // Behind group and version: KINDS or namespaces/NAME/KINDS; with one more it is an object.
    int words = path.replaceFirst("^/(api|apis/[^/]+)/[^/]+/", "").split("/").length;
    if (words % 2 == 0) {
      send(exchange, 404, status(404, "not found"));
      return;
    }
    String namespace =
        path.contains("/namespaces/") ? path.replaceAll(".*/namespaces/([^/]+)/.*", "$1") : "";
    String selector =
        query.contains("labelSelector=")
            ? URLDecoder.decode(query.replaceAll(".*labelSelector=([^&]*).*", "$1"), UTF_8)
            : "";
    ObjectNode answer = JSON.createObjectNode().put("kind", "List").put("apiVersion", "v1");
    ObjectNode metadata = answer.putObject("metadata");
    var items = answer.putArray("items");
    int limit = number(query, "limit", Integer.MAX_VALUE);
    int skipped = number(query, "continue", 0);
    int seen = 0;
    for (ObjectNode object : new TreeMap<>(objects).values()) {
      boolean there =
          namespace.isEmpty() || namespace.equals(object.at("/metadata/namespace").asText());
      if (there
          && plural(object.path("kind").asText()).equals(wanted)
          && matches(object.at("/metadata/labels"), selector)) {
        seen++;
        if (seen > skipped && items.size() < limit) {
          items.add(object);
        }
      }
    }
    if (seen > skipped + items.size()) {
      metadata.put("continue", Integer.toString(skipped + items.size()));
    }
    send(exchange, 200, answer);
  }

  private static int number(String query, String name, int otherwise) {
    return Arrays.stream(query.split("&"))
        .filter(part -> part.startsWith(name + "="))
        .mapToInt(part -> Integer.parseInt(part.substring(name.length() + 1)))
        .findFirst()
        .orElse(otherwise);
  }

  private static boolean matches(JsonNode labels, String selector) {
    if (selector.isEmpty()) {
      return true;
    }
    if (selector.startsWith("!")) {
      return !labels.has(selector.substring(1));
    }
    int equals = selector.indexOf('=');
    return equals < 0
        ? labels.has(selector)
        : labels
            .path(selector.substring(0, equals))
            .asText()
            .equals(selector.substring(equals + 1));
  }

  static ObjectNode status(int code, String message) {
    return JSON.createObjectNode()
        .put("kind", "Status")
        .put("apiVersion", "v1")
        .put("status", "Failure")
        .put("code", code)
        .put("message", message);
  }

  private static void send(HttpExchange exchange, int code, JsonNode body) throws IOException {
    byte[] bytes = JSON.writeValueAsBytes(body);
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    api.close();
    server.stop(0);
  }
}
