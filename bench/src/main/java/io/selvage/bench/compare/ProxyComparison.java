// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code bench/run [--rounds N] [--seconds N] [--warm-up N] [--only A,B] [--no-hog] [--java-opts
 * S]}
 *
 * <p>Runs each scenario in interleaved rounds (forwards, then backwards) and prints a Markdown
 * table of medians. A spinning process shares the proxies' processor unless {@code --no-hog}:
 * otherwise backend and generator, which share the other one, are the bottleneck and an idle proxy
 * pays for waking up. The headline is processor time per request; requests per second under the hog
 * are no capacity. Bounded: rounds x seconds x proxies per scenario.
 */
public final class ProxyComparison {
  private final Map<String, String> options;

  private ProxyComparison(Map<String, String> options) {
    this.options = options;
  }

  /** Exit status 0 when every scenario ran; the goals are printed, not judged. */
  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < args.length; i++) {
      boolean flag = args[i].equals("--no-hog");
      options.put(args[i], flag ? "true" : args[++i]);
    }
    new ProxyComparison(options).run();
  }

  private void run() throws Exception {
    Path dir = Files.createTempDirectory("selvage-bench");
    // nginx started by root reads the pages as another user.
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> only = List.of(options.getOrDefault("--only", "").split(",", -1));
    boolean all = only.equals(List.of(""));
    try (Stage stage = new Stage(dir, Path.of(options.getOrDefault("--mesh", "./mesh")))) {
      Map<String, Proxy> proxies = new LinkedHashMap<>();
      for (Proxy p :
          List.of(
              stage.backend(),
              stage.nginx(),
              stage.haproxy(),
              stage.selvage(options.getOrDefault("--java-opts", "-Xmx128m")))) {
        proxies.put(p.name(), p);
      }
      System.out.printf(
          "%nSelvage (metrics on) beside nginx and HAProxy, all access logs off, %s, %d rounds of"
              + " %d s%s%n%n",
          LocalDate.now(java.time.ZoneOffset.UTC),
          rounds(),
          seconds(),
          hog() ? ", a spinning process on the proxies' processor" : "");
      System.out.println(
          "| scenario | proxy | CPU us/request | / nginx | / haproxy | requests/s | p50 ms | p99 ms"
              + " | errors | RSS MB |");
      System.out.println("|---|---|---|---|---|---|---|---|---|---|");
      for (Scenario scenario : Scenario.ALL) {
        if (all || only.contains(scenario.name())) {
          compare(scenario, proxies);
        }
      }
    }
  }

  private void compare(Scenario scenario, Map<String, Proxy> proxies) throws Exception {
    List<Proxy> lineUp = new ArrayList<>();
    if (scenario.port() == Scenario.Port.HTTP) {
      lineUp.add(proxies.get("none"));
    }
    scenario.peers().forEach(peer -> lineUp.add(proxies.get(peer)));
    lineUp.add(proxies.get("selvage"));
    for (Proxy proxy : lineUp) {
      LoadRun.run(scenario, proxy, proxy.name().equals("selvage") ? warmUp() : 2);
    }
    Map<String, List<Measurement>> results = new LinkedHashMap<>();
    Process hog = hog() ? startHog(lineUp.size() * rounds() * (seconds() + 2) + 60) : null;
    try {
      for (int round = 0; round < rounds(); round++) {
        for (Proxy proxy : round % 2 == 0 ? lineUp : lineUp.reversed()) {
          results
              .computeIfAbsent(proxy.name(), n -> new ArrayList<>())
              .add(LoadRun.run(scenario, proxy, seconds()));
        }
      }
    } finally {
      if (hog != null) {
        hog.destroy();
        hog.waitFor();
      }
    }
    lineUp.forEach(proxy -> print(scenario, proxy, results));
  }

  private static void print(Scenario s, Proxy proxy, Map<String, List<Measurement>> results) {
    List<Measurement> mine = java.util.Objects.requireNonNull(results.get(proxy.name()));
    boolean none = proxy.name().equals("none");
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %s | %s | %.0f | %.2f | %.2f | %d | %.0f |%n",
        s.title() + (proxy.name().equals("selvage") ? " (wanted " + s.wanted() + ")" : ""),
        none ? "no proxy" : proxy.name(),
        none
            ? "-"
            : number(median(mine.stream().mapToDouble(Measurement::cpuMicrosPerRequest).toArray())),
        none ? "-" : ratio(mine, results.get("nginx")),
        none ? "-" : ratio(mine, results.get("haproxy")),
        median(mine.stream().mapToDouble(Measurement::requestsPerSecond).toArray()),
        median(mine.stream().mapToDouble(m -> m.p50Micros() / 1e3).toArray()),
        median(mine.stream().mapToDouble(m -> m.p99Micros() / 1e3).toArray()),
        mine.stream().mapToLong(Measurement::errors).sum(),
        proxy.residentMegabytes());
  }

  /** Median of the rounds' ratios, not ratio of medians: drift of the machine cancels out. */
  private static String ratio(
      List<Measurement> mine, @org.jspecify.annotations.Nullable List<Measurement> theirs) {
    if (theirs == null) {
      return "-";
    }
    double[] ratios = new double[mine.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = mine.get(i).cpuMicrosPerRequest() / theirs.get(i).cpuMicrosPerRequest();
    }
    return number(median(ratios));
  }

  private static String number(double d) {
    return String.format(Locale.ROOT, d < 10 ? "%.2f" : "%.1f", d);
  }

  static double median(double[] values) {
    double[] sorted = Arrays.stream(values).sorted().toArray();
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  private static Process startHog(int seconds) throws IOException {
    return new ProcessBuilder(
            "taskset",
            "-c",
            "0",
            "timeout",
            Integer.toString(seconds),
            "sh",
            "-c",
            "while :; do :; done")
        .start();
  }

  private int rounds() {
    return Integer.parseInt(options.getOrDefault("--rounds", "5"));
  }

  private int seconds() {
    return Integer.parseInt(options.getOrDefault("--seconds", "4"));
  }

  private int warmUp() {
    return Integer.parseInt(options.getOrDefault("--warm-up", "12"));
  }

  private boolean hog() {
    return !options.containsKey("--no-hog");
  }
}
