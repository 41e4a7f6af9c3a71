// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ReplicaCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Another replica that does not do what it should. */
class ReplicaLinkTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ConnectedProxy PROXY =
      new ConnectedProxy(
          1,
          new WorkloadIdentity("cluster.local", "shop", "web"),
          new PodRef("shop", "web-1"),
          true,
          ProxyKind.SIDECAR,
          "10.0.0.1",
          "test",
          "",
          0,
          Instant.EPOCH);

  private final Vertx vertx = Vertx.vertx();
  private final LongAdder dropped = new LongAdder();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();

  @AfterEach
  void close() throws Exception {
    join(vertx.close());
  }

  private static <T> T join(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  /**
   * @param answers whether it begins an answer; it reads nothing in any case
   */
  private ReplicaLink link(boolean answers) throws Exception {
    return link(request -> {
      request.pause();
      if (answers) {
        welcome(request);
      }
      calls.incrementAndGet();
    });
  }

  private static void welcome(HttpServerRequest request) {
    request
        .response()
        .setChunked(true)
        .putHeader("content-type", "application/grpc")
        .putHeader(ReplicaHub.INSTANCE_FIELD, "b-1")
        .writeHead();
  }

  private ReplicaLink link(Handler<HttpServerRequest> other) throws Exception {
    HttpServer server =
        join(
            vertx
                .createHttpServer(
                    new HttpServerOptions()
                        .setInitialSettings(new Http2Settings().setInitialWindowSize(1_024)))
                .connectionHandler(
                    connection -> connection.closeHandler(v -> closed.incrementAndGet()))
                .requestHandler(other)
                .listen(0, "127.0.0.1"));
    HttpClient client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    return new ReplicaLink(
        vertx,
        client,
        new ReplicaLink.Settings(
            "a-1",
            "a",
            () -> List.of(PROXY),
            new ForeignTaps((sessions, tap) -> {}, () -> List.of(PROXY)),
            dropped),
        "b",
        "127.0.0.1",
        server.actualPort());
  }

  @Test
  void oneThatNeverAnswersIsDialledAgain() throws Exception {
    ReplicaLink link = link(false);
    link.start();
    await().atMost(PATIENCE).until(() -> calls.get() >= 2);
    await("what came to nothing is given up").atMost(PATIENCE).until(() -> closed.get() >= 1);
    link.close();
  }

  @Test
  void oneThatDoesNotReadIsLeftAllTheSame() throws Exception {
    ReplicaLink link = link(true);
    link.start();
    var report = new TrafficReport(1, 1_000, List.of(), List.of());
    await()
        .atMost(PATIENCE)
        .until(() -> {
          for (int i = 0; i < 1_000; i++) {
            link.report(PROXY, report);
          }
          return dropped.sum() > 0;
        });
    assertThat(closed).hasValue(0);
    link.close();
    await().atMost(PATIENCE).until(() -> closed.get() == 1);
  }

  /** Who hears of it takes its figures for complete, unless it is told. */
  @Test
  void whatIsReportedWhileTheLinkIsLostIsCountedAndTold() throws Exception {
    var heard = new AtomicLong();
    var reports = new AtomicInteger();
    var away = new AtomicBoolean();
    var refusals = new AtomicInteger();
    ReplicaLink link =
        link(request -> {
          if (away.get()) {
            refusals.incrementAndGet();
            request.response().setStatusCode(503).end();
            return;
          }
          welcome(request);
          var frames = new GrpcFrames();
          request.exceptionHandler(e -> {});
          request.handler(bytes -> {
            for (ReplicaMessage message : read(frames, bytes)) {
              switch (message) {
                case ReplicaMessage.Report _ -> {
                  reports.incrementAndGet();
                  away.set(true);
                  request.connection().close();
                }
                case ReplicaMessage.Dropped(long missing) -> heard.addAndGet(missing);
                default -> {}
              }
            }
          });
          calls.incrementAndGet();
        });
    var report = new TrafficReport(1, 1_000, List.of(), List.of());
    link.report(PROXY, report);
    assertThat(dropped.sum()).as("it has heard of nothing yet, so it misses nothing").isZero();
    link.start();
    await().atMost(PATIENCE).until(() -> calls.get() == 1);
    await()
        .atMost(PATIENCE)
        .until(() -> {
          link.report(PROXY, report);
          return reports.get() > 0;
        });
    await("dialled again, so it knows the first to be lost")
        .atMost(PATIENCE)
        .until(() -> refusals.get() > 0);

    long before = dropped.sum();
    for (int i = 0; i < 3; i++) {
      link.report(PROXY, report);
    }
    assertThat(dropped.sum()).isGreaterThanOrEqualTo(before + 3);
    away.set(false);
    await().atMost(PATIENCE).until(() -> heard.get() == dropped.sum());
    link.close();
  }

  @Test
  void aReportThatIsTooLargeToPassOnIsToldToo() throws Exception {
    var heard = new AtomicLong();
    ReplicaLink link =
        link(request -> {
          welcome(request);
          var frames = new GrpcFrames();
          request.exceptionHandler(e -> {});
          request.handler(bytes -> {
            for (ReplicaMessage message : read(frames, bytes)) {
              if (message instanceof ReplicaMessage.Dropped(long missing)) {
                heard.addAndGet(missing);
              }
            }
          });
        });
    link.start();
    var edge =
        new TrafficReport.Edge(
            TrafficReport.Direction.INBOUND,
            "10.0.0.2",
            80,
            "",
            "",
            "",
            TrafficReport.Security.SECURED,
            false,
            1,
            1,
            List.of(),
            0,
            0,
            0,
            0);
    var large =
        new TrafficReport(
            1, 1_000, Collections.nCopies(TrafficReport.MAX_EDGES + 1, edge), List.of());
    await()
        .atMost(PATIENCE)
        .until(() -> {
          link.report(PROXY, large);
          return dropped.sum() > 0;
        });
    await().atMost(PATIENCE).until(() -> heard.get() == dropped.sum());
    link.close();
  }

  private static List<ReplicaMessage> read(GrpcFrames frames, Buffer bytes) {
    var messages = new ArrayList<ReplicaMessage>();
    try {
      frames.read(
          bytes.getBytes(),
          0,
          bytes.length(),
          message -> ReplicaCodec.decode(message).ifPresent(messages::add));
    } catch (WireException e) {
      throw new AssertionError(e);
    }
    return messages;
  }
}
