// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.proxy.exchange.ResponseSink;
import io.selvage.proxy.exchange.UpstreamFailure;
import io.selvage.proxy.exchange.UpstreamStream;
import io.selvage.proxy.h1.Http1UpstreamProtocol;
import io.selvage.proxy.h2.Http2UpstreamProtocol;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.tls.EndpointTls;
import io.selvage.proxy.tls.UpstreamTlsContexts;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.transport.VertxLoops;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.testkit.ClosedPort;
import io.selvage.testkit.ScriptedOrigin;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Waiting for a connection where the cluster allows one only. */
class EndpointPoolTest {
  private final Vertx vertx = VertxLoops.create(TransportKind.EPOLL, 1);
  private final EventLoop loop = VertxLoops.of(vertx).next();

  @AfterEach
  void stop() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private static Cluster clusterOfOneConnection(int port) {
    ClusterSpec d = ClusterSpec.http("c");
    var one = new ClusterSpec.Breakers(1, 1024, 1024, 3);
    Cluster cluster =
        Cluster.create(
            new ClusterSpec(
                d.name(),
                d.statsName(),
                d.endpoints(),
                d.protocol(),
                d.tls(),
                d.loadBalancer(),
                d.connectTimeoutMillis(),
                d.idleTimeoutMillis(),
                d.maxConnectionLifetimeMillis(),
                one,
                one,
                Optional.empty(),
                d.healthCheck(),
                d.tcpKeepalive()),
            1);
    cluster.updateEndpoints(
        new EndpointSet("c", List.of(EndpointSet.Endpoint.of("127.0.0.1", port))));
    return cluster;
  }

  /** Of a process outside the mesh; nobody listens to what they do. */
  private ConnectionPools pools() throws Exception {
    var transport =
        new ConnectionPools.Transport(
            new Http1UpstreamProtocol(Limits.DEFAULT),
            new Http2UpstreamProtocol(Limits.DEFAULT),
            new EndpointTls(UpstreamTlsContexts.create(), null, Limits.DEFAULT.handshake()),
            Limits.DEFAULT,
            report -> {});
    return loop.submit(() -> new ConnectionPools(loop, transport)).get();
  }

  @Test
  void failsEveryWaitWhicheverOfThemHadTheConnectMade() throws Exception {
    Cluster cluster = clusterOfOneConnection(ClosedPort.take());
    var breakers = cluster.breakers(Priority.DEFAULT);
    ConnectionPools pools = pools();
    for (int round = 0; round < 20; round++) {
      // Given: the only connection is taken while two requests come, one shortly after the other
      assertThat(breakers.tryAcquire(Limit.CONNECTIONS)).isTrue();
      var first = new Waiter();
      var second = new Waiter();
      loop.execute(() -> acquire(pools, cluster, first));
      loop.schedule(() -> acquire(pools, cluster, second), 10, TimeUnit.MILLISECONDS);
      // When: it becomes free, in some rounds just before the second one looks again
      loop.schedule(() -> breakers.release(Limit.CONNECTIONS), 20 + round, TimeUnit.MILLISECONDS);
      // Then: nobody waits for ever, and nothing stays counted
      assertThat(first.failure.get(30, TimeUnit.SECONDS)).isNotNull();
      assertThat(second.failure.get(30, TimeUnit.SECONDS)).isNotNull();
      assertThat(breakers.inUse(Limit.PENDING)).isZero();
      assertThat(breakers.inUse(Limit.CONNECTIONS)).isZero();
    }
  }

  @Test
  void keepsNoConnectionOfAClusterThatIsRetired() throws Exception {
    try (ScriptedOrigin origin =
        ScriptedOrigin.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) {
      Cluster cluster = clusterOfOneConnection(origin.port());
      ConnectionPools pools = pools();
      // Given: what runs on an old snapshot tries again after the pools have been told
      cluster.retire();
      loop.submit(() -> pools.retire(cluster)).get();
      var asker = new Asker();
      loop.submit(() -> pools.acquire(cluster.endpoints().getFirst(), Priority.DEFAULT, "a", asker))
          .get();
      assertThat(asker.status.get(20, TimeUnit.SECONDS)).isEqualTo(200);
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> loop.submit(pools::openConnections).get() == 0);
    }
  }

  /** A request that is sent. */
  private static final class Asker implements ResponseSink {
    private final CompletableFuture<Integer> status = new CompletableFuture<>();

    @Override
    public void onStream(UpstreamStream stream) {
      stream.sendHead(new RequestHead(), "/", "a", true);
      stream.flush();
    }

    @Override
    public void onHead(ResponseHead head, boolean end) {
      status.complete(head.status());
    }

    @Override
    public void onFailed(UpstreamFailure reason) {
      status.completeExceptionally(new AssertionError(reason));
    }

    @Override
    public void onInformational(ResponseHead head) {}

    @Override
    public void onData(ByteBuf data, boolean end) {
      data.release();
    }

    @Override
    public void onTrailers(HeaderBlock trailers) {}

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @Override
    public void onReadComplete() {}
  }

  private static void acquire(ConnectionPools pools, Cluster cluster, Waiter waiter) {
    var unused = pools.acquire(cluster.endpoints().getFirst(), Priority.DEFAULT, "a", waiter);
  }

  /** A request that only waits. */
  private static final class Waiter implements ResponseSink {
    private final CompletableFuture<UpstreamFailure> failure = new CompletableFuture<>();

    @Override
    public void onStream(UpstreamStream stream) {
      failure.completeExceptionally(new AssertionError("a connection to a closed port"));
    }

    @Override
    public void onFailed(UpstreamFailure reason) {
      failure.complete(reason);
    }

    @Override
    public void onInformational(ResponseHead head) {}

    @Override
    public void onHead(ResponseHead head, boolean end) {}

    @Override
    public void onData(ByteBuf data, boolean end) {
      data.release();
    }

    @Override
    public void onTrailers(HeaderBlock trailers) {}

    @Override
    public void onWritabilityChanged(boolean writable) {}

    @Override
    public void onReadComplete() {}
  }
}
