// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.HealthCheckSpec;
import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.ClusterSpec.StatusRange;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.proxy.upstream.HealthState.Check;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against servers on loopback. */
class HttpHealthProbeTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @ParameterizedTest(name = "{0} is {2} where [{1}] is expected")
  @CsvSource({
    "200, '', PASS",
    "201, '', FAIL",
    "204, 200-299, PASS",
    "300, 200-299, FAIL",
    "500, '', FAIL",
    "503, '', UNAVAILABLE",
    "503, 503-503, PASS",
  })
  void judgesStatuses(int status, String range, Check expected) throws Exception {
    List<StatusRange> ranges =
        range.isEmpty()
            ? List.of()
            : List.of(
                new StatusRange(
                    Integer.parseInt(range.substring(0, 3)), Integer.parseInt(range.substring(4))));

    assertThat(
            probe(
                r -> r.response().setStatusCode(status).end("body"),
                http(ranges, "", HeaderEdits.NONE)))
        .isEqualTo(expected);
  }

  @Test
  void sendsPathHostAndHeadersAsConfigured() throws Exception {
    var seen = new AtomicReference<String>();
    var edits =
        new HeaderEdits(List.of(), List.of(HeaderEdits.Add.literal("X-Probe", "yes", false)));

    Check check =
        probe(
            r -> {
              seen.set(
                  r.method()
                      + " "
                      + r.uri()
                      + " "
                      + r.getHeader("host")
                      + " "
                      + r.getHeader("x-probe"));
              r.response().end();
            },
            http(List.of(), "health.example.com", edits));

    assertThat(check).isEqualTo(Check.PASS);
    assertThat(seen).hasValue("GET /healthz?full health.example.com yes");
  }

  @Test
  void failsWhenNothingAnswersInTime() throws Exception {
    assertThat(probe(r -> {}, impatient())).isEqualTo(Check.FAIL);
  }

  @Test
  void failsWhenTheBodyNeverEnds() throws Exception {
    assertThat(probe(r -> r.response().setChunked(true).write("x"), impatient()))
        .isEqualTo(Check.FAIL);
  }

  @Test
  void failsWhenNobodyListens() throws Exception {
    assertThat(probe(1, Protocol.HTTP1, http(List.of(), "", HeaderEdits.NONE)))
        .isEqualTo(Check.FAIL);
  }

  @ParameterizedTest(name = "status {0}, grpc-status {1}: {2}")
  @CsvSource({"1, 0, PASS", "2, 0, FAIL", "0, 0, FAIL", "1, 14, FAIL", "1, none, FAIL"})
  void asksTheGrpcHealthService(int serving, String grpcStatus, Check expected) throws Exception {
    var seen = new AtomicReference<String>();

    Check check =
        probe(
            r ->
                r.bodyHandler(body -> {
                  seen.set(r.path() + " " + body.getString(7, body.length()));
                  r.response().putHeader("content-type", "application/grpc");
                  if (!grpcStatus.equals("none")) {
                    r.response().putTrailer("grpc-status", grpcStatus);
                  }
                  r.response().end(Buffer.buffer(new byte[] {0, 0, 0, 0, 2, 8, (byte) serving}));
                }),
            grpc("shop.Cart"));

    assertThat(check).isEqualTo(expected);
    assertThat(seen).hasValue("/grpc.health.v1.Health/Check shop.Cart");
  }

  @Test
  void takesATrailersOnlyAnswerForAFailure() throws Exception {
    assertThat(probe(r -> r.response().putHeader("grpc-status", "12").end(), grpc("")))
        .isEqualTo(Check.FAIL);
  }

  @Test
  void framesTheServiceNameAsProtobuf() {
    assertThat(GrpcHealth.request("").getBytes()).containsExactly(0, 0, 0, 0, 0);
    assertThat(GrpcHealth.request("ab").getBytes()).containsExactly(0, 0, 0, 0, 4, 10, 2, 'a', 'b');
    byte[] longer = GrpcHealth.request("x".repeat(200)).getBytes();
    assertThat(longer).hasSize(5 + 3 + 200).startsWith(0, 0, 0, 0, 203, 10, 0xc8, 0x01);
    assertThat(GrpcHealth.isServing(Buffer.buffer(new byte[] {1, 0, 0, 0, 2, 8, 1}))).isFalse();
    assertThat(GrpcHealth.isServing(Buffer.buffer(new byte[] {0, 0, 0, 0, 3, 8, 1}))).isFalse();
    assertThat(GrpcHealth.isServing(Buffer.buffer())).isFalse();
  }

  private Check probe(Handler<HttpServerRequest> server, HealthCheckSpec spec) throws Exception {
    int port =
        vertx
            .createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
            .requestHandler(server)
            .listen()
            .toCompletionStage()
            .toCompletableFuture()
            .get(30, TimeUnit.SECONDS)
            .actualPort();
    return probe(port, spec.grpcService().isPresent() ? Protocol.HTTP2 : Protocol.HTTP1, spec);
  }

  private Check probe(int port, Protocol protocol, HealthCheckSpec check) throws Exception {
    ClusterSpec d = ClusterSpec.http("c");
    var spec =
        new ClusterSpec(
            "c",
            "c",
            d.endpoints(),
            protocol,
            d.tls(),
            d.loadBalancer(),
            d.connectTimeoutMillis(),
            d.idleTimeoutMillis(),
            0,
            d.defaultBreakers(),
            d.highBreakers(),
            d.accrual(),
            Optional.of(check),
            Optional.empty());
    Cluster cluster = Cluster.create(spec, 1);
    cluster.updateEndpoints(
        new EndpointSet("k", List.of(EndpointSet.Endpoint.of("127.0.0.1", port))));
    try (var probe = new HttpHealthProbe(vertx, spec, check)) {
      return probe
          .probe(cluster.endpoints().get(0))
          .toCompletableFuture()
          .get(30, TimeUnit.SECONDS);
    }
  }

  private static HealthCheckSpec http(
      List<StatusRange> expected, String host, HeaderEdits headers) {
    return http(expected, host, headers, 20_000);
  }

  /** Gives up after half a second. */
  private static HealthCheckSpec impatient() {
    return http(List.of(), "", HeaderEdits.NONE, 500);
  }

  private static HealthCheckSpec http(
      List<StatusRange> expected, String host, HeaderEdits headers, long timeoutMillis) {
    return new HealthCheckSpec(
        Optional.empty(), "/healthz?full", host, headers, expected, timeoutMillis, 25_000, 1, 2);
  }

  private static HealthCheckSpec grpc(String service) {
    return new HealthCheckSpec(
        Optional.of(service), "", "", HeaderEdits.NONE, List.of(), 20_000, 25_000, 1, 2);
  }
}
