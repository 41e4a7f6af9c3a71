// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A real kube-apiserver with its etcd, on loopback and free ports, for tests that must not trust an
 * imitation. RBAC is on; {@link #adminToken()} may do everything. No controllers run.
 *
 * <p>The binaries come from the folder that the environment variable {@code KUBE_BIN} names;
 * without it {@link #unavailable()} says why a test is skipped.
 */
public final class KubeApiServer implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final String ADMIN_TOKEN = "admin-of-a-test";

  private final Path bin;
  private final Path dir;
  private final TestCa ca;
  private final int etcdPort;
  private final int peerPort;
  private final int port;
  private @Nullable Process etcd;
  private @Nullable Process server;

  private KubeApiServer(Path bin, Path dir) throws IOException {
    this.bin = bin;
    this.dir = Files.createDirectories(dir);
    this.ca = TestCa.root("kube-ca");
    List<Integer> ports = freePorts(3);
    this.etcdPort = ports.get(0);
    this.peerPort = ports.get(1);
    this.port = ports.get(2);
  }

  /** Why no API server can be started; empty if one can. */
  public static Optional<String> unavailable() {
    String bin = System.getenv("KUBE_BIN");
    if (bin == null || bin.isEmpty()) {
      return Optional.of("KUBE_BIN names no folder with kube-apiserver and etcd");
    }
    for (String program : List.of("kube-apiserver", "etcd")) {
      if (!Files.isExecutable(Path.of(bin, program))) {
        return Optional.of("KUBE_BIN=" + bin + " holds no " + program);
      }
    }
    return Optional.empty();
  }

  /**
   * {@link #start}, or the test is skipped, saying why none can be started.
   *
   * @param dir for certificates, data and logs
   */
  public static KubeApiServer startOrSkip(Path dir) throws IOException, InterruptedException {
    unavailable().ifPresent(why -> Assumptions.abort("skipped: " + why));
    return start(dir);
  }

  /**
   * Starts etcd and the API server and waits until it is ready.
   *
   * @param dir for certificates, data and logs
   * @throws IllegalStateException if {@link #unavailable()} or it does not become ready
   */
  public static KubeApiServer start(Path dir) throws IOException, InterruptedException {
    Optional<String> why = unavailable();
    if (why.isPresent()) {
      throw new IllegalStateException(why.get());
    }
    var started = new KubeApiServer(Path.of(System.getenv("KUBE_BIN")), dir);
    try {
      started.writeFiles();
      started.startEtcd();
      started.startServer();
      return started;
    } catch (IOException | InterruptedException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  /** Where it answers. */
  public String url() {
    return "https://127.0.0.1:" + port;
  }

  /** Where its etcd answers, in plaintext. */
  public String etcdUrl() {
    return "http://127.0.0.1:" + etcdPort;
  }

  /** A bearer token of the group {@code system:masters}. */
  public String adminToken() {
    return ADMIN_TOKEN;
  }

  /** The authority of its certificate. */
  public String caPem() {
    return ca.pem();
  }

  /** A kubeconfig of the administrator. */
  public Path kubeconfig() throws IOException {
    String text =
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: k, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: u, user: {token: %s}}]
        contexts: [{name: k, context: {cluster: k, user: u}}]
        current-context: k
        """
            .formatted(url(), dir.resolve("ca.crt"), ADMIN_TOKEN);
    return Files.writeString(dir.resolve("kubeconfig"), text);
  }

  /** A kubeconfig of a user who shows a client certificate and has no token. */
  public Path certificateKubeconfig(String user) throws IOException {
    TestCertificate certificate = ca.leaf(user).client().issue();
    Path chain = Files.writeString(dir.resolve(user + ".crt"), certificate.chainPem());
    Path key = Files.writeString(dir.resolve(user + ".key"), certificate.keyPem());
    String text =
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: k, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: "%s", user: {client-certificate: "%s", client-key: "%s"}}]
        contexts: [{name: "%s", context: {cluster: k, user: "%s"}}]
        current-context: "%s"
        """
            .formatted(url(), dir.resolve("ca.crt"), user, chain, key, user, user, user);
    return Files.writeString(dir.resolve("kubeconfig-" + user), text);
  }

  /** Kills the API server as a crash would; etcd keeps the data. */
  public void killServer() throws InterruptedException {
    stop(server);
    server = null;
  }

  /** Starts the API server again on the same port and waits until it is ready. */
  public void startServer() throws IOException, InterruptedException {
    server =
        run(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:" + etcdPort,
            "--secure-port=" + port,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--tls-cert-file=" + dir.resolve("server.crt"),
            "--tls-private-key-file=" + dir.resolve("server.key"),
            "--client-ca-file=" + dir.resolve("ca.crt"),
            "--token-auth-file=" + dir.resolve("tokens.csv"),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-account-key-file=" + dir.resolve("sa.crt"),
            "--service-account-signing-key-file=" + dir.resolve("sa.key"),
            "--authorization-mode=RBAC",
            // Nothing waits here for a controller that creates tokens and default accounts.
            "--disable-admission-plugins=ServiceAccount");
    awaitReady();
  }

  @Override
  public void close() {
    try {
      stop(server);
      stop(etcd);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void startEtcd() throws IOException {
    String client = "http://127.0.0.1:" + etcdPort;
    String peer = "http://127.0.0.1:" + peerPort;
    etcd =
        run(
            "etcd",
            "--data-dir=" + dir.resolve("etcd"),
            "--listen-client-urls=" + client,
            "--advertise-client-urls=" + client,
            "--listen-peer-urls=" + peer,
            "--initial-advertise-peer-urls=" + peer,
            "--initial-cluster=default=" + peer,
            "--unsafe-no-fsync");
  }

  private void writeFiles() throws IOException {
    TestCertificate certificate =
        ca.leaf("kube-apiserver").dns("localhost").ip("127.0.0.1").issue();
    Files.writeString(dir.resolve("ca.crt"), ca.pem());
    Files.writeString(dir.resolve("server.crt"), certificate.chainPem());
    Files.writeString(dir.resolve("server.key"), certificate.keyPem());
    TestCertificate serviceAccounts = ca.leaf("service-accounts").issue();
    Files.writeString(dir.resolve("sa.crt"), serviceAccounts.chainPem());
    Files.writeString(dir.resolve("sa.key"), serviceAccounts.keyPem());
    Files.writeString(dir.resolve("tokens.csv"), ADMIN_TOKEN + ",admin,admin,\"system:masters\"\n");
  }

  private Process run(String program, String... arguments) throws IOException {
    var command = new ArrayList<String>();
    command.add(bin.resolve(program).toString());
    command.addAll(List.of(arguments));
    Path log = dir.resolve(program + ".log");
    return new ProcessBuilder(command)
        .directory(dir.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  private void awaitReady() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    try (HttpClient http = HttpClient.newBuilder().sslContext(trustingCa()).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url() + "/readyz"))
              .header("authorization", "Bearer " + ADMIN_TOKEN)
              .timeout(Duration.ofSeconds(5))
              .build();
      while (System.nanoTime() < deadline) {
        Process running = server;
        if (running == null || !running.isAlive()) {
          throw new IllegalStateException("kube-apiserver ended: " + tail("kube-apiserver.log"));
        }
        try {
          if (http.send(request, BodyHandlers.discarding()).statusCode() == 200) {
            return;
          }
        } catch (IOException e) {
          // Not listening yet.
        }
        Thread.sleep(100);
      }
    }
    throw new IllegalStateException("kube-apiserver is not ready: " + tail("kube-apiserver.log"));
  }

  private SSLContext trustingCa() throws IOException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("ca", ca.certificate());
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private String tail(String log) throws IOException {
    List<String> lines = Files.readAllLines(dir.resolve(log));
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
  }

  private static void stop(@Nullable Process process) throws InterruptedException {
    if (process != null) {
      process.destroyForcibly();
      process.waitFor(10, TimeUnit.SECONDS);
    }
  }

  /** Ports that were free a moment ago; held together, so that they differ. */
  private static List<Integer> freePorts(int count) throws IOException {
    var sockets = new ArrayList<ServerSocket>();
    try {
      for (int i = 0; i < count; i++) {
        sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return sockets.stream().map(ServerSocket::getLocalPort).toList();
    } finally {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }
}
