// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.controlplane;

import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.wire.ControlMessageCodec;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ProxyMessageCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Many proxies: each has a connection, a stream, and subscriptions to some Services. */
final class SimulatedProxies {
  private final HttpClient client;
  private final int port;
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private volatile Awaited awaited =
      new Awaited("", new CountDownLatch(0), new ConcurrentLinkedQueue<>());

  /**
   * A change everybody waits for.
   *
   * @param removed address whose removal is the news
   * @param arrivals when it came, by {@link System#nanoTime()}
   */
  record Awaited(String removed, CountDownLatch missing, Queue<Long> arrivals) {}

  SimulatedProxies(Vertx vertx, int port, int count, PemKeyCertOptions certificate) {
    this.port = port;
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setSsl(true)
                .setTrustAll(true)
                .setVerifyHost(false)
                .setUseAlpn(true)
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setSslHandshakeTimeout(120)
                .setHttp2MultiplexingLimit(1)
                .setKeyCertOptions(certificate),
            new PoolOptions().setHttp2MaxSize(count).setMaxWaitQueueSize(count));
  }

  /** Opens the stream of one proxy; done when its connection is there. */
  Future<Void> open(int proxy, List<Integer> services) {
    return client
        .request(
            new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI(MeshProtocol.CONNECT_PATH)
                .putHeader("content-type", "application/grpc"))
        .onSuccess(request -> begin(request, proxy, services))
        .mapEmpty();
  }

  private void begin(HttpClientRequest request, int proxy, List<Integer> services) {
    request.setChunked(true);
    // Without this each stream that is still open at the end would be logged.
    request.exceptionHandler(e -> {});
    request.response().onSuccess(this::listen).onFailure(e -> lost.incrementAndGet());
    write(
        request,
        new ProxyMessage.Hello(
            MeshProtocol.VERSION,
            new PodRef("load", "p-" + proxy),
            ProxyKind.SIDECAR,
            "bench",
            ""));
    long id = 0;
    for (int service : services) {
      write(request, new ProxyMessage.Subscribe(++id, ManyPods.clusterIp(service), 80));
    }
  }

  private static void write(HttpClientRequest request, ProxyMessage message) {
    request.write(Buffer.buffer(GrpcFrames.frame(ProxyMessageCodec.encode(message))));
  }

  private void listen(HttpClientResponse response) {
    var frames = new GrpcFrames();
    response.handler(bytes -> {
      try {
        frames.read(
            bytes.getBytes(),
            0,
            bytes.length(),
            message -> ControlMessageCodec.decode(message).ifPresent(this::take));
      } catch (WireException e) {
        lost.incrementAndGet();
      }
    });
    response.exceptionHandler(e -> lost.incrementAndGet());
    response.endHandler(v -> lost.incrementAndGet());
  }

  private void take(ControlMessage message) {
    if (message instanceof ControlMessage.Destination(long _, DestinationUpdate update)) {
      if (update.reset()) {
        answered.incrementAndGet();
      }
      Awaited now = awaited;
      if (update.removed().stream().anyMatch(a -> a.address().equals(now.removed()))) {
        now.arrivals().add(System.nanoTime());
        now.missing().countDown();
      }
    }
  }

  int answered() {
    return answered.get();
  }

  int lost() {
    return lost.get();
  }

  /** Waits for the removal of an address at so many proxies. */
  Awaited expect(String removed, int proxies) {
    var next = new Awaited(removed, new CountDownLatch(proxies), new ConcurrentLinkedQueue<>());
    awaited = next;
    return next;
  }

  void close() throws Exception {
    client.close().await(30, TimeUnit.SECONDS);
  }
}
