// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import io.selvage.bench.compare.ProcessUse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A control plane and sidecars on loopback addresses, without redirection: each sidecar is told by
 * pairs of addresses what arrives where. Also starts whatever else a benchmark needs. Everything it
 * started is ended by {@link #close()}.
 */
final class MeshOnLoopback implements AutoCloseable {
  static final int CONTROL_PORT = 19143;
  static final int ADMIN_PORT = 19191;

  private final Path dir;
  private final Path mesh;
  private final List<Process> started = new ArrayList<>();

  MeshOnLoopback(Path dir, Path mesh) throws IOException {
    this.dir = dir;
    this.mesh = mesh;
    Files.createDirectories(dir.resolve("manifests"));
    Files.createDirectories(dir.resolve("identity"));
  }

  Path dir() {
    return dir;
  }

  /** Adds manifests for the control plane, before it starts or later. */
  void manifest(String file, String text) throws IOException {
    Files.writeString(dir.resolve("manifests").resolve(file), text);
  }

  /** A pod's object, of an account that has its name. */
  static String pod(String name, String ip, int port, boolean meshed, String annotations) {
    return """
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: %1$s, namespace: bench}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %1$s, namespace: bench, labels: {app: %1$s%4$s}, annotations: {%5$s}}
    spec:
      serviceAccountName: %1$s%6$s
      containers: [{name: app, image: app, ports: [{containerPort: %3$d}]}]
    status: {phase: Running, podIP: %2$s, podIPs: [{ip: %2$s}], conditions: [{type: Ready, status: "True"}]}
    """
        .formatted(
            name,
            ip,
            port,
            meshed ? ", selvage.io/control-plane-ns: selvage" : "",
            annotations,
            meshed
                ? "\n"
                    + "  initContainers: [{name: selvage-proxy, image: selvage, restartPolicy:"
                    + " Always}]"
                : "");
  }

  void controlPlane(int cpu) throws IOException, InterruptedException {
    Process process =
        start(
            "control-plane",
            cpu,
            List.of(
                mesh.toString(),
                "control-plane",
                "--from",
                dir.resolve("manifests").toString(),
                "--identity-dir",
                dir.resolve("identity").toString(),
                "--address",
                "127.0.0.1",
                "--port",
                Integer.toString(CONTROL_PORT),
                "--api-port",
                "19185",
                "--admin-port",
                "19195"));
    awaitPort("control-plane", process, "127.0.0.1", CONTROL_PORT);
  }

  /**
   * Starts a sidecar and waits until it is ready.
   *
   * @param adminPort its own
   * @param pairs such as {@code --outbound}, {@code 127.0.0.1:1=127.0.0.2:2}
   */
  ProcessHandle sidecar(String pod, String ip, int cpu, int adminPort, List<String> pairs)
      throws IOException, InterruptedException {
    ProcessHandle started = startSidecar(pod, ip, cpu, adminPort, pairs);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!ready(adminPort)) {
      if (!started.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("the sidecar of " + pod + " is not ready: " + log("sidecar-" + pod));
      }
      Thread.sleep(5);
    }
    return started;
  }

  /** Starts a sidecar. */
  ProcessHandle startSidecar(String pod, String ip, int cpu, int adminPort, List<String> pairs)
      throws IOException, InterruptedException {
    Path token = mint(pod);
    List<String> command =
        new ArrayList<>(
            List.of(
                mesh.toString(),
                "sidecar",
                "--control-plane",
                "127.0.0.1:" + CONTROL_PORT,
                "--token-file",
                token.toString(),
                "--trust-anchors",
                dir.resolve("identity/ca.crt").toString(),
                "--pod-namespace",
                "bench",
                "--pod-name",
                pod,
                "--pod-ips",
                ip,
                "--admin-address",
                "127.0.0.1",
                "--admin-port",
                Integer.toString(adminPort)));
    command.addAll(pairs);
    return start("sidecar-" + pod, cpu, command).toHandle();
  }

  /** Makes a pod's token, once. */
  Path mint(String pod) throws IOException, InterruptedException {
    Path token = dir.resolve(pod + ".token");
    if (!Files.exists(token)) {
      Process minted =
          new ProcessBuilder(
                  mesh.toString(),
                  "token",
                  "bench/" + pod,
                  "--identity-dir",
                  dir.resolve("identity").toString())
              .redirectOutput(token.toFile())
              .redirectError(dir.resolve("token.log").toFile())
              .start();
      if (minted.waitFor() != 0) {
        throw new IOException("no token: " + log("token"));
      }
    }
    return token;
  }

  /** Whether an admin port answers /ready with 200. */
  static boolean ready(int adminPort) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), adminPort), 1000);
      socket.setSoTimeout(2000);
      socket
          .getOutputStream()
          .write(
              "GET /ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(12);
      return new String(answer, StandardCharsets.US_ASCII).equals("HTTP/1.1 200");
    } catch (IOException e) {
      return false;
    }
  }

  Process start(String name, int cpu, List<String> command) throws IOException {
    List<String> pinned = new ArrayList<>();
    if (cpu >= 0) {
      pinned.addAll(List.of("taskset", "-c", Integer.toString(cpu)));
    }
    pinned.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(pinned)
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve(name + ".log").toFile());
    builder.environment().putAll(Map.of("MESH_NO_BUILD", "1"));
    Process process = builder.start();
    started.add(process);
    return process;
  }

  void awaitPort(String name, Process process, String ip, int port)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.ofLiteral(ip), port), 1000);
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IOException(name + " does not listen on " + port + ": " + log(name), e);
        }
        Thread.sleep(20);
      }
    }
  }

  private String log(String name) throws IOException {
    return Files.readString(dir.resolve(name + ".log"));
  }

  @Override
  public void close() {
    started.reversed().forEach(process -> ProcessUse.end(process.toHandle()));
  }
}
