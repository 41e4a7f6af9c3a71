// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import io.selvage.bench.compare.ProcessUse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code bench/footprint [--runs N] [--rate N] [--connections N] [--load-seconds N]}
 *
 * <p>One row a run and a side: milliseconds from the start of the process to its first accepted
 * connection and to ready, memory when idle, memory after load through both sides. Memory is read
 * ten seconds after what went before, as an idle process is.
 */
public final class Footprint {
  private static final String SERVER_IP = "127.0.0.12";
  private static final int SETTLE_MILLIS = 10_000;

  private Footprint() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    int runs = number(options, "--runs", 3);
    int rate = number(options, "--rate", 5000);
    int connections = number(options, "--connections", 200);
    int seconds = number(options, "--load-seconds", 20);
    Path dir = Files.createTempDirectory("selvage-footprint");
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
    System.out.printf(
        "%nA sidecar's footprint, idle and after %d s of %d requests/s on %d connections%n%n",
        seconds, rate, connections);
    System.out.println(
        "| side | listening ms | ready ms | idle RSS MB (anonymous) | loaded RSS MB (anonymous) |"
            + " answered/s | failed |");
    System.out.println("|---|---|---|---|---|---|---|");
    try (var stage = new MeshOnLoopback(dir, Path.of(options.getOrDefault("--mesh", "./mesh")))) {
      Applications.nginx(stage, -1);
      stage.manifest(
          "pods.yaml",
          String.join(
              "---\n",
              "{apiVersion: v1, kind: Namespace, metadata: {name: bench}}\n",
              MeshOnLoopback.pod("client", "127.0.0.11", 1, true, ""),
              MeshOnLoopback.pod("server", SERVER_IP, 19121, true, "")));
      stage.controlPlane(-1);
      for (int run = 0; run < runs; run++) {
        run(stage, rate, connections, seconds);
      }
    }
  }

  private static void run(MeshOnLoopback stage, int rate, int connections, int seconds)
      throws IOException, InterruptedException {
    List<Side> sides = new ArrayList<>();
    sides.add(
        start(
            stage,
            "server",
            SERVER_IP,
            MeshOnLoopback.ADMIN_PORT,
            SERVER_IP,
            19121,
            List.of("--inbound", SERVER_IP + ":19121=127.0.0.1:" + Applications.APP)));
    sides.add(
        start(
            stage,
            "client",
            "127.0.0.11",
            MeshOnLoopback.ADMIN_PORT + 1,
            "127.0.0.1",
            19120,
            List.of("--outbound", "127.0.0.1:19120=" + SERVER_IP + ":19121")));
    Thread.sleep(SETTLE_MILLIS);
    List<String> idle = sides.stream().map(side -> memory(side.process)).toList();
    OpenLoop.Result result = OpenLoop.run(19120, "/1k", rate, connections, seconds);
    Thread.sleep(SETTLE_MILLIS);
    for (int i = 0; i < sides.size(); i++) {
      Side side = sides.get(i);
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %d | %s | %s | %d | %s |%n",
          i == 0 ? "inbound" : "outbound",
          side.listeningMillis,
          side.readyMillis,
          idle.get(i),
          memory(side.process),
          result.answered() / seconds,
          result.failures());
    }
    sides.forEach(side -> ProcessUse.end(side.process));
  }

  private record Side(ProcessHandle process, long listeningMillis, long readyMillis) {}

  private static Side start(
      MeshOnLoopback stage,
      String pod,
      String ip,
      int adminPort,
      String listening,
      int port,
      List<String> pairs)
      throws IOException, InterruptedException {
    stage.mint(pod);
    long began = System.nanoTime();
    ProcessHandle process = stage.startSidecar(pod, ip, -1, adminPort, pairs);
    long limit = began + 60_000_000_000L;
    while (!accepts(listening, port)) {
      check(process, limit);
      Thread.sleep(1);
    }
    long listeningMillis = (System.nanoTime() - began) / 1_000_000;
    while (!MeshOnLoopback.ready(adminPort)) {
      check(process, limit);
      Thread.sleep(1);
    }
    return new Side(process, listeningMillis, (System.nanoTime() - began) / 1_000_000);
  }

  private static void check(ProcessHandle process, long limit) throws IOException {
    if (!process.isAlive() || System.nanoTime() > limit) {
      throw new IOException("a sidecar does not start");
    }
  }

  private static boolean accepts(String ip, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.ofLiteral(ip), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static String memory(ProcessHandle process) {
    return String.format(
        Locale.ROOT,
        "%.0f (%.0f)",
        ProcessUse.residentMegabytes(process),
        ProcessUse.anonymousMegabytes(process));
  }

  private static int number(Map<String, String> options, String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }
}
