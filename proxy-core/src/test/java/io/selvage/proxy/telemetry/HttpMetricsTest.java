// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.Rejection;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class HttpMetricsTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final HttpMetrics metrics = new HttpMetrics(registry);

  @Test
  void countsByListenerClusterStatusClassAndOutcome() {
    metrics.onEnd(Reports.answered("default/http", "web", "/a", 200));
    metrics.onEnd(Reports.answered("default/http", "web", "/b", 204));
    metrics.onEnd(Reports.answered("default/http", "web", "/c", 503));

    assertThat(registry.scrape())
        .contains(
            "selvage_http_requests_total{cluster=\"web\",listener=\"default/http\","
                + "outcome=\"ok\",status=\"2xx\"} 2.0")
        .contains(
            "selvage_http_requests_total{cluster=\"web\",listener=\"default/http\","
                + "outcome=\"ok\",status=\"5xx\"} 1.0")
        .contains(
            "selvage_http_response_bytes_total{cluster=\"web\",listener=\"default/http\"} 3072.0")
        .contains("selvage_http_request_duration_seconds_bucket{")
        .contains("le=\"0.025\"} 3");
  }

  @Test
  void callsAListenerByItsStatsPrefix() {
    ExchangeReport report = Reports.answered("edge/web", "web", "/", 200);
    ConnectionInfo c = Reports.connection("edge/web");
    report.connection =
        new ConnectionInfo(
            c.listener(),
            "outside",
            c.peer(),
            c.local(),
            c.version(),
            c.secure(),
            c.serverName(),
            c.tlsVersion(),
            c.tlsBinding(),
            c.clientCertificate());
    metrics.onEnd(report);

    assertThat(registry.scrape()).contains("listener=\"outside\"").doesNotContain("edge/web");
  }

  @Test
  void neverMakesALabelOfWhatAClientSends() {
    for (int i = 0; i < 1000; i++) {
      metrics.onEnd(Reports.answered("default/http", "web", "/random/" + i, 200));
    }

    assertThat(registry.scrape()).doesNotContain("random");
    assertThat(registry.getMeters()).hasSizeLessThan(10);
  }

  @Test
  void countsAnyStatusOutsideTheClassesAsNone() {
    metrics.onEnd(Reports.answered("l", "c", "/", 999));
    metrics.onEnd(Reports.answered("l", "c", "/", 0));

    assertThat(registry.scrape()).contains("outcome=\"ok\",status=\"none\"} 2.0");
  }

  @Test
  void countsRejectionsByReason() {
    ExchangeReport report = new ExchangeReport();
    report.connection = Reports.connection("l");
    report.rejection = Rejection.bad("two_hosts");
    report.outcome = Outcome.REJECTED;
    report.status = 400;

    metrics.onEnd(report);

    assertThat(registry.scrape())
        .contains("selvage_http_rejections_total{listener=\"l\",reason=\"two_hosts\"} 1.0");
  }

  @Test
  void forgetsListenersAndClustersThatAreGone() {
    metrics.onEnd(Reports.answered("old", "web", "/", 200));
    metrics.onEnd(Reports.answered("l", "gone", "/", 200));
    metrics.onEnd(Reports.answered("l", "web", "/", 200));

    metrics.retain(Set.of("l"), Set.of("web"));

    assertThat(registry.scrape())
        .doesNotContain("listener=\"old\"")
        .doesNotContain("cluster=\"gone\"")
        .contains("cluster=\"web\",listener=\"l\"");
  }
}
