// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.controlplane;

import io.selvage.bench.controlplane.SimulatedProxies.Awaited;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * Measures a control plane in a process of its own: memory with nobody, with all streams, after all
 * changes; and the time from a changed EndpointSlice to the proxies that are told. Arguments:
 * streams (2000), pods (5000), changes (100).
 */
public final class StreamsRun {
  /** Services each proxy asks for. */
  private static final int SERVICES_OF_PROXY = 20;

  /** Streams opened at a time. */
  private static final int BATCH = 8;

  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final int streams;
  private final int changes;
  private final ManyPods pods;
  private final Path folder;
  private final Path identity;

  private StreamsRun(Path base, int streams, int pods, int changes) throws IOException {
    this.streams = streams;
    this.changes = changes;
    this.folder = Files.createDirectory(base.resolve("manifests"));
    this.identity = base.resolve("identity");
    this.pods = new ManyPods(folder, pods);
  }

  public static void main(String[] args) throws Exception {
    int streams = args.length > 0 ? Integer.parseInt(args[0]) : 2_000;
    int pods = args.length > 1 ? Integer.parseInt(args[1]) : 5_000;
    int changes = args.length > 2 ? Integer.parseInt(args[2]) : 100;
    if (streams > pods || pods < SERVICES_OF_PROXY * ManyPods.PODS_OF_SERVICE) {
      throw new IllegalArgumentException("too few pods");
    }
    Path base = Files.createTempDirectory("selvage-streams");
    try {
      new StreamsRun(base, streams, pods, changes).run();
    } finally {
      try (var files = Files.walk(base)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
  }

  private void run() throws Exception {
    pods.write();
    int port = freePort();
    int admin = freePort();
    Process child = start(port, admin);
    Vertx vertx = Vertx.vertx();
    try {
      out.println("| moment | RSS MB | heap used MB |");
      out.println("|---|---:|---:|");
      memory("the objects are known, nobody is connected", child, admin);
      var proxies = new SimulatedProxies(vertx, port, streams, certificate());
      long connecting = System.nanoTime();
      for (int i = 0; i < streams; i += BATCH) {
        Future.all(
                IntStream.range(i, Math.min(streams, i + BATCH))
                    .mapToObj(p -> proxies.open(p, servicesOf(p)))
                    .toList())
            .await(120, TimeUnit.SECONDS);
      }
      waitFor(() -> proxies.answered() >= streams * SERVICES_OF_PROXY);
      long connected = System.nanoTime() - connecting;
      memory(streams + " streams, " + streams * SERVICES_OF_PROXY + " subscriptions", child, admin);
      var all = new Histogram(3);
      var last = new Histogram(3);
      for (int round = 1; round <= changes; round++) {
        change(proxies, round, all, last);
      }
      memory(changes + " changes later", child, admin);
      int told = (int) (streams * (long) SERVICES_OF_PROXY / pods.services());
      out.println();
      out.println("| figure | p50 ms | p99 ms | max ms |");
      out.println("|---|---:|---:|---:|");
      row("manifest renamed into place -> each of " + told + " proxies", all);
      row("manifest renamed into place -> the last of them", last);
      out.println();
      out.printf(
          "all streams open and answered after %.1f s; %d streams lost%n",
          connected / 1e9, proxies.lost());
      push(admin);
      proxies.close();
    } finally {
      vertx.close().await(30, TimeUnit.SECONDS);
      child.destroy();
      if (!child.waitFor(30, TimeUnit.SECONDS)) {
        child.destroyForcibly();
      }
    }
  }

  private List<Integer> servicesOf(int proxy) {
    return IntStream.range(0, SERVICES_OF_PROXY)
        .map(s -> (proxy + s) % pods.services())
        .boxed()
        .toList();
  }

  private void change(SimulatedProxies proxies, int round, Histogram all, Histogram last)
      throws Exception {
    int service = round % pods.services();
    int told =
        (int)
            IntStream.range(0, streams)
                .filter(p -> Math.floorMod(service - p, pods.services()) < SERVICES_OF_PROXY)
                .count();
    // What is left out next differs from what was left out before.
    int turn = 1 + round / pods.services();
    String removed =
        "10.1."
            + (service * ManyPods.PODS_OF_SERVICE + turn) / 250
            + "."
            + ((service * ManyPods.PODS_OF_SERVICE + turn) % 250 + 1);
    Awaited awaited = proxies.expect(removed, told);
    long before = System.nanoTime();
    pods.writeSlice(service, turn);
    if (!awaited.missing().await(60, TimeUnit.SECONDS)) {
      throw new IOException(awaited.missing().getCount() + " proxies were not told of " + removed);
    }
    long slowest = 0;
    for (long arrival : awaited.arrivals()) {
      all.recordValue((arrival - before) / 1_000);
      slowest = Math.max(slowest, arrival - before);
    }
    last.recordValue(slowest / 1_000);
  }

  private void row(String name, Histogram micros) {
    out.printf(
        "| %s | %.1f | %.1f | %.1f |%n",
        name,
        micros.getValueAtPercentile(50) / 1e3,
        micros.getValueAtPercentile(99) / 1e3,
        micros.getMaxValue() / 1e3);
  }

  private void memory(String moment, Process child, int admin) throws Exception {
    String metrics = metrics(admin);
    double heap =
        metrics
            .lines()
            .filter(l -> l.startsWith("jvm_memory_used_bytes{area=\"heap\""))
            .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' ') + 1)))
            .sum();
    long kilobytes =
        Files.readAllLines(Path.of("/proc/" + child.pid() + "/status")).stream()
            .filter(l -> l.startsWith("VmRSS:"))
            .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
            .findFirst()
            .orElse(0);
    out.printf("| %s | %d | %.0f |%n", moment, kilobytes / 1024, heap / 1024 / 1024);
  }

  private void push(int admin) throws Exception {
    metrics(admin)
        .lines()
        .filter(l ->
            l.startsWith("selvage_control_push_duration_seconds_sum")
                || l.startsWith("selvage_control_push_duration_seconds_count")
                || l.startsWith("selvage_control_push_duration_seconds_max")
                || l.startsWith("selvage_control_slow_readers_total"))
        .forEach(out::println);
  }

  private static String metrics(int admin) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + "/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  private Process start(int port, int admin) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                ServedControlPlane.class.getName(),
                Integer.toString(port),
                Integer.toString(admin),
                folder.toString(),
                identity.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var lines =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      if (line.startsWith("ready")) {
        return child;
      }
    }
    throw new IOException("the control plane ended before it was ready");
  }

  private PemKeyCertOptions certificate() throws IOException {
    TrustBundle bundle =
        TrustBundle.of(PemText.certificates(Files.readString(identity.resolve("ca.crt"))));
    Issuer.Parsed parsed =
        Issuer.parse(
            Files.readString(identity.resolve("tls.crt")),
            Files.readString(identity.resolve("tls.key")),
            bundle,
            Instant.now());
    if (!(parsed instanceof Issuer.Parsed.Accepted(Issuer issuer))) {
      throw new IOException("the issuer in " + identity + " is of no use: " + parsed);
    }
    KeyPair keys = WorkloadKeys.create();
    IssuedLeaf leaf =
        issuer.issue(
            new WorkloadIdentity("cluster.local", "load", "load"),
            keys.getPublic(),
            Instant.now(),
            Duration.ofHours(12),
            Duration.ofSeconds(20));
    return new PemKeyCertOptions()
        .addCertValue(Buffer.buffer(PemText.write(leaf.chain())))
        .addKeyValue(Buffer.buffer(WorkloadKeys.pem(keys.getPrivate())));
  }

  private interface Condition {
    boolean holds();
  }

  private static void waitFor(Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new IOException("not everybody was answered");
      }
      Thread.sleep(20);
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
