// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PromQlTest {
  @Test
  void textIsEscaped() {
    assertThat(PromQl.quoted("a")).isEqualTo("\"a\"");
    assertThat(PromQl.quoted("a\"} or up{b=\"\\\n\r\t\u0001"))
        .isEqualTo("\"a\\\"} or up{b=\\\"\\\\\\n\\r\\t\\x01\"");
  }

  @Test
  void queriesAreOverTheMetricsOfProxies() {
    String by =
        "namespace,pod,direction,client_ip,client_id,target_ip,server_id,no_tls_reason,"
            + "dst_namespace,dst_service,dst_port,route,denied";
    var all = new PromQl(Optional.empty(), Duration.ofMinutes(1));
    assertThat(all.responses())
        .isEqualTo("sum by (" + by + ",classification) (increase(selvage_response_total[60s]))");
    assertThat(all.open()).isEqualTo("sum by (" + by + ") (selvage_tcp_open_connections)");
    var one = new PromQl(Optional.of("x\"y"), Duration.ofSeconds(90));
    assertThat(one.latencies())
        .isEqualTo(
            "sum by ("
                + by
                + ",le) (increase(selvage_response_latency_ms_bucket{namespace=\"x\\\"y\"}[90s]))");
    assertThat(one.read()).contains("selvage_tcp_read_bytes_total{namespace=");
    assertThat(one.written()).contains("selvage_tcp_write_bytes_total{namespace=");
    assertThat(one.opened()).contains("selvage_tcp_open_total{namespace=");
  }
}
