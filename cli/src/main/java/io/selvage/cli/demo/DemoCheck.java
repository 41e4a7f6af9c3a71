// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import static io.selvage.cli.demo.CheckList.require;

import io.selvage.cli.Main;
import io.selvage.cli.demo.CheckList.Broken;
import io.selvage.cli.demo.DemoClient.Answer;
import io.selvage.model.routing.KeyMaterial;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Plays visitor and operator, and says of each promise whether it was kept. */
final class DemoCheck {
  /** An edit of the folder is live within this. */
  private static final Duration EDIT_LIVE = Duration.ofSeconds(1);

  /**
   * Edits that are timed at most: the best shows what the gateway needs, apart from the machine.
   */
  private static final int TIMED_EDITS = 5;

  /** For what comes as soon as the machine lets it. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Long enough for the gateway to have read a file and refused it. */
  private static final Duration EDIT_REFUSED = Duration.ofMillis(800);

  /** Reports are sent every half second here. */
  private static final Duration REPORTED = Duration.ofSeconds(30);

  private static final int WEIGHT_REQUESTS = 400;
  private static final int SHOP_REQUESTS = 50;
  private static final int POLL_MILLIS = 10;

  private final DemoGateway gateway;
  private final DemoWorld world;
  private final DemoClient client;
  private final String http;
  private final PrintWriter out;

  private DemoCheck(DemoGateway gateway, DemoClient client, PrintWriter out) {
    this.out = out;
    this.gateway = gateway;
    this.world = gateway.world();
    this.client = client;
    this.http = gateway.http();
  }

  /** Runs all checks; returns the exit code. */
  static int run(DemoGateway gateway, CheckList list, PrintWriter out) throws InterruptedException {
    try (var client = new DemoClient()) {
      new DemoCheck(gateway, client, out).runAll(list);
    }
    out.println(list.kept() + " kept, " + list.broken() + " broken");
    return list.broken() == 0 ? 0 : 1;
  }

  private void runAll(CheckList list) throws InterruptedException {
    list.run("ready on the admin port", this::ready);
    list.run("a Mapping replaces its prefix", this::mapping);
    list.run("no route is 404 with an empty body", this::noRoute);
    list.run("an added Ingress is live within a second, without a restart", this::addIngress);
    list.run("an Ingress of the spec keeps its path", this::specIngress);
    list.run("TLS by Secret, with HTTP/2", this::tls);
    list.run("a rotated certificate is used by the next handshake", this::rotate);
    list.run("a broken Secret leaves the last good certificate", this::brokenSecret);
    list.run("a broken manifest changes nothing and is reported", this::brokenManifest);
    list.run("a changed endpoint is used at once", this::endpointChange);
    list.run("a redirect", this::redirect);
    list.run("weights share traffic", this::weights);
    list.run("no endpoint is 503", this::noEndpoint);
    list.run("a silent backend is 504", this::silentBackend);
    list.run("explain says where a request goes", this::explain);
    list.run("metrics count what was answered", this::metrics);
    list.run("a workload of the mesh is told who calls it", this::shop);
    list.run("every edge of the shop is secured", this::edges);
    list.run("every request of the shop succeeded", this::stat);
    list.run("a tap shows a request on its way", this::tap);
    list.run("a drain finishes a slow response and stops", this::drain);
  }

  private String ready() throws Exception {
    Answer answer = client.get(gateway.admin() + "/ready");
    require(answer.status() == 200, "/ready answered " + answer.status());
    return "200";
  }

  private String mapping() throws Exception {
    Answer answer = client.get(http + "/web/");
    require(answer.status() == 200, "/web/ answered " + answer.status());
    require(
        answer.pathSeen().equals("/"), "the backend saw the path \"" + answer.pathSeen() + "\"");
    return "/web/ reached " + answer.backend() + " as /";
  }

  private String noRoute() throws Exception {
    Answer answer = client.get(http + "/engine/");
    require(answer.status() == 404, "/engine/ answered " + answer.status());
    require(answer.body().isEmpty(), "the body is not empty");
    require(
        answer.header("content-length").equals("0"),
        "content-length is \"" + answer.header("content-length") + "\"");
    require(
        answer.header("server").equals("selvage"), "server is \"" + answer.header("server") + "\"");
    return "/engine/ answered 404, content-length: 0, server: selvage";
  }

  private String addIngress() throws Exception {
    long millis = Long.MAX_VALUE;
    for (int i = 0; i < TIMED_EDITS && millis > EDIT_LIVE.toMillis(); i++) {
      if (i > 0) {
        world.manifests().remove("visitor.yaml");
        awaitWithin(PATIENCE, "/engine/ is still there", () -> status("/engine/") == 404);
      }
      world.manifests().write("visitor.yaml", world.engineIngress());
      millis =
          Math.min(
              millis,
              awaitWithin(PATIENCE, "/engine/ is still not 200", () -> status("/engine/") == 200));
    }
    require(millis <= EDIT_LIVE.toMillis(), "/engine/ was not 200 before " + millis + " ms");
    Answer answer = client.get(http + "/engine/");
    require(
        answer.backend().equals("engine") && answer.pathSeen().equals("/"),
        answer.backend() + " saw " + answer.pathSeen());
    return "/engine/ reached engine as / after " + millis + " ms";
  }

  private String specIngress() throws Exception {
    Answer answer = client.get(http + "/cart/1?x=y", DemoWorld.SHOP);
    require(answer.status() == 200, "answered " + answer.status());
    require(answer.pathSeen().equals("/cart/1?x=y"), "the backend saw " + answer.pathSeen());
    int other = status("/cart/1");
    require(other == 404, "without the host it answered " + other);
    return "/cart/1?x=y reached cart unchanged, only for its host";
  }

  private String tls() throws Exception {
    Answer answer =
        DemoClient.getSecurely(
            "https://localhost:" + gateway.httpsPort() + "/cart/2", gateway.certificate());
    require(answer.status() == 200, "answered " + answer.status());
    require(answer.version().equals("HTTP_2"), "the protocol is " + answer.version());
    return "200 over " + answer.version() + " with a verified certificate";
  }

  private String rotate() throws Exception {
    KeyMaterial next = DemoWorld.newCertificate();
    X509Certificate wanted = DemoClient.parse(next);
    require(!served().equals(wanted), "the new certificate is served before it was given");
    world.certify(next);
    long millis =
        awaitWithin(PATIENCE, "the old certificate is still served", () -> served().equals(wanted));
    return "after " + millis + " ms";
  }

  private String brokenSecret() throws Exception {
    X509Certificate before = served();
    KeyMaterial other = DemoWorld.newCertificate();
    KeyMaterial third = DemoWorld.newCertificate();
    world.certify(new KeyMaterial("mismatch", other.chainPem(), third.keyPem()));
    Thread.sleep(EDIT_REFUSED);
    require(served().equals(before), "another certificate is served");
    return "the key did not fit; the last one is still served";
  }

  private String brokenManifest() throws Exception {
    world.manifests().write("broken.yaml", "kind: Mapping\nmetadata: {name: broken\n");
    try {
      awaitWithin(
          PATIENCE,
          "the admin port does not report broken.yaml",
          () -> client.get(gateway.admin() + "/problems").body().contains("broken.yaml"));
      require(status("/web/") == 200, "/web/ answers " + status("/web/"));
      require(status("/engine/") == 200, "/engine/ answers " + status("/engine/"));
    } finally {
      world.manifests().remove("broken.yaml");
    }
    return "/problems names broken.yaml, and everything else is served";
  }

  private String endpointChange() throws Exception {
    world.pointWebsiteAt(world.newWebsite);
    long millis =
        awaitWithin(
            PATIENCE,
            "the old endpoint still answers",
            () -> {
              Answer answer = client.get(http + "/web/");
              require(answer.status() == 200, "a request was answered " + answer.status());
              return answer.backend().equals(world.newWebsite.name());
            });
    return "after " + millis + " ms, no request failed";
  }

  private String redirect() throws Exception {
    Answer answer = client.get(http + "/old/page?x=y");
    require(answer.status() == 308, "answered " + answer.status());
    return "308 to " + answer.header("location");
  }

  private String weights() throws Exception {
    int canary = 0;
    for (int i = 0; i < WEIGHT_REQUESTS; i++) {
      Answer answer = client.get(http + "/split/");
      require(answer.status() == 200, "request " + i + " was answered " + answer.status());
      canary += answer.backend().equals(world.version2.name()) ? 1 : 0;
    }
    double percent = 100.0 * canary / WEIGHT_REQUESTS;
    // Five standard deviations of a fair draw: a wrong weight fails, luck does not.
    double share = DemoWorld.CANARY_PERCENT / 100.0;
    double tolerance = 500 * Math.sqrt(share * (1 - share) / WEIGHT_REQUESTS);
    require(
        Math.abs(percent - DemoWorld.CANARY_PERCENT) <= tolerance,
        "version-2 got %.1f %% of %d".formatted(percent, WEIGHT_REQUESTS));
    return "version-2 got %.1f %% of %d requests".formatted(percent, WEIGHT_REQUESTS);
  }

  private String noEndpoint() throws Exception {
    int status = status("/idle/");
    require(status == 503, "answered " + status);
    return "503";
  }

  private String silentBackend() throws Exception {
    int before = world.silent.requests();
    long start = System.nanoTime();
    int status = status("/silent/");
    long millis = millisSince(start);
    require(status == 504, "answered " + status);
    require(world.silent.requests() > before, "the backend was never asked");
    return "504 after " + millis + " ms";
  }

  private String explain() throws Exception {
    Answer answer = client.get(gateway.admin() + "/explain?url=" + http + "/web/a");
    require(answer.status() == 200, "answered " + answer.status() + ": " + answer.body());
    JsonObject backend = new JsonObject(answer.body()).getJsonObject("backend");
    String wanted = "127.0.0.1:" + world.newWebsite.port();
    require(
        backend != null && backend.getString("endpoint").equals(wanted),
        "it names " + backend + " and not " + wanted);
    return new JsonObject(answer.body()).getString("summary");
  }

  private String metrics() throws Exception {
    Answer answer = client.get(gateway.admin() + "/metrics");
    require(answer.status() == 200, "/metrics answered " + answer.status());
    double total =
        answer
            .body()
            .lines()
            .filter(line -> line.startsWith("selvage_http_requests_total{"))
            .filter(line -> line.contains("listener=\"ingress_http\""))
            .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
            .sum();
    require(total >= WEIGHT_REQUESTS, "only " + total + " requests are counted");
    return "%.0f requests on plaintext listeners".formatted(total);
  }

  private String shop() throws Exception {
    Answer answer = client.get(http + "/shop/");
    require(answer.status() == 200, "/shop/ answered " + answer.status() + " " + answer.body());
    var seen = new JsonObject(answer.body());
    String gatewayId = "spiffe://cluster.local/ns/selvage/sa/gateway";
    require(
        gatewayId.equals(seen.getString("caller")),
        "the storefront was called by " + seen.getString("caller"));
    require(
        ShopApps.GREETING.strip().equals(seen.getString("mailer")),
        "the mailer said " + seen.getString("mailer"));
    for (int i = 1; i < SHOP_REQUESTS; i++) {
      int status = status("/shop/");
      require(status == 200, "request " + i + " was answered " + status);
    }
    return seen.getString("caller");
  }

  private String edges() throws Exception {
    awaitWithin(
        REPORTED,
        "not all three edges are there",
        () -> new JsonArray(mesh("edges", "pod", "-n", "shop", "-o", "json")).size() == 3);
    var edges = new JsonArray(mesh("edges", "pod", "-n", "shop", "-o", "json"));
    out.print(mesh("edges", "pod", "-n", "shop", "-o", "wide").indent(2));
    var seen = new TreeSet<String>();
    for (int i = 0; i < edges.size(); i++) {
      JsonObject edge = edges.getJsonObject(i);
      String name = edge.getString("src") + " -> " + edge.getString("dst");
      require(
          edge.getString("no_tls_reason", "").isEmpty(),
          name + " is not secured: " + edge.getString("no_tls_reason"));
      seen.add(name);
    }
    require(
        seen.equals(
            Set.of(
                "gateway-1 -> storefront-1",
                "storefront-1 -> mailer-1",
                "storefront-1 -> orders-1")),
        "the edges are " + seen);
    return "gateway to storefront, storefront to orders and mailer";
  }

  private String stat() throws Exception {
    awaitWithin(
        REPORTED,
        "the requests are not all counted",
        () -> {
          JsonObject storefront = statOf("storefront-1");
          return storefront != null && storefront.getValue("success") != null;
        });
    out.print(mesh("stat", "pod", "-n", "shop").indent(2));
    for (String pod : List.of("storefront-1", "orders-1")) {
      JsonObject row = statOf(pod);
      if (row == null || row.getValue("success") == null) {
        throw new Broken("nothing is known of " + pod);
      }
      require(row.getDouble("success") == 1.0, pod + " succeeded in " + row.getValue("success"));
      require(row.getDouble("rps") > 0, pod + " has " + row.getValue("rps") + " requests a second");
    }
    JsonObject mailer = statOf("mailer-1");
    require(
        mailer != null && "1/1".equals(mailer.getString("meshed")),
        "of the mailer is known only " + mailer);
    return "100 % of storefront's and orders'";
  }

  private String tap() throws Exception {
    CompletableFuture<String> tapped =
        CompletableFuture.supplyAsync(() -> {
          try {
            return mesh(
                "tap", "po/storefront-1", "-n", "shop", "--to", "po/orders-1", "--count", "1");
          } catch (Broken e) {
            throw new IllegalStateException(e);
          }
        });
    awaitWithin(
        REPORTED,
        "nothing was tapped",
        () -> {
          status("/shop/");
          return tapped.isDone();
        });
    String lines = tapped.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    out.print(lines.indent(2));
    require(
        lines.startsWith("req id=1:")
            && lines.contains(" proxy=out ")
            && lines.contains("tls=true"),
        "the tap showed " + lines);
    return "storefront to orders, secured";
  }

  private @Nullable JsonObject statOf(String pod) throws Broken {
    var rows = new JsonArray(mesh("stat", "pod", "-n", "shop", "-o", "json"));
    for (int i = 0; i < rows.size(); i++) {
      if (pod.equals(rows.getJsonObject(i).getString("name"))) {
        return rows.getJsonObject(i);
      }
    }
    return null;
  }

  /** Output of a {@code mesh} command on the shop's control plane. */
  private String mesh(String... command) throws Broken {
    var printed = new StringWriter();
    var failed = new StringWriter();
    var args = new ArrayList<>(List.of(command));
    args.addAll(List.of("--control-plane", gateway.shop().api()));
    int code =
        Main.run(
            new PrintWriter(printed, true),
            new PrintWriter(failed, true),
            args.toArray(String[]::new));
    require(code == 0, "mesh " + String.join(" ", args) + " failed: " + failed);
    return printed.toString();
  }

  private String drain() throws Exception {
    CompletableFuture<Answer> slow =
        CompletableFuture.supplyAsync(() -> {
          try {
            return client.get(http + "/slow/?pieces=5&pauseMillis=300");
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    int seen = world.newWebsite.requests();
    awaitWithin(
        PATIENCE,
        "the slow request did not arrive",
        () -> world.newWebsite.requests() > seen || slow.isDone());
    Answer asked = client.post(gateway.admin() + "/drain");
    require(asked.status() == 200, "/drain answered " + asked.status());
    Answer answer = await(slow);
    require(
        answer.status() == 200 && answer.body().contains("piece 5 of 5"),
        "the response ended early: " + answer.status() + " " + answer.body());
    require(gateway.awaitStop(PATIENCE), "the gateway did not stop");
    return "all 5 pieces came, then it stopped";
  }

  private static Answer await(CompletableFuture<Answer> future)
      throws Broken, InterruptedException {
    try {
      return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new Broken("the slow response failed: " + e);
    }
  }

  private int status(String path) throws IOException, InterruptedException {
    return client.get(http + path).status();
  }

  private X509Certificate served() throws IOException, GeneralSecurityException {
    return DemoClient.certificate(gateway.httpsPort(), DemoWorld.SHOP);
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  /** Polls until the condition holds; returns how long it took, in milliseconds. */
  private static long awaitWithin(Duration limit, String otherwise, Condition condition)
      throws Exception {
    long start = System.nanoTime();
    while (!condition.holds()) {
      if (millisSince(start) > limit.toMillis()) {
        throw new Broken(otherwise + " after " + millisSince(start) + " ms");
      }
      Thread.sleep(POLL_MILLIS);
    }
    return millisSince(start);
  }

  private static long millisSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1_000_000;
  }
}
