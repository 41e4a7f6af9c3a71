// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code bench/sidecar [--rounds N] [--seconds N] [--warm-up N] [--only A,B] [--connections N]}
 *
 * <p>Client -> outbound -> mutual TLS -> inbound -> application, by two sidecars and by two
 * HAProxies, in interleaved rounds (forwards, then backwards), and without any proxy. Both proxies
 * of a pair are on processor 0; client, application and control plane on processor 1. Prints a
 * Markdown table of medians; the goals are printed, not judged. Bounded: rounds x seconds x 3 per
 * load.
 */
public final class SidecarPairs {
  private static final String SERVER_IP = "127.0.0.12";
  private static final Pattern WRK_DONE = Pattern.compile("(\\d+) requests in ");
  private static final Pattern WRK_BAD = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");
  private static final Pattern WRK_SOCKET =
      Pattern.compile("Socket errors: connect (\\d+), read (\\d+), write (\\d+), timeout (\\d+)");
  private static final Pattern WRK_PERCENTILE =
      Pattern.compile("^\\s+(50|99)%\\s+([\\d.]+)(us|ms|s)", Pattern.MULTILINE);

  private final Map<String, String> options;

  private SidecarPairs(Map<String, String> options) {
    this.options = options;
  }

  /** One kind of traffic; rate 0 = closed loop. */
  private record Load(String name, String title, int rate, String path, boolean opaque) {
    static final List<Load> ALL =
        List.of(
            new Load("1k", "mTLS pair, 1,000 requests/s, 1 KB", 1000, "/1k", false),
            new Load("2k", "mTLS pair, 2,000 requests/s, 1 KB", 2000, "/1k", false),
            new Load("closed", "mTLS pair, closed loop, 1 KB", 0, "/1k", false),
            new Load("opaque-1k", "opaque TCP, one proxy, no TLS, 1 KB", 0, "/1k", true),
            new Load("opaque-64k", "opaque TCP, one proxy, no TLS, 64 KB", 0, "/64k", true));
  }

  private record Round(long answered, long failed, double cpuSeconds, double p50, double p99) {
    double cpuMicros() {
      return cpuSeconds * 1e6 / answered;
    }
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    new SidecarPairs(options).run();
  }

  private void run() throws Exception {
    Path dir = Files.createTempDirectory("selvage-bench");
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path mesh = Path.of(options.getOrDefault("--mesh", "./mesh"));
    try (var stage = new MeshOnLoopback(dir, mesh)) {
      Applications.nginx(stage, 1);
      Pair haproxy = Applications.haproxies(stage, 0);
      Pair selvage = sidecars(stage);
      List<Pair> pairs =
          List.of(
              new Pair("none", List.of(), Applications.APP, Applications.APP), haproxy, selvage);
      System.out.printf(
          "%nTwo sidecars beside two HAProxies with the same mutual TLS, %s, %d rounds of %d s, %d"
              + " connections%n%n",
          LocalDate.now(ZoneOffset.UTC),
          number("--rounds", 5),
          number("--seconds", 4),
          connections());
      System.out.println(
          "| load | proxies | CPU us/request | / haproxy | added p50 us | / haproxy | p50 us | p99"
              + " us | requests/s | failed | RSS MB |");
      System.out.println("|---|---|---|---|---|---|---|---|---|---|---|");
      List<String> only = List.of(options.getOrDefault("--only", "").split(","));
      for (Load load : Load.ALL) {
        if (only.equals(List.of("")) || only.contains(load.name())) {
          compare(load, pairs);
        }
      }
    }
  }

  private static Pair sidecars(MeshOnLoopback stage) throws IOException, InterruptedException {
    stage.manifest(
        "pods.yaml",
        String.join(
            "---\n",
            "{apiVersion: v1, kind: Namespace, metadata: {name: bench}}\n",
            MeshOnLoopback.pod("client", "127.0.0.11", 1, true, ""),
            MeshOnLoopback.pod("server", SERVER_IP, 19121, true, ""),
            MeshOnLoopback.pod(
                "plain",
                Applications.PLAIN_IP,
                Applications.APP,
                false,
                "config.selvage.io/opaque-ports: \"" + Applications.APP + "\"")));
    stage.controlPlane(1);
    ProcessHandle in =
        stage.sidecar(
            "server",
            SERVER_IP,
            0,
            MeshOnLoopback.ADMIN_PORT,
            List.of("--inbound", SERVER_IP + ":19121=127.0.0.1:" + Applications.APP));
    ProcessHandle out =
        stage.sidecar(
            "client",
            "127.0.0.11",
            0,
            MeshOnLoopback.ADMIN_PORT + 1,
            List.of(
                "--outbound",
                "127.0.0.1:19120=" + SERVER_IP + ":19121",
                "--outbound",
                "127.0.0.1:19122=" + Applications.PLAIN_IP + ":" + Applications.APP));
    return new Pair("selvage", List.of(out, in), 19120, 19122);
  }

  private void compare(Load load, List<Pair> pairs) throws Exception {
    for (Pair pair : pairs) {
      // A JVM compiles what it runs often: the warm-up is a closed loop whatever is measured.
      closedLoop(load, pair, pair.name().equals("selvage") ? number("--warm-up", 12) : 2);
    }
    Map<String, List<Round>> rounds = new LinkedHashMap<>();
    for (int i = 0; i < number("--rounds", 5); i++) {
      for (Pair pair : i % 2 == 0 ? pairs : pairs.reversed()) {
        rounds
            .computeIfAbsent(pair.name(), name -> new ArrayList<>())
            .add(load.rate() == 0 ? closedLoop(load, pair, seconds()) : openLoop(load, pair));
      }
    }
    pairs.forEach(pair -> print(load, pair, rounds));
  }

  private Round openLoop(Load load, Pair pair) throws IOException, InterruptedException {
    double before = pair.cpuSeconds();
    OpenLoop.Result result =
        OpenLoop.run(port(load, pair), load.path(), load.rate(), connections(), seconds());
    return new Round(
        result.answered(),
        result.failed(),
        pair.cpuSeconds() - before,
        result.percentile(0.5),
        result.percentile(0.99));
  }

  private Round closedLoop(Load load, Pair pair, int seconds)
      throws IOException, InterruptedException {
    double before = pair.cpuSeconds();
    Process wrk =
        new ProcessBuilder(
                "taskset",
                "-c",
                "1",
                "wrk",
                "-t1",
                "-c" + connections(),
                "-d" + seconds + "s",
                "--latency",
                "http://127.0.0.1:" + port(load, pair) + load.path())
            .redirectErrorStream(true)
            .start();
    String report = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    wrk.waitFor();
    double cpu = pair.cpuSeconds() - before;
    Matcher done = WRK_DONE.matcher(report);
    if (!done.find()) {
      throw new IllegalStateException("no report from wrk: " + report);
    }
    long failed = 0;
    Matcher bad = WRK_BAD.matcher(report);
    if (bad.find()) {
      failed += Long.parseLong(bad.group(1));
    }
    long answered = Long.parseLong(done.group(1)) - failed;
    Matcher socket = WRK_SOCKET.matcher(report);
    if (socket.find()) {
      for (int i = 1; i <= 4; i++) {
        failed += Long.parseLong(socket.group(i));
      }
    }
    double p50 = Double.NaN;
    double p99 = Double.NaN;
    Matcher percentile = WRK_PERCENTILE.matcher(report);
    while (percentile.find()) {
      double micros =
          Double.parseDouble(percentile.group(2))
              * switch (percentile.group(3)) {
                case "us" -> 1;
                case "ms" -> 1e3;
                default -> 1e6;
              };
      if (percentile.group(1).equals("50")) {
        p50 = micros;
      } else {
        p99 = micros;
      }
    }
    return new Round(answered, failed, cpu, p50, p99);
  }

  private void print(Load load, Pair pair, Map<String, List<Round>> rounds) {
    List<Round> mine = Objects.requireNonNull(rounds.get(pair.name()));
    List<Round> theirs = Objects.requireNonNull(rounds.get("haproxy"));
    List<Round> none = Objects.requireNonNull(rounds.get("none"));
    boolean proxied = !pair.processes().isEmpty();
    double[] cpu = new double[mine.size()];
    double[] added = new double[mine.size()];
    double[] theirAdded = new double[mine.size()];
    for (int i = 0; i < cpu.length; i++) {
      cpu[i] = mine.get(i).cpuMicros() / theirs.get(i).cpuMicros();
      added[i] = mine.get(i).p50() - none.get(i).p50();
      theirAdded[i] = theirs.get(i).p50() - none.get(i).p50();
    }
    boolean open = load.rate() > 0;
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %s | %s | %s | %.0f | %.0f | %.0f | %d | %s |%n",
        load.title(),
        proxied ? pair.name() : "no proxy",
        proxied ? text(median(mine.stream().mapToDouble(Round::cpuMicros).toArray()), 1) : "-",
        proxied ? text(median(cpu), 2) : "-",
        proxied && open ? text(median(added), 0) : "-",
        proxied && open ? text(median(added) / median(theirAdded), 2) : "-",
        median(mine.stream().mapToDouble(Round::p50).toArray()),
        median(mine.stream().mapToDouble(Round::p99).toArray()),
        median(mine.stream().mapToDouble(r -> (double) r.answered() / seconds()).toArray()),
        mine.stream().mapToLong(Round::failed).sum(),
        proxied ? text(pair.residentMegabytes(), 0) : "-");
  }

  private static String text(double number, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", number);
  }

  private static double median(double[] values) {
    double[] sorted = Arrays.stream(values).sorted().toArray();
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  private static int port(Load load, Pair pair) {
    return load.opaque() ? pair.opaque() : pair.http();
  }

  private int connections() {
    return number("--connections", 50);
  }

  private int seconds() {
    return number("--seconds", 4);
  }

  private int number(String option, int byDefault) {
    return Integer.parseInt(options.getOrDefault(option, Integer.toString(byDefault)));
  }
}
