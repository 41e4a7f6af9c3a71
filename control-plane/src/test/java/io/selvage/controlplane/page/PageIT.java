// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.page;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.api.OverviewApi;
import io.selvage.controlplane.api.TapApi;
import io.selvage.controlplane.api.TrafficApi;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.controlplane.observation.EdgeOf;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.UnaskedTraffic;
import io.selvage.controlplane.observation.prometheus.PrometheusServer;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.tap.TapListener;
import io.selvage.controlplane.observation.tap.TapQuery;
import io.selvage.controlplane.observation.tap.TapRequest;
import io.selvage.controlplane.observation.tap.TapRow;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.testkit.Browser;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, over reports of a small mesh. */
class PageIT {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String HOSTILE = "<img src=x onerror=alert(1)>";

  @TempDir private static Path dir;
  private static @Nullable Browser browser;

  private final Vertx vertx = Vertx.vertx();
  private final MeshWorld world =
      new MeshWorld()
          .deploymentPod("web", "1", "10.0.0.1")
          .deploymentPod("emoji", "1", "10.0.0.2")
          .deploymentPod("gateway", "1", "10.0.0.4")
          .pod("vote-0", "u", "vote", "10.0.0.3", "Running", List.of(), false, false)
          .sync();
  private final ConnectedProxy web = world.proxy("web-5d9-1", "web");
  private final ConnectedProxy gateway = world.proxy("gateway-5d9-1", "gateway", ProxyKind.GATEWAY);
  private volatile List<Overview.Finding> problems = List.of();
  private volatile boolean broken;
  private final OneTap taps = new OneTap();
  private final Router router = Router.router(vertx);
  private volatile List<Overview.Link> links = List.of();
  private @Nullable HttpServer server;

  @BeforeAll
  static void start() throws Exception {
    Browser.unavailable().ifPresent(why -> Assumptions.abort("skipped: " + why));
    browser = Browser.start(dir);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  private static Browser browser() {
    if (browser == null) {
      throw new IllegalStateException("no browser");
    }
    return browser;
  }

  /** Answers of the real tables; the rest is not asked by the page. */
  private final class Tables extends UnaskedTraffic {
    @Override
    public CompletionStage<Graph> graph(GraphRequest request) {
      if (broken) {
        return CompletableFuture.failedFuture(new IllegalArgumentException("broken for a test"));
      }
      synchronized (world) {
        return CompletableFuture.completedFuture(
            world.tables.graph(request, world.store.pairs(request.window()), List.of()));
      }
    }
  }

  /** Yields what the test says. */
  private static final class OneTap implements TapQuery {
    volatile TapListener listener =
        new TapListener() {
          @Override
          public void exchange(TapRow row) {}

          @Override
          public void status(int proxies, long dropped) {}
        };
    volatile boolean ended;
    volatile @Nullable TapRequest asked;

    @Override
    public CompletionStage<Long> begin(TapRequest request, TapListener newListener) {
      asked = request;
      listener = newListener;
      newListener.status(1, 0);
      return CompletableFuture.completedFuture(1L);
    }

    @Override
    public void end(long id) {
      ended = true;
    }
  }

  @BeforeEach
  void serve() throws Exception {
    new TrafficApi(new Tables()).mount(router);
    new OverviewApi(this::overview).mount(router);
    new TapApi(taps, TapPermission.loopback()).mount(router);
    new PageRoutes().mount(router);
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get(20, TimeUnit.SECONDS);
    world.report(web);
    world.report(gateway);
    world.now += 60_000;
    world.report(gateway, EdgeOf.to("10.0.0.1").as("web").requests(120, 120).edge());
    world.report(
        web,
        EdgeOf.to("10.0.0.2").as("emoji").requests(60, 54).edge(),
        EdgeOf.to("10.0.0.3").unsecured(Security.NOT_MESHED).requests(6, 6).edge());
    browser().size(1400, 900);
    browser().prefer("light");
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private Overview overview() {
    return new Overview(
        "replica-1",
        "cluster.local",
        "2026-01-01T00:00:00Z",
        new Overview.Source(true, "", "2026-01-01T00:00:00Z"),
        problems,
        problems.size(),
        List.of(
            new Overview.Proxy(
                "default",
                "web-5d9-1",
                "sidecar",
                MeshWorld.id("web"),
                "0.1.0",
                "2026-01-01T00:00:00Z",
                "2126-01-01T00:00:00Z",
                true,
                "")),
        1,
        links);
  }

  private String origin() {
    if (server == null) {
      throw new IllegalStateException("not started");
    }
    return "http://127.0.0.1:" + server.actualPort();
  }

  private void load() {
    browser().load(URI.create(origin() + "/"));
    waitFor("return document.querySelectorAll('.node').length", "4");
  }

  private static void waitFor(String script, String value) {
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(() -> assertThat(browser().text(script)).isEqualTo(value));
  }

  private void nothingOnTheConsole() {
    assertThat(browser().console(origin())).isEmpty();
  }

  @Test
  void itShowsFromTheGatewayToTheLastPod() {
    load();
    assertThat(
            browser()
                .text(
                    "return [...document.querySelectorAll('.node .name')].map(n =>"
                        + " n.textContent).sort().join()"))
        .isEqualTo("emoji,gateway,vote-0,web");
    // Left to right: whoever calls stands before whom it calls.
    assertThat(
            browser()
                .run(
                    """
                    const x = name => [...document.querySelectorAll('.node')]
                      .find(n => n.querySelector('.name').textContent === name).getBoundingClientRect().x;
                    return x('gateway') < x('web') && x('web') < x('emoji') && x('web') < x('vote-0');
                    """))
        .isEqualTo(true);
    assertThat(browser().text("return document.querySelectorAll('.edge.plain').length"))
        .isEqualTo("1");
    assertThat(browser().text("return document.querySelector('#workload-table tbody').textContent"))
        .contains("web deployment", "vote-0 pod", "0/1");
    assertThat(browser().text("return document.querySelector('#edge-table tbody').textContent"))
        .contains("√ mTLS", Security.NOT_MESHED.label(), "90.0%");
    assertThat(browser().text("return document.getElementById('tile-secured').textContent"))
        .isEqualTo("2of 3");
    nothingOnTheConsole();
  }

  @Test
  void itFollowsWhatHappens() {
    load();
    browser().run("document.querySelector('.node').marked = true");
    synchronized (world) {
      world.now += 5_000;
      world.report(
          web,
          EdgeOf.to("10.0.0.2").as("emoji").requests(60, 54).edge(),
          EdgeOf.to("10.9.9.9").unsecured(Security.OUTSIDE).requests(6, 6).edge());
    }
    waitFor("return document.querySelectorAll('.node').length", "5");
    problems =
        List.of(
            new Overview.Finding("error", "Service a/b", "a.yaml:3", "Wrong", "first of all"),
            new Overview.Finding("warning", "proxy", "", "Proxy", "second"));
    waitFor("return document.getElementById('problem-badge').textContent", "2");
    assertThat(browser().text("return document.getElementById('problem-list').textContent"))
        .contains("Service a/b first of all", "a.yaml:3", "second");
    assertThat(browser().text("return document.title")).isEqualTo("(2) Selvage");
    nothingOnTheConsole();
  }

  @Test
  void itSaysThatNobodyAnswersAndGoesOnWhenSomebodyDoes() {
    load();
    broken = true;
    waitFor("return document.getElementById('state').textContent", "no answer: broken for a test");
    assertThat(browser().text("return document.querySelectorAll('.node').length"))
        .as("the last state stays")
        .isEqualTo("4");
    broken = false;
    waitFor("return document.getElementById('state').textContent", "live");
    assertThat(browser().console(origin()))
        .as("the browser itself notes each answer that is none")
        .allMatch(line -> line.contains("status of 400"));
  }

  @Test
  void theKeyboardIsEnough() {
    load();
    browser().press(Browser.TAB);
    assertThat(browser().text("return document.activeElement.className")).isEqualTo("skip");
    for (int i = 0; i < 30 && focusedNode().isEmpty(); i++) {
      browser().press(Browser.TAB);
    }
    assertThat(focusedNode()).isEqualTo("emoji");
    browser().press(Browser.LEFT);
    assertThat(focusedNode()).isEqualTo("web");
    browser().press(Browser.LEFT);
    assertThat(focusedNode()).isEqualTo("gateway");
    browser().press(Browser.RIGHT, Browser.ENTER);
    waitFor("return document.getElementById('inspector').hidden", "false");
    assertThat(browser().text("return document.getElementById('inspector').textContent"))
        .contains("web", "Called by", "gateway", "Calls", "emoji");
    browser().press(Browser.ESCAPE);
    waitFor("return document.getElementById('inspector').hidden", "true");
    nothingOnTheConsole();
  }

  /** The name in the box that has the focus; empty if none has. */
  private static String focusedNode() {
    return browser()
        .text("return document.activeElement.querySelector?.('.name')?.textContent ?? ''");
  }

  @Test
  void aNarrowScreenIsEnough() {
    browser().size(360, 740);
    load();
    assertThat(browser().run("return document.documentElement.scrollWidth <= innerWidth"))
        .isEqualTo(true);
    assertThat(
            browser()
                .text(
                    "return getComputedStyle(document.querySelector('#workload-table"
                        + " td[data-label=P95]'), '::before').content"))
        .as("each figure says what it is")
        .isEqualTo("\"P95\"");
    nothingOnTheConsole();
  }

  @Test
  void itIsLightOrDarkAsTheReaderLikesIt() {
    load();
    String background = "return getComputedStyle(document.documentElement).backgroundColor";
    String light = browser().text(background);
    browser().prefer("dark");
    waitFor(background.replace("return ", "return '" + light + "' !== "), "true");
    String dark = browser().text(background);
    browser().run("document.getElementById('theme').click()");
    assertThat(browser().text(background)).as("light, whatever the system says").isEqualTo(light);
    browser().run("document.getElementById('theme').click()");
    assertThat(browser().text(background)).isEqualTo(dark);
    browser().run("document.getElementById('theme').click()");
    nothingOnTheConsole();
  }

  @Test
  void requestsAreShownAsTheyHappen() {
    load();
    browser()
        .run(
            "document.getElementById('tap-resource').value = 'deploy/web';"
                + " document.getElementById('tap-form').requestSubmit();");
    waitFor("return document.getElementById('tap-state').textContent", "1 proxy tells");
    var end = new TapRow.End("10.0.0.1:1", "default", "web-5d9-1", "", Map.of());
    for (int i = 0; i < 250; i++) {
      taps.listener.exchange(
          new TapRow(
              "1:" + i, "in", end, end, "true", false, "", "", "GET", "http", "web", HOSTILE, 503,
              null, 1_500L, 2_000, 0, 0, "ok", false, null));
    }
    waitFor("return document.getElementById('tap-rows').childElementCount", "200");
    assertThat(browser().text("return document.querySelector('#tap-rows .request').textContent"))
        .isEqualTo("GET " + HOSTILE);
    assertThat(browser().text("return document.querySelectorAll('main img').length"))
        .isEqualTo("0");
    browser().run("document.getElementById('tap-start').click()");
    await().atMost(LIMIT).until(() -> taps.ended);
    nothingOnTheConsole();
  }

  /** Another namespace may have a deployment of that name. */
  @Test
  void whatIsClickedIsTappedInItsOwnNamespace() {
    load();
    assertThat(browser().text("return document.getElementById('namespace').value"))
        .as("all namespaces")
        .isEmpty();
    browser()
        .run(
            "[...document.querySelectorAll('.node')].find(n =>"
                + " n.querySelector('.name').textContent === 'web')"
                + ".dispatchEvent(new MouseEvent('click', { bubbles: true }));");
    waitFor("return document.getElementById('tap-resource').value", "deployment/web");
    assertThat(browser().text("return document.getElementById('tap-namespace').value"))
        .isEqualTo("default");
    browser().run("document.getElementById('tap-form').requestSubmit();");
    waitFor("return document.getElementById('tap-state').textContent", "1 proxy tells");
    TapRequest asked = requireNonNull(taps.asked);
    assertThat(asked.resource().toString()).isEqualTo("deployment/web");
    assertThat(asked.namespace()).contains("default");
    nothingOnTheConsole();
  }

  /** A Prometheus as it is installed, which knows nothing of the path it is shown under. */
  @Test
  void aToolIsReachedByItsLink() throws Exception {
    Path program =
        PrometheusServer.program()
            .orElseGet(() -> Assumptions.abort("skipped: there is no prometheus"));
    Path folder = Files.createDirectories(dir.resolve("prometheus"));
    try (PrometheusServer prometheus =
            PrometheusServer.start(program, folder, "scrape_configs: []\n");
        HttpClient client =
            HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build()) {
      var tools =
          new ToolRoutes(
              List.of(new ToolRoutes.Tool("Prometheus", "prometheus", prometheus.url())));
      tools.mount(router);
      links = tools.links();
      URI query = URI.create(origin() + "/prometheus/api/v1/query?query=vector(42)");
      await()
          .atMost(LIMIT)
          .untilAsserted(() ->
              assertThat(
                      client
                          .send(
                              HttpRequest.newBuilder(query).timeout(LIMIT).build(),
                              BodyHandlers.ofString())
                          .body())
                  .contains("\"success\"", "\"42\""));
      load();
      waitFor("return document.querySelector('#links a')?.textContent ?? ''", "Prometheus");
      String link = browser().text("return document.querySelector('#links a').href");
      assertThat(link).isEqualTo(origin() + "/prometheus/");
      URI page =
          client
              .send(HttpRequest.newBuilder(URI.create(link)).build(), BodyHandlers.discarding())
              .uri();
      assertThat(page.getPath()).as("where its redirects lead").startsWith("/prometheus/");
      browser().load(URI.create(link));
      waitFor("return location.pathname.startsWith('/prometheus/')", "true");
      waitFor("return document.title.includes('Prometheus')", "true");
      waitFor("return document.body.innerText.includes('Status')", "true");
    }
  }

  @Test
  void textOfOthersStaysText() {
    problems = List.of(new Overview.Finding("error", HOSTILE, HOSTILE, "Wrong", HOSTILE));
    load();
    waitFor("return document.querySelectorAll('#problem-list .about').length", "1");
    assertThat(browser().text("return document.querySelector('#problem-list .about').textContent"))
        .isEqualTo(HOSTILE);
    assertThat(browser().text("return document.querySelectorAll('main img').length"))
        .isEqualTo("0");
    assertThat(
            browser()
                .text(
                    "try { document.body.innerHTML = '<b>x</b>'; return 'taken'; }"
                        + " catch (e) { return e.name; }"))
        .as("no text becomes markup, whoever tries")
        .isEqualTo("TypeError");
  }
}
