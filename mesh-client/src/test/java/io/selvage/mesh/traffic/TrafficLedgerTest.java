// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.transport.EventLoops;
import io.selvage.proxy.transport.TransportKind;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrafficLedgerTest {
  private static final long MILLI = 1_000_000;

  private final EventLoops loops = EventLoops.create(TransportKind.NIO, 2);
  private final EventLoop merging = loops.next();
  private final EventLoop traffic = loops.next();
  private final AtomicLong now = new AtomicLong();
  private final TrafficLedger ledger = new TrafficLedger(loops, merging, now::get, 12);

  @AfterEach
  void stop() throws Exception {
    loops.workers().shutdownGracefully(0, 1, TimeUnit.SECONDS).get(20, TimeUnit.SECONDS);
  }

  private static EdgeKey key(Direction direction, int last) throws UnknownHostException {
    return new EdgeKey(
        direction,
        InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last}),
        8080,
        "spiffe://cluster.local/ns/shop/sa/shop",
        "shop/shop:80",
        "",
        Security.SECURED,
        false);
  }

  private void on(EventLoop loop, Runnable action) throws Exception {
    loop.submit(action).get(20, TimeUnit.SECONDS);
  }

  private TrafficReport report() throws Exception {
    var done = new CompletableFuture<TrafficReport>();
    ledger.collect(() -> done.complete(ledger.report(1_000)));
    return done.get(20, TimeUnit.SECONDS);
  }

  private static ExchangeReport exchange(String path, int status, int grpcStatus, long millis) {
    var report = new ExchangeReport();
    var head = new RequestHead();
    head.setTarget(new RequestTarget(path, "", false));
    report.request = head;
    report.outcome = Outcome.OK;
    report.status = status;
    report.grpcStatus = grpcStatus;
    report.startNanos = 1;
    report.upstreamHeadNanos = 1 + millis * MILLI;
    report.endNanos = 1 + 10 * millis * MILLI;
    return report;
  }

  private void record(EdgeKey key, ExchangeReport report) throws Exception {
    on(traffic, () -> ledger.exchanges(any -> key).onEnd(report));
  }

  @Test
  void countsRequestsAndTheirLatencyToTheHead() throws Exception {
    EdgeKey key = key(Direction.OUTBOUND, 1);
    record(key, exchange("/a", 200, -1, 3));
    record(key, exchange("/a", 200, -1, 4));
    record(key, exchange("/b", 503, -1, 60_000));
    TrafficReport report = report();
    assertThat(report.sequence()).isEqualTo(1);
    Edge edge = report.edges().getFirst();
    assertThat(edge.requests()).isEqualTo(3);
    assertThat(edge.successes()).isEqualTo(2);
    assertThat(edge.latency().get(2)).isEqualTo(1); // 3 ms belongs to "at most 3"
    assertThat(edge.latency().get(3)).isEqualTo(1);
    assertThat(edge.latency().getLast()).isEqualTo(1);
    assertThat(report.calls()).hasSize(2);
    assertThat(report.calls().getFirst().path()).isEqualTo("/a");
    assertThat(report.calls().getFirst().count()).isEqualTo(2);
    assertThat(report.calls().getFirst().worst()).isEqualTo(4_000);
    assertThat(report().edges()).isEmpty();
  }

  @Test
  void openConnectionsStayAndCountsAreDifferences() throws Exception {
    EdgeKey key = key(Direction.INBOUND, 1);
    var flow = new CompletableFuture<TrafficRecorder.Flow>();
    on(traffic, () -> flow.complete(ledger.open(key)));
    on(traffic, () -> flow.join().transferred(5, 7));
    Edge first = report().edges().getFirst();
    assertThat(first.opened()).isEqualTo(1);
    assertThat(first.open()).isEqualTo(1);
    assertThat(first.received()).isEqualTo(5);
    assertThat(first.sent()).isEqualTo(7);
    Edge second = report().edges().getFirst();
    assertThat(second.opened()).isZero();
    assertThat(second.open()).isEqualTo(1);
    on(traffic, () -> flow.join().close());
    assertThat(report().edges().getFirst().open()).isZero();
    assertThat(report().edges()).isEmpty();
  }

  @Test
  void allLoopsAddUp() throws Exception {
    EdgeKey key = key(Direction.OUTBOUND, 1);
    on(traffic, () -> ledger.exchanges(any -> key).onEnd(exchange("/", 200, -1, 1)));
    on(merging, () -> ledger.exchanges(any -> key).onEnd(exchange("/", 200, -1, 1)));
    assertThat(report().edges().getFirst().requests()).isEqualTo(2);
  }

  /** 12, of which two are kept for the other peers. */
  @Test
  void peersBeyondTheBoundAreOne() throws Exception {
    for (int i = 1; i <= 10; i++) {
      record(key(Direction.OUTBOUND, i), exchange("/", 200, -1, 1));
    }
    assertThat(report().edges()).hasSize(10).noneMatch(edge -> edge.peer().equals("0.0.0.0"));
    for (int i = 1; i <= 14; i++) {
      record(key(Direction.OUTBOUND, i), exchange("/", 200, -1, 1));
    }
    TrafficReport report = report();
    assertThat(report.edges()).hasSize(11);
    Edge other =
        report.edges().stream()
            .filter(edge -> edge.peer().equals("0.0.0.0"))
            .findFirst()
            .orElseThrow();
    assertThat(other.requests()).isEqualTo(4);
    assertThat(report.edges().stream().mapToLong(Edge::requests).sum()).isEqualTo(14);
  }

  @Test
  void aConnectionOfTheOtherPeerEndsThere() throws Exception {
    for (int i = 1; i <= 10; i++) {
      record(key(Direction.OUTBOUND, i), exchange("/", 200, -1, 1));
    }
    var flow = new CompletableFuture<TrafficRecorder.Flow>();
    EdgeKey late = key(Direction.OUTBOUND, 99);
    on(traffic, () -> flow.complete(ledger.open(late)));
    assertThat(report().edges())
        .anyMatch(edge -> edge.peer().equals("0.0.0.0") && edge.open() == 1);
    on(traffic, () -> flow.join().close());
    assertThat(report().edges())
        .anyMatch(edge -> edge.peer().equals("0.0.0.0") && edge.open() == 0);
  }

  @Test
  void idleEdgesAreForgottenAndMakeRoom() throws Exception {
    for (int i = 1; i <= 10; i++) {
      record(key(Direction.OUTBOUND, i), exchange("/", 200, -1, 1));
    }
    report();
    assertThat(ledger.totals()).hasSize(10);
    now.addAndGet(TrafficLedger.CROWDED_IDLE_NANOS + 1);
    report();
    assertThat(ledger.totals()).isEmpty();
    record(key(Direction.OUTBOUND, 50), exchange("/", 200, -1, 1));
    assertThat(report().edges().getFirst().peer()).isEqualTo("10.0.0.50");
    now.addAndGet(TrafficLedger.CROWDED_IDLE_NANOS + 1);
    report();
    assertThat(ledger.totals()).hasSize(1);
    now.addAndGet(TrafficLedger.IDLE_NANOS);
    report();
    assertThat(ledger.totals()).isEmpty();
  }

  @Test
  void anEdgeWithOpenConnectionsIsNotForgotten() throws Exception {
    EdgeKey key = key(Direction.INBOUND, 1);
    on(traffic, () -> ledger.open(key));
    report();
    now.addAndGet(10 * TrafficLedger.IDLE_NANOS);
    assertThat(report().edges().getFirst().open()).isEqualTo(1);
  }

  @Test
  void clientsThatLeaveBeforeAnAnswerAreNotCounted() throws Exception {
    ExchangeReport gone = exchange("/", 0, -1, 1);
    gone.outcome = Outcome.CLIENT_GONE;
    record(key(Direction.INBOUND, 1), gone);
    assertThat(report().edges()).isEmpty();
  }

  @Test
  void metricsAreWrittenWithTheirLabels() throws Exception {
    record(key(Direction.OUTBOUND, 1), exchange("/", 200, -1, 3));
    record(key(Direction.OUTBOUND, 1), exchange("/", 200, 14, 3));
    EdgeKey denied =
        new EdgeKey(
            Direction.INBOUND,
            InetAddress.getByName("10.0.0.9"),
            80,
            "",
            "",
            "a \"route\"\\\n",
            Security.NO_TLS_FROM_REMOTE,
            true);
    record(denied, exchange("/", 403, -1, 1));
    report();
    var text = new MetricsText();
    new TrafficMetrics(ledger).write(text);
    String common =
        "direction=\"outbound\",target_ip=\"10.0.0.1\",target_port=\"8080\",tls=\"true\","
            + "server_id=\"spiffe://cluster.local/ns/shop/sa/shop\",dst_namespace=\"shop\","
            + "dst_service=\"shop\",dst_port=\"80\"";
    assertThat(text.toString())
        .contains("selvage_request_total{" + common + "} 2\n")
        .contains(
            "selvage_response_total{"
                + common
                + ",status_code=\"200\",classification=\"success\"} 1\n")
        .contains(
            "selvage_response_total{"
                + common
                + ",status_code=\"200\",classification=\"failure\",grpc_status=\"14\"} 1\n")
        .contains("selvage_response_latency_ms_bucket{" + common + ",le=\"2\"} 0\n")
        .contains("selvage_response_latency_ms_bucket{" + common + ",le=\"3\"} 2\n")
        .contains("selvage_response_latency_ms_bucket{" + common + ",le=\"+Inf\"} 2\n")
        .contains("selvage_response_latency_ms_sum{" + common + "} 6.000\n")
        .contains(
            "selvage_inbound_http_authz_deny_total{direction=\"inbound\",client_ip=\"10.0.0.9\","
                + "target_port=\"80\",tls=\"no_identity\",no_tls_reason=\"no_tls_from_remote\","
                + "route=\"a \\\"route\\\"\\\\\\n\",denied=\"true\"} 1\n");
  }
}
