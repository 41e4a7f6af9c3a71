// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.testkit.netns.NetworkPod;
import io.selvage.testkit.netns.NetworkPods;
import io.selvage.testkit.netns.Ran;
import io.selvage.testkit.netns.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A control plane on the node and pods with sidecars, all real processes started by {@code ./mesh}.
 * What a cluster would do - manifests, addresses, tokens, the order of start and end - is done
 * here.
 */
final class NamespacedMesh implements AutoCloseable {
  static final Path ROOT = Path.of(System.getProperty("selvage.root"));
  static final Duration LIMIT = Duration.ofSeconds(120);

  /** All workloads are in it. */
  static final String NAMESPACE = "shop";

  static final int PORT = 8080;

  private static final int PROXY_UID = 2102;

  final NetworkPods pods;
  private final Path dir;
  private final Path manifests;
  private final Path identity;
  private final List<String> controlPlaneOptions;
  private Running controlPlane;
  private int starts;

  /**
   * @param controlPlaneOptions more options of {@code mesh control-plane}
   */
  NamespacedMesh(Path dir, String... controlPlaneOptions) throws IOException {
    this.dir = dir;
    this.controlPlaneOptions = List.of(controlPlaneOptions);
    pods = NetworkPods.create(dir);
    manifests = open(Files.createDirectories(dir.resolve("manifests")));
    identity = open(Files.createDirectories(dir.resolve("identity")));
    write(
        "namespace.yaml",
        "{apiVersion: v1, kind: Namespace, metadata: {name: " + NAMESPACE + "}}\n");
    startControlPlane();
  }

  /** A pod of a workload, with what runs in it. */
  static final class MeshPod {
    final NetworkPod pod;
    final String workload;
    final boolean meshed;
    Running app;
    Running sidecar;

    MeshPod(NetworkPod pod, String workload, boolean meshed) {
      this.pod = pod;
      this.workload = workload;
      this.meshed = meshed;
    }

    /** Runs curl in the pod, as the application's user would. */
    Ran curl(String... args) {
      var command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "40"));
      command.addAll(List.of(args));
      return pod.run(command);
    }
  }

  void startControlPlane() {
    var command =
        new ArrayList<>(
            List.of(
                mesh(),
                "control-plane",
                "--from",
                manifests.toString(),
                "--identity-dir",
                identity.toString()));
    command.addAll(controlPlaneOptions);
    controlPlane = pods.node().start("control-plane", 0, environment(), command);
    starts++;
    // The log goes on where an earlier control plane's ended.
    controlPlane.awaitLog(
        LIMIT, text -> text.lines().filter(line -> line.startsWith("ready")).count() == starts);
  }

  Running controlPlane() {
    return controlPlane;
  }

  /** Runs a {@code mesh} command on the node, next to the control plane. */
  Ran meshCommand(String... args) {
    var command =
        new ArrayList<>(
            List.of(
                "env", "MESH_NO_BUILD=1", "SELVAGE_CONTROL_PLANE=http://127.0.0.1:8085", mesh()));
    command.addAll(List.of(args));
    return pods.node().run(command);
  }

  /**
   * Starts a pod: its object, its token, its rules, its sidecar, its application. Returns when all
   * of it is ready; no Service leads to it yet.
   *
   * @param app kind of {@link PodApp}, or empty for a pod that is only a client
   */
  MeshPod start(String workload, String name, boolean meshed, String app) throws IOException {
    var started = new MeshPod(pods.pod(name), workload, meshed);
    account(workload);
    writePod(started, false);
    if (meshed) {
      Ran init = started.pod.run("env", "MESH_NO_BUILD=1", mesh(), "proxy-init", "--mode=plain");
      assertThat(init.code()).as(init.err()).isZero();
      started.sidecar = startSidecar(started);
    }
    if (!app.isEmpty()) {
      started.app =
          started.pod.start(
              "app", 0, Map.of(), javaProgram(PodApp.class, app, Integer.toString(PORT), name));
      started.app.awaitLog(LIMIT, text -> text.contains("serving"));
    }
    return started;
  }

  Running startSidecar(MeshPod of) throws IOException {
    Path token = dir.resolve(of.pod.name() + ".token");
    Files.writeString(
        token,
        WorkloadTokens.mint(
            TokenKeyFile.openOrCreate(identity),
            new WorkloadIdentity("cluster.local", NAMESPACE, of.workload),
            MeshProtocol.TOKEN_AUDIENCE,
            Instant.now(),
            Duration.ofHours(1)));
    Running sidecar =
        of.pod.start(
            "sidecar",
            PROXY_UID,
            environment(),
            List.of(
                mesh(),
                "sidecar",
                "--control-plane",
                NetworkPods.NODE_ADDRESS + ":8443",
                "--token-file",
                token.toString(),
                "--trust-anchors",
                identity.resolve("ca.crt").toString(),
                "--pod-namespace",
                NAMESPACE,
                "--pod-name",
                of.pod.name(),
                "--pod-ips",
                of.pod.address() + "," + of.pod.address6(),
                // Handshakes with a JVM that is just starting, on a machine that does much else.
                "--outbound-connect-timeout",
                "10s"));
    await()
        .atMost(LIMIT)
        .until(() -> {
          assertThat(sidecar.isAlive()).as(sidecar.log()).isTrue();
          return ready(of);
        });
    return sidecar;
  }

  /** Whether the sidecar says so. */
  boolean ready(MeshPod of) {
    Ran ran =
        of.pod.run(
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--max-time",
            "10",
            "http://127.0.0.1:4191/ready");
    return ran.out().equals("200");
  }

  /**
   * Makes a Service's address lead to pods, for the mesh by objects and for everybody else by rules
   * on the node.
   */
  void service(String name, String clusterIp, List<MeshPod> serving, List<MeshPod> leaving)
      throws IOException {
    var endpoints = new StringBuilder();
    for (MeshPod pod : serving) {
      endpoints.append(endpoint(pod, true));
    }
    for (MeshPod pod : leaving) {
      endpoints.append(endpoint(pod, false));
    }
    write(
        "service-" + name + ".yaml",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: %1$s, namespace: %2$s}
        spec:
          clusterIP: %3$s
          clusterIPs: [%3$s]
          selector: {app: %1$s}
          ports: [{name: main, port: 80, targetPort: %4$d, protocol: TCP}]
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: %1$s-1, namespace: %2$s, labels: {kubernetes.io/service-name: %1$s}}
        addressType: IPv4
        ports: [{name: main, port: %4$d, protocol: TCP}]
        endpoints:%5$s
        """
            .formatted(
                name, NAMESPACE, clusterIp, PORT, endpoints.isEmpty() ? " []" : "\n" + endpoints));
    pods.serviceAddress(
        clusterIp, 80, serving.stream().map(pod -> pod.pod.address() + ":" + PORT).toList());
  }

  private static String endpoint(MeshPod pod, boolean serving) {
    return "- addresses: [%s]\n  conditions: {ready: %s, serving: true, terminating: %s}\n  targetRef: {kind: Pod, name: %s, namespace: %s}\n"
        .formatted(pod.pod.address(), serving, !serving, pod.pod.name(), NAMESPACE);
  }

  /**
   * Ends a pod as a kubelet does: the application is told first and gets time, then the sidecar;
   * then its object and its namespace are gone.
   */
  void end(MeshPod pod) throws IOException {
    writePod(pod, true);
    if (pod.app != null) {
      pod.app.terminate();
      pod.app.awaitEnd(LIMIT);
    }
    if (pod.sidecar != null) {
      pod.sidecar.terminate();
      pod.sidecar.awaitEnd(LIMIT);
    }
    Files.delete(manifests.resolve("pod-" + pod.pod.name() + ".yaml"));
    pod.pod.remove();
  }

  static List<String> javaProgram(Class<?> main, String... args) {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                Path.of(main.getProtectionDomain().getCodeSource().getLocation().getPath())
                    .toString(),
                main.getName()));
    command.addAll(List.of(args));
    return command;
  }

  /** What every program said, for a failed test. */
  String logs() throws IOException {
    var text = new StringBuilder();
    try (var files = Files.list(dir)) {
      for (Path file : files.filter(it -> it.toString().endsWith(".log")).sorted().toList()) {
        List<String> lines = Files.readAllLines(file);
        text.append("== ").append(file.getFileName()).append('\n');
        lines.stream()
            .skip(Math.max(0, lines.size() - 60))
            .forEach(l -> text.append(l).append('\n'));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    pods.close();
  }

  private void account(String workload) throws IOException {
    write(
        "account-" + workload + ".yaml",
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s, namespace: %s}}\n"
            .formatted(workload, NAMESPACE));
  }

  private void writePod(MeshPod pod, boolean ending) throws IOException {
    String meshed = pod.meshed ? ", selvage.io/control-plane-ns: selvage" : "";
    String sidecar =
        pod.meshed
            ? "\n  initContainers: [{name: selvage-proxy, image: selvage, restartPolicy: Always}]"
            : "";
    write(
        "pod-" + pod.pod.name() + ".yaml",
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %1$s
          namespace: %2$s
          labels: {app: %3$s%4$s}%5$s
          ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: %3$s-rs, uid: u-%3$s, controller: true}]
        spec:
          serviceAccountName: %3$s%6$s
          containers: [{name: app, image: app, ports: [{containerPort: %7$d}]}]
        status:
          phase: Running
          podIP: %8$s
          podIPs: [{ip: %8$s}, {ip: "%9$s"}]
          conditions: [{type: Ready, status: "%10$s"}]
        """
            .formatted(
                pod.pod.name(),
                NAMESPACE,
                pod.workload,
                meshed,
                ending ? "\n  deletionTimestamp: 2026-01-01T00:00:00Z" : "",
                sidecar,
                PORT,
                pod.pod.address(),
                pod.pod.address6(),
                ending ? "False" : "True"));
  }

  /** A file appears whole or not at all; the reader passes over hidden ones. */
  private void write(String file, String text) throws IOException {
    Path hidden = manifests.resolve("." + file);
    Files.writeString(hidden, text);
    Files.move(
        hidden,
        manifests.resolve(file),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  private static Path open(Path folder) throws IOException {
    return Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String mesh() {
    return ROOT.resolve("mesh").toString();
  }

  private static Map<String, String> environment() {
    return Map.of("MESH_NO_BUILD", "1");
  }
}
