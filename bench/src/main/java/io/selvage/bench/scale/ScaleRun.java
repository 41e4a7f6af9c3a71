// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.scale;

import io.selvage.gateway.app.GatewayOptions;
import io.selvage.gateway.app.GatewayProcess;
import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.StatusSink;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RoutingModel;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Times a gateway with many Ingresses and prints a table. Every figure ends with an answered
 * request, not with a log line. Arguments: number of Ingresses (10000) and of swaps (1000).
 */
public final class ScaleRun {
  private static final int REPEATS = 7;
  private static final int CLIENTS = 4;
  private static final int POLL_MILLIS = 1;

  private final PrintStream out;
  private final ManyObjects objects;
  private final Path folder;
  private final int swaps;

  private ScaleRun(PrintStream out, Path folder, int ingresses, int swaps) {
    this.out = out;
    this.folder = folder;
    this.objects = new ManyObjects(folder, ingresses);
    this.swaps = swaps;
  }

  public static void main(String[] args) throws Exception {
    int ingresses = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    int swaps = args.length > 1 ? Integer.parseInt(args[1]) : 1_000;
    Path folder = Files.createTempDirectory("selvage-scale");
    Vertx vertx = Vertx.vertx();
    try {
      new ScaleRun(
              new PrintStream(System.out, true, StandardCharsets.UTF_8), folder, ingresses, swaps)
          .run(backend(vertx, "one"), backend(vertx, "two"));
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static int backend(Vertx vertx, String name) throws Exception {
    return vertx
        .createHttpServer()
        .requestHandler(request -> request.response().end(name))
        .listen(0, "127.0.0.1")
        .await(10, TimeUnit.SECONDS)
        .actualPort();
  }

  private void run(int one, int two) throws Exception {
    objects.write(one);
    out.println("| what | figure |");
    out.println("|---|---|");
    long start = System.nanoTime();
    var options =
        new GatewayOptions(
            CompileOptions.defaults().withListeners("127.0.0.1", 0, 0),
            "127.0.0.1",
            0,
            Duration.ZERO,
            Duration.ofSeconds(5),
            0);
    try (var gateway =
        GatewayProcess.start(
            options, new FolderSource(folder), StatusSink.none(), GatewayProcess.Hooks.none())) {
      gateway.server().firstLive().toCompletableFuture().get(120, TimeUnit.SECONDS);
      int port = gateway.dataPlane().ports().firstEntry().getValue();
      awaitAnswer(port, ManyObjects.host(objects.ingresses() - 1), "one");
      row("%,d Ingresses: folder to first answer", objects.ingresses(), millisSince(start));
      change(port);
      endpointByFolder(port, one, two);
      endpointBySet(gateway, port, one, two);
      swap(gateway, port);
    }
  }

  private void change(int port) throws Exception {
    long start = System.nanoTime();
    objects.addOne();
    awaitAnswer(port, ManyObjects.host(objects.ingresses()), "one");
    row("one more Ingress: file written to first answer", 0, millisSince(start));
  }

  private void endpointByFolder(int port, int one, int two) throws Exception {
    long start = System.nanoTime();
    objects.pointFirstServiceAt(two);
    awaitAnswer(port, ManyObjects.host(0), "two");
    row("endpoint change: file written to first answer", 0, millisSince(start));
    objects.pointFirstServiceAt(one);
    awaitAnswer(port, ManyObjects.host(0), "one");
  }

  /** From the arrival of the change, as an API server's watch would deliver it. */
  private void endpointBySet(GatewayProcess gateway, int port, int one, int two) throws Exception {
    String key =
        gateway.server().live().orElseThrow().endpoints().keySet().stream()
            .filter(k -> k.contains("/service-0/") || k.startsWith("default/service-0/"))
            .findFirst()
            .orElseThrow();
    var took = new ArrayList<Double>();
    for (int i = 0; i < REPEATS * 2; i++) {
      boolean toTwo = i % 2 == 0;
      long start = System.nanoTime();
      gateway
          .dataPlane()
          .updateEndpoints(
              new EndpointSet(
                  key, List.of(EndpointSet.Endpoint.of("127.0.0.1", toTwo ? two : one))));
      awaitAnswer(port, ManyObjects.host(0), toTwo ? "two" : "one");
      took.add((System.nanoTime() - start) / 1e6);
    }
    took.sort(Comparator.naturalOrder());
    out.printf(
        "| endpoint change: set delivered to first answer, median of %d | %.1f ms |%n",
        took.size(), took.get(took.size() / 2));
  }

  private void swap(GatewayProcess gateway, int port) throws Exception {
    CompileResult before = gateway.server().live().orElseThrow();
    RoutingModel other = otherModel(before);
    var stop = new AtomicBoolean();
    var requests = new AtomicLong();
    var failed = new AtomicLong();
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < CLIENTS; i++) {
      int client = i;
      threads.add(Thread.ofPlatform().start(() -> load(port, client, stop, requests, failed)));
    }
    var took = new double[swaps];
    for (int i = 0; i < swaps; i++) {
      long start = System.nanoTime();
      gateway.dataPlane().apply(i % 2 == 0 ? other : before.model());
      took[i] = (System.nanoTime() - start) / 1e6;
      Thread.sleep(2);
    }
    stop.set(true);
    for (Thread thread : threads) {
      thread.join();
    }
    Arrays.sort(took);
    out.printf("| one swap, median of %,d | %.1f ms |%n", swaps, took[swaps / 2]);
    out.printf(
        "| requests during %,d swaps / failed | %,d / %d |%n", swaps, requests.get(), failed.get());
  }

  /** The folder without its last Ingress: another table, the same hosts for the load. */
  private RoutingModel otherModel(CompileResult before) throws IOException {
    Files.delete(folder.resolve("one-more.yaml"));
    RoutingModel other =
        GatewayCompiler.standard()
            .compile(
                FolderSource.read(folder),
                CompileOptions.defaults().withListeners("127.0.0.1", 0, 0))
            .model();
    if (other.equals(before.model())) {
      throw new IllegalStateException("both models are the same: nothing would be swapped");
    }
    return other;
  }

  private void load(
      int port, int client, AtomicBoolean stop, AtomicLong requests, AtomicLong failed) {
    PlainClient connection = null;
    for (int i = client; !stop.get(); i++) {
      requests.incrementAndGet();
      try {
        if (connection == null) {
          connection = new PlainClient(port);
        }
        if (connection.get(ManyObjects.host(i % objects.ingresses())).status() != 200) {
          failed.incrementAndGet();
        }
      } catch (IOException e) {
        failed.incrementAndGet();
        connection = null;
      }
    }
  }

  private static void awaitAnswer(int port, String host, String body) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    try (var client = new PlainClient(port)) {
      while (true) {
        PlainClient.Answer answer = client.get(host);
        if (answer.status() == 200 && answer.body().equals(body)) {
          return;
        }
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException(host + " answers " + answer);
        }
        Thread.sleep(POLL_MILLIS);
      }
    }
  }

  private void row(String what, int count, long millis) {
    out.println("| " + what.formatted(count) + " | " + millis + " ms |");
  }

  private static long millisSince(long start) {
    return (System.nanoTime() - start) / 1_000_000;
  }
}
