// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.testkit.RawClient;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdminPagesTest {
  private static final Duration SOON = Duration.ofMillis(700);
  private static final Duration NEVER = Duration.ofHours(1);

  private final Vertx vertx = Vertx.vertx();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  @AfterEach
  void close() throws Exception {
    vertx.close().await(30, TimeUnit.SECONDS);
  }

  private RawClient connect(Duration first, Duration next) throws Exception {
    var pages = new AdminPages(vertx, registry, List::of, new HeadDeadline(vertx, first, next));
    return RawClient.connect(pages.listen("127.0.0.1", 0).await(30, TimeUnit.SECONDS));
  }

  @Test
  void aHeadThatDripsIsCutOffThoughTheConnectionIsNeverIdle() throws Exception {
    try (RawClient client = connect(SOON, NEVER)) {
      assertThat(client.isCutWhileDripping()).isTrue();
    }
    try (RawClient client = connect(NEVER, SOON)) {
      assertThat(ask(client, "/live")).startsWith("HTTP/1.1 200");
      assertThat(client.isCutWhileDripping()).isTrue();
    }
  }

  @Test
  void metricsAreReadOffTheEventLoops() throws Exception {
    var reader = new AtomicReference<String>("");
    Gauge.builder(
            "selvage_inject_test",
            () -> {
              reader.set(Thread.currentThread().getName());
              return 1;
            })
        .register(registry);

    try (RawClient client = connect(NEVER, NEVER)) {
      assertThat(ask(client, "/metrics"))
          .startsWith("HTTP/1.1 200")
          .contains("version=0.0.4")
          .contains("selvage_inject_test 1.0");
      assertThat(reader.get()).startsWith("vert.x-worker-thread");
      assertThat(ask(client, "/none")).startsWith("HTTP/1.1 404");
    }
  }

  private static String ask(RawClient client, String path) throws Exception {
    return client.send("GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n").readResponse();
  }
}
