// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs wrk or h2load for a bounded time on the second processor and reads its report. */
final class LoadRun {
  /** What a browser sends, roughly: seven fields, about 550 bytes. */
  private static final List<String> HEADERS =
      List.of(
          "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
              + " Chrome/150.0.0.0 Safari/537.36",
          "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
          "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
          "Accept-Encoding: gzip, deflate, br",
          "Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=yes;"
              + " _track=GA1.2.1234567890.1700000000",
          "Referer: http://bench.example/some/earlier/page.html",
          "Cache-Control: max-age=0");

  private static final Pattern WRK_DONE = Pattern.compile("(\\d+) requests in ([\\d.]+)(ms|s|m),");
  private static final Pattern WRK_BAD = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");
  private static final Pattern WRK_SOCKET =
      Pattern.compile("Socket errors: connect (\\d+), read (\\d+), write (\\d+), timeout (\\d+)");
  private static final Pattern WRK_PERCENTILE =
      Pattern.compile("^\\s+(50|99)%\\s+([\\d.]+)(us|ms|s)", Pattern.MULTILINE);
  private static final Pattern H2_DONE =
      Pattern.compile(
          "requests: \\d+ total, \\d+ started, \\d+ done, (\\d+) succeeded, (\\d+) failed");
  private static final Pattern H2_2XX = Pattern.compile("status codes: (\\d+) 2xx");
  private static final Pattern H2_TIME =
      Pattern.compile("time for request:\\s+[\\d.]+\\w+\\s+[\\d.]+\\w+\\s+([\\d.]+)(us|ms|s)");

  private LoadRun() {}

  static Measurement run(Scenario scenario, Proxy proxy, int seconds)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("taskset", "-c", "1"));
    command.addAll(
        scenario.load() == Scenario.Load.WRK
            ? wrk(scenario, proxy, seconds)
            : h2load(scenario, proxy, seconds));
    double before = proxy.cpuSeconds();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    double cpu = proxy.cpuSeconds() - before;
    return scenario.load() == Scenario.Load.WRK
        ? readWrk(output, seconds, cpu)
        : readH2load(output, seconds, cpu);
  }

  private static List<String> wrk(Scenario s, Proxy proxy, int seconds) {
    List<String> command =
        new ArrayList<>(
            List.of("wrk", "-t1", "-c" + s.connections(), "-d" + seconds + "s", "--latency"));
    HEADERS.forEach(h -> command.addAll(List.of("-H", h)));
    command.addAll(List.of("-H", "Host: bench.example"));
    if (s.closeEach()) {
      command.addAll(List.of("-H", "Connection: close"));
    }
    command.add(url(s, proxy));
    return command;
  }

  private static List<String> h2load(Scenario s, Proxy proxy, int seconds) {
    List<String> command =
        new ArrayList<>(
            List.of("h2load", "-t1", "-c" + s.connections(), "-m" + s.streams(), "-D" + seconds));
    HEADERS.forEach(h -> command.addAll(List.of("-H", h)));
    command.add(url(s, proxy));
    return command;
  }

  private static String url(Scenario s, Proxy proxy) {
    return (s.port() == Scenario.Port.HTTPS ? "https" : "http")
        + "://127.0.0.1:"
        + proxy.port(s.port())
        + s.path();
  }

  private static Measurement readWrk(String output, int seconds, double cpu) {
    Matcher done = WRK_DONE.matcher(output);
    if (!done.find()) {
      throw new IllegalStateException("no report from wrk: " + output);
    }
    long all = Long.parseLong(done.group(1));
    long errors = 0;
    Matcher bad = WRK_BAD.matcher(output);
    if (bad.find()) {
      errors += Long.parseLong(bad.group(1));
      all -= errors;
    }
    Matcher socket = WRK_SOCKET.matcher(output);
    if (socket.find()) {
      for (int i = 1; i <= 4; i++) {
        errors += Long.parseLong(socket.group(i));
      }
    }
    double p50 = Double.NaN;
    double p99 = Double.NaN;
    Matcher percentile = WRK_PERCENTILE.matcher(output);
    while (percentile.find()) {
      double micros = micros(percentile.group(2), percentile.group(3));
      if (percentile.group(1).equals("50")) {
        p50 = micros;
      } else {
        p99 = micros;
      }
    }
    return new Measurement(all, errors, seconds, cpu, p50, p99);
  }

  private static Measurement readH2load(String output, int seconds, double cpu) {
    Matcher done = H2_DONE.matcher(output);
    Matcher good = H2_2XX.matcher(output);
    if (!done.find() || !good.find()) {
      throw new IllegalStateException("no report from h2load: " + output);
    }
    long ok = Long.parseLong(good.group(1));
    long errors = Long.parseLong(done.group(2)) + Math.max(0, Long.parseLong(done.group(1)) - ok);
    Matcher time = H2_TIME.matcher(output);
    double mean = time.find() ? micros(time.group(1), time.group(2)) : Double.NaN;
    return new Measurement(ok, errors, seconds, cpu, mean, Double.NaN);
  }

  private static double micros(String number, String unit) {
    double n = Double.parseDouble(number);
    return switch (unit) {
      case "us" -> n;
      case "ms" -> n * 1e3;
      default -> n * 1e6;
    };
  }
}
