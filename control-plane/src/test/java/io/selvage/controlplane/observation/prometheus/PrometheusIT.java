// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import static io.selvage.controlplane.observation.MeshWorld.from;
import static io.selvage.controlplane.observation.MeshWorld.to;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.EdgeOf;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.UnaskedTraffic;
import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TrafficQuery;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same traffic, asked of a real Prometheus that scrapes it and of what was reported. */
class PrometheusIT {
  private static final Duration WINDOW = Duration.ofSeconds(20);
  private static final String WEB = "10.0.0.1";
  private static final String EMOJI = "10.0.0.2";
  private static final String BARE = "10.0.0.3";
  private static final String EDGE = "10.0.0.4";

  private final ScheduledExecutorService lane = Executors.newSingleThreadScheduledExecutor();
  private final MeshWorld world =
      new MeshWorld()
          .deploymentPod("web", "1", WEB)
          .deploymentPod("emoji", "1", EMOJI)
          .deploymentPod("edge", "1", EDGE)
          .pod("bare", "u", "bare", BARE, "Running", List.of(), false, false)
          .service("emoji")
          .sync();
  private final List<Proxy> proxies =
      List.of(
          new Proxy(
              world.proxy("web-5d9-1", "web"),
              EdgeOf.to(EMOJI)
                  .as("emoji")
                  .service("default/emoji:80")
                  .requests(200, 180)
                  .latencies(latencies())
                  .opened(0, 3)
                  .bytes(4_000, 400)
                  .edge(),
              EdgeOf.to(BARE)
                  .unsecured(Security.NOT_MESHED)
                  .requests(100, 100)
                  .latency(3, 100)
                  .edge(),
              EdgeOf.from(EDGE).as("edge").requests(100, 100).latency(8, 100).opened(1, 2).edge()),
          new Proxy(
              world.proxy("emoji-5d9-1", "emoji"),
              EdgeOf.from(WEB)
                  .as("web")
                  .requests(200, 190)
                  .latencies(latencies())
                  .opened(0, 3)
                  .bytes(400, 4_000)
                  .edge(),
              EdgeOf.from(BARE)
                  .unsecured(Security.NO_TLS_FROM_REMOTE)
                  .denied()
                  .opened(2, 0)
                  .edge()),
          new Proxy(
              world.proxy("edge-5d9-1", "edge", ProxyKind.GATEWAY),
              EdgeOf.to(WEB)
                  .as("web")
                  .service("default/web:80")
                  .route("a \"b\" \\c")
                  .requests(100, 90)
                  .latency(9, 100)
                  .edge()));

  /** A proxy that reports and is scraped. */
  private static final class Proxy {
    final ConnectedProxy connection;
    final ProxyPage page = new ProxyPage();
    final List<Edge> perSecond;

    Proxy(ConnectedProxy connection, Edge... perSecond) {
      this.connection = connection;
      this.perSecond = List.of(perSecond);
    }
  }

  @AfterEach
  void stop() {
    lane.shutdownNow();
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void bothBackendsGiveTheSameTables(@TempDir Path folder) throws Exception {
    Optional<Path> program = PrometheusServer.program();
    assumeTrue(
        program.isPresent(),
        "skipped: no prometheus on the PATH (Debian package prometheus) or in PROMETHEUS_BIN");
    long start = System.nanoTime();
    HttpServer pages =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    for (Proxy proxy : proxies) {
      pages.createContext(
          "/" + proxy.connection.pod().name(),
          exchange -> {
            byte[] text = proxy.page.text().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("content-type", "text/plain; version=0.0.4");
            exchange.sendResponseHeaders(200, text.length);
            try (OutputStream out = exchange.getResponseBody()) {
              out.write(text);
            }
          });
    }
    pages.start();
    lane.scheduleAtFixedRate(() -> tick(start), 0, 1, TimeUnit.SECONDS);
    try (var prometheus =
            PrometheusServer.start(program.get(), folder, config(pages.getAddress().getPort()));
        var traffic =
            new PrometheusTraffic(
                prometheus.url(),
                lane,
                world.directory,
                world.tables,
                world.store::kindOf,
                new UnaskedTraffic(),
                "cluster.local",
                () -> world.now)) {
      await()
          .atMost(Duration.ofSeconds(240))
          .pollInterval(Duration.ofSeconds(1))
          .ignoreExceptions()
          .untilAsserted(() -> same(traffic));
    } finally {
      pages.stop(0);
    }
  }

  private void same(TrafficQuery prometheus) throws Exception {
    for (String type : List.of("po", "deploy", "ns", "sa")) {
      var request = new EdgesRequest(ResourceType.parse(type), Optional.of("default"));
      List<EdgeRow> wanted =
          stored(() -> world.tables.edges(request, world.store.pairs(WINDOW), List.of())).rows();
      assertThat(wanted).isNotEmpty();
      assertThat(get(prometheus.edges(request)).rows()).isEqualTo(wanted);
    }
    for (StatRequest request :
        List.of(
            stat("deploy", Optional.empty()),
            stat("po", Optional.empty()),
            stat("svc", Optional.empty()),
            stat("ns", Optional.empty()),
            stat("deploy/web", to("svc/emoji")),
            stat("deploy/web", to("po/bare")),
            stat("deploy/web", from("deploy/edge")))) {
      List<StatRow> wanted =
          stored(() -> world.tables.stat(request, world.store.pairs(WINDOW), List.of())).rows();
      assertThat(wanted).anyMatch(row -> row.rps() != null);
      List<StatRow> found = get(prometheus.stat(request)).rows();
      assertThat(found).hasSameSizeAs(wanted);
      for (int i = 0; i < wanted.size(); i++) {
        same(found.get(i), wanted.get(i));
      }
    }
    var request =
        new RoutesRequest(
            List.of(ResourceSelector.parse("deploy/web")),
            Optional.of("default"),
            Optional.empty(),
            WINDOW);
    List<RouteRow> wanted =
        stored(() -> world.tables.routes(request, world.store.pairs(WINDOW), List.of())).rows();
    List<RouteRow> found = get(prometheus.routes(request)).rows();
    assertThat(found).hasSameSizeAs(wanted);
    for (int i = 0; i < wanted.size(); i++) {
      assertThat(found.get(i).route()).isEqualTo(wanted.get(i).route());
      assertThat(found.get(i).service()).isEqualTo(wanted.get(i).service());
      close(found.get(i).success(), wanted.get(i).success(), 0.01);
      close(found.get(i).p95(), wanted.get(i).p95(), 0.02);
    }
  }

  private static void same(StatRow found, StatRow wanted) {
    assertThat(found.namespace()).isEqualTo(wanted.namespace());
    assertThat(found.kind()).isEqualTo(wanted.kind());
    assertThat(found.name()).isEqualTo(wanted.name());
    assertThat(found.status()).isEqualTo(wanted.status());
    assertThat(found.meshed()).isEqualTo(wanted.meshed());
    close(found.success(), wanted.success(), 0.01);
    close(found.p50(), wanted.p50(), 0.02);
    close(found.p95(), wanted.p95(), 0.02);
    close(found.p99(), wanted.p99(), 0.02);
    assertThat(found.openConnections()).isEqualTo(wanted.openConnections());
    close(found.rps(), wanted.rps(), 0.1);
    close(found.readRate(), wanted.readRate(), 0.1);
    close(found.writeRate(), wanted.writeRate(), 0.1);
  }

  /** Rates are estimates on both sides: scrapes and reports fall at different moments. */
  private static void close(@Nullable Number found, @Nullable Number wanted, double share) {
    if (wanted == null || found == null) {
      assertThat(found).isEqualTo(wanted);
    } else {
      double exactly = wanted.doubleValue();
      assertThat(found.doubleValue()).isCloseTo(exactly, within(1e-9 + exactly * share));
    }
  }

  /** One second of traffic: reported and shown on the pages at once. */
  private void tick(long start) {
    world.now = 1_000_000 + (System.nanoTime() - start) / 1_000_000;
    for (Proxy proxy : proxies) {
      proxy.perSecond.forEach(proxy.page::add);
      world.report(proxy.connection, 1_000, proxy.perSecond, List.of());
    }
  }

  private String config(int port) {
    var config = new StringBuilder("scrape_configs:\n");
    for (Proxy proxy : proxies) {
      String pod = proxy.connection.pod().name();
      config.append(
          """
          - job_name: %s
            metrics_path: /%s
            scrape_interval: 1s
            scrape_timeout: 1s
            static_configs:
            - targets: ['127.0.0.1:%d']
              labels: {namespace: default, pod: %s}
          """
              .formatted(pod, pod, port, pod));
    }
    return config.toString();
  }

  private <T> Answer<T> stored(Supplier<Answer<T>> table) throws Exception {
    return CompletableFuture.supplyAsync(table, lane).get(20, TimeUnit.SECONDS);
  }

  private static <T> Answer<T> get(CompletionStage<Answer<T>> answer) throws Exception {
    Answer<T> got = answer.toCompletableFuture().get(30, TimeUnit.SECONDS);
    assertThat(got.notes()).isEmpty();
    return got;
  }

  private static StatRequest stat(String resource, Optional<OtherEnd> other) {
    return new StatRequest(
        List.of(ResourceSelector.parse(resource)),
        Optional.of("default"),
        other,
        WINDOW,
        LabelTest.ANY,
        false);
  }

  private static List<Long> latencies() {
    // No quantile that is asked for lies at the end of a bucket, where little makes it leap.
    var counts = new ArrayList<>(MeshWorld.latency(0, 50));
    counts.set(4, 100L);
    counts.set(9, 30L);
    counts.set(12, 20L);
    return counts;
  }
}
