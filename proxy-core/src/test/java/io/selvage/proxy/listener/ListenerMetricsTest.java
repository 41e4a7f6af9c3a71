// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.listener.ListenerObserver.Refusal;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ListenerMetricsTest {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ListenerMetrics metrics = new ListenerMetrics(registry);

  @Test
  void countsConnectionsOfEachListener() {
    metrics.onAccepted(listener("web"));
    metrics.onAccepted(listener("web"));
    metrics.onClosed(listener("web"));
    metrics.onAccepted(listener("other"));

    assertThat(registry.scrape())
        .contains("selvage_connections_total{listener=\"web\"} 2.0")
        .contains("selvage_connections_active{listener=\"web\"} 1.0")
        .contains("selvage_connections_total{listener=\"other\"} 1.0")
        .contains("selvage_connections_active{listener=\"other\"} 1.0");
  }

  @Test
  void countsRefusalsByReasonAndOnlyTheirOwn() {
    for (Refusal reason : Refusal.values()) {
      metrics.onRefused(listener("web"), reason);
    }
    metrics.onRefused(listener("web"), Refusal.NOT_TLS);

    assertThat(registry.scrape())
        .contains("selvage_connections_refused_total{listener=\"web\",reason=\"not_tls\"} 2.0")
        .contains("selvage_connections_refused_total{listener=\"web\",reason=\"timeout\"} 1.0")
        .contains(
            "selvage_connections_refused_total{listener=\"web\",reason=\"proxy_header\"} 1.0");
  }

  @Test
  void showsWhetherTheSocketIsOpenAndAccepting() {
    ListenerSpec web = listener("web");
    metrics.onBound(web, 8080);
    metrics.onAcceptPaused(web, true);
    metrics.onAcceptError(web, new IOException("no descriptor left"));

    assertThat(registry.scrape())
        .contains("selvage_listener_bound{listener=\"web\"} 1.0")
        .contains("selvage_listener_accept_paused{listener=\"web\"} 1.0")
        .contains("selvage_accept_errors_total{listener=\"web\"} 1.0");

    metrics.onAcceptPaused(web, false);
    metrics.onBindFailed(
        web,
        Problem.error(new ObjectRef("Listener", "default", "web"), "", "PortInUse", "planned"));

    assertThat(registry.scrape())
        .contains("selvage_listener_bound{listener=\"web\"} 0.0")
        .contains("selvage_listener_accept_paused{listener=\"web\"} 0.0");
  }

  @Test
  void timesHandshakes() {
    metrics.onHandshake(listener("web"), "TLSv1.3", TimeUnit.MILLISECONDS.toNanos(250));
    metrics.onHandshake(listener("web"), "TLSv1.2", TimeUnit.MILLISECONDS.toNanos(750));

    assertThat(registry.scrape())
        .contains("selvage_tls_handshake_duration_seconds_count{listener=\"web\"} 2")
        .contains("selvage_tls_handshake_duration_seconds_sum{listener=\"web\"} 1.0");
  }

  @Test
  void forgetsAListenerOnlyAfterItsLastConnection() {
    metrics.onAccepted(listener("web"));

    metrics.retain(List.of());
    assertThat(registry.scrape()).contains("selvage_connections_active{listener=\"web\"} 1.0");

    metrics.onClosed(listener("web"));
    metrics.retain(List.of(listener("web")));
    assertThat(registry.scrape()).contains("listener=\"web\"");

    metrics.retain(List.of());
    assertThat(registry.getMeters()).isEmpty();
  }

  private static ListenerSpec listener(String name) {
    return new ListenerSpec(
        name,
        Optional.empty(),
        "127.0.0.1",
        8080,
        false,
        ListenerSpec.TlsMode.OFF,
        true,
        ListenerSpec.SecurityModel.XFP,
        0,
        "all",
        List.of(),
        List.of(),
        100,
        name);
  }
}
