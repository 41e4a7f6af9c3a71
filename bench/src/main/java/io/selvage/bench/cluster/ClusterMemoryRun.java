// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.cluster;

import io.selvage.bench.compare.ProcessUse;
import io.selvage.testkit.KubeApiServer;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Memory of a control plane and of a gateway that know a cluster of many objects, in a real
 * kube-apiserver. Arguments: Services (1000), pods of each (5), then the command that starts {@code
 * mesh}. {@code KUBE_BIN} names kube-apiserver and etcd.
 */
public final class ClusterMemoryRun {
  private static final Duration READY = Duration.ofMinutes(5);

  /** Until nothing is waited for any more: statuses, the collection of what starting left. */
  private static final long SETTLE_MILLIS = 15_000;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<String> mesh;
  private final Path base;

  private ClusterMemoryRun(List<String> mesh, Path base) {
    this.mesh = mesh;
    this.base = base;
  }

  public static void main(String[] args) throws Exception {
    var why = KubeApiServer.unavailable();
    if (why.isPresent() || args.length < 3) {
      System.err.println(why.orElse("arguments: SERVICES PODS_OF_EACH COMMAND..."));
      System.exit(2);
    }
    Path base = Files.createTempDirectory("selvage-cluster");
    try (KubeApiServer kube = KubeApiServer.start(base.resolve("kube"));
        var cluster =
            new SimulatedCluster(
                kube.etcdUrl(), Integer.parseInt(args[0]), Integer.parseInt(args[1]))) {
      new ClusterMemoryRun(List.of(args).subList(2, args.length), base).run(kube, cluster);
    } finally {
      try (var files = Files.walk(base)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private void run(KubeApiServer kube, SimulatedCluster cluster) throws Exception {
    long begun = System.nanoTime();
    cluster.create();
    System.err.printf("objects made in %d s%n", seconds(begun));
    out.println("| process | moment | RSS MB | heap used MB | live MB | ready after s | CPU s |");
    out.println("|---|---|---:|---:|---:|---:|---:|");
    int admin = freePort();
    measure(
        kube,
        cluster,
        "control plane",
        "-Xmx320m",
        admin,
        List.of(
            "control-plane",
            "--kubernetes",
            "--address=127.0.0.1",
            "--port=0",
            "--api-port=0",
            "--admin-port=" + admin,
            "--identity-dir=" + base.resolve("identity")));
    int gatewayAdmin = freePort();
    measure(
        kube,
        cluster,
        "gateway",
        "-Xmx256m",
        gatewayAdmin,
        List.of(
            "gateway",
            "--kubernetes",
            "--address=127.0.0.1",
            "--http-port=0",
            "--https-port=0",
            "--gateway-namespace=team-0",
            "--access-log=off",
            "--admin-port=" + gatewayAdmin));
  }

  private void measure(
      KubeApiServer kube,
      SimulatedCluster cluster,
      String name,
      String heap,
      int admin,
      List<String> words)
      throws Exception {
    var command = new ArrayList<>(mesh);
    command.addAll(words);
    var builder = new ProcessBuilder(command);
    builder.environment().put("KUBECONFIG", kube.kubeconfig().toString());
    builder.environment().put("MESH_JAVA_OPTS", heap + " -XX:+UseSerialGC");
    builder.environment().put("POD_NAME", "bench");
    long begun = System.nanoTime();
    Path log = base.resolve(words.getFirst() + ".log");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      awaitReady(process, admin, log);
      long ready = seconds(begun);
      Thread.sleep(SETTLE_MILLIS);
      if (name.equals("control plane")) {
        requirePods(cluster.pods(), admin);
      }
      row(name, "all is known", process, admin, Long.toString(ready));
      cluster.change(cluster.pods() / 10);
      Thread.sleep(SETTLE_MILLIS);
      row(name, "a tenth of the pods has ended", process, admin, "");
    } finally {
      ProcessUse.end(process.toHandle());
    }
  }

  /** What is not known costs nothing. */
  private void requirePods(int wanted, int admin) throws Exception {
    String line =
        get(admin, "/metrics")
            .body()
            .lines()
            .filter(l -> l.startsWith("selvage_control_pods "))
            .findFirst()
            .orElse("no metric selvage_control_pods");
    if (!line.equals("selvage_control_pods " + (double) wanted)) {
      throw new IOException("it knows other pods than " + wanted + ": " + line);
    }
  }

  private void row(String name, String moment, Process process, int admin, String ready)
      throws Exception {
    double rss = ProcessUse.residentMegabytes(process.toHandle());
    double used = heapMegabytes(admin);
    collect(process);
    out.printf(
        "| %s | %s | %.0f | %.0f | %.0f | %s | %.1f |%n",
        name,
        moment,
        rss,
        used,
        heapMegabytes(admin),
        ready,
        ProcessUse.cpuSeconds(process.toHandle()));
  }

  /** What is left after it is what is needed. */
  private static void collect(Process process) throws Exception {
    new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
            Long.toString(process.pid()),
            "GC.run")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor(30, TimeUnit.SECONDS);
  }

  private void awaitReady(Process process, int admin, Path log) throws Exception {
    long end = System.nanoTime() + READY.toNanos();
    while (System.nanoTime() < end) {
      if (!process.isAlive()) {
        throw new IOException("it has ended: " + Files.readString(log));
      }
      try {
        if (get(admin, "/ready").statusCode() == 200) {
          return;
        }
      } catch (ConnectException e) {
        // Not listening yet.
      }
      Thread.sleep(100);
    }
    throw new IOException("it is not ready: " + Files.readString(log));
  }

  private double heapMegabytes(int admin) throws Exception {
    return get(admin, "/metrics")
            .body()
            .lines()
            .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
            .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
            .sum()
        / 1024
        / 1024;
  }

  private HttpResponse<String> get(int admin, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static long seconds(long since) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
