// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.training;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.selvage.cli.ControlPlanes;
import io.selvage.cli.FreePorts;
import io.selvage.cli.training.SidecarTraining.Ends.Side;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.process.SidecarProcess;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.NetServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Lets a sidecar carry real traffic, so that its JVM records which classes and methods it uses: a
 * control plane, a peer and both ends' applications run in this process, the sidecar that learns is
 * started as the given command and told to end at the end. Not a command of {@code mesh}.
 */
final class SidecarTraining {
  private static final String HOST = "127.0.0.1";

  /** Addresses of the two pods; nobody else uses them. */
  private static final String LEARNER_IP = "127.83.0.1";

  private static final String PEER_IP = "127.83.0.2";
  private static final int REQUESTS = 500;
  private static final long LIMIT_SECONDS = 90;

  private final Path dir;
  private final Vertx vertx = Vertx.vertx();

  private SidecarTraining(Path dir) {
    this.dir = dir;
  }

  /** The ports of both pods. */
  record Ends(Side learner, Side peer, int admin) {
    /**
     * One pod.
     *
     * @param web where it serves HTTP to others
     * @param mail where it greets others
     * @param toWeb where it reaches the other's web
     * @param toMail where it reaches the other's mail
     */
    record Side(String name, String ip, int web, int mail, int toWeb, int toMail) {}
  }

  /** Arguments: the command of the sidecar that learns, without the sidecar's own flags. */
  public static void main(String[] args) throws IOException {
    int code = 1;
    try {
      code = new SidecarTraining(Files.createTempDirectory("selvage-training")).run(List.of(args));
    } catch (Exception e) {
      System.err.println("the training failed: " + e);
    }
    // Vert.x and the peer have threads of their own.
    Runtime.getRuntime().halt(code);
  }

  private int run(List<String> command) throws Exception {
    Ends ends = new Ends(side("learner", LEARNER_IP), side("peer", PEER_IP), FreePorts.on(HOST));
    Path manifests = Files.createDirectory(dir.resolve("manifests"));
    Path identity = dir.resolve("identity");
    Files.writeString(
        manifests.resolve("pods.yaml"), manifest(ends.learner) + "---\n" + manifest(ends.peer));
    ControlPlaneProcess controlPlane =
        ControlPlanes.fromFolder(options(), manifests, identity, ObservationOptions.defaults());
    controlPlane.ready().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    int web = web();
    int mail = mail();
    List<String> common =
        List.of(
            "--control-plane",
            HOST + ":" + controlPlane.grpcPort(),
            "--trust-anchors",
            identity.resolve(FolderStorage.BUNDLE).toString(),
            "--admin-address",
            HOST);
    SidecarProcess peer =
        SidecarProcess.start(
            OptionParser.parse(
                flags(common, ends.peer, ends.learner, 0, identity, web, mail), Map.of()),
            "training");
    var learning = new ArrayList<>(command);
    learning.addAll(flags(common, ends.learner, ends.peer, ends.admin, identity, web, mail));
    Process learner =
        new ProcessBuilder(learning).inheritIO().redirectInput(new File("/dev/null")).start();
    try {
      awaitReady(learner, peer, ends.admin);
      drive(ends.learner);
      drive(ends.peer);
      for (String page : List.of("/metrics", "/live", "/ready", "/nothing")) {
        get(client(HttpVersion.HTTP_1_1), ends.admin, page);
      }
      // A report or two, and a collection of garbage.
      Thread.sleep(6_000);
      learner.destroy();
      if (!learner.waitFor(4 * LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the sidecar that learns does not end");
      }
      return learner.exitValue();
    } finally {
      learner.destroyForcibly();
    }
  }

  /** What one side's application does to the other's. */
  private void drive(Side side) throws Exception {
    for (HttpVersion version : List.of(HttpVersion.HTTP_1_1, HttpVersion.HTTP_2)) {
      HttpClient client = client(version);
      Buffer body = Buffer.buffer(new byte[20_000]);
      for (int i = 0; i < REQUESTS; i++) {
        if (i % 10 == 0) {
          post(client, side.toWeb, body);
        } else {
          get(client, side.toWeb, "/page?n=" + i);
        }
      }
    }
    for (int i = 0; i < 50; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), side.toMail)) {
        socket.setSoTimeout(20_000);
        byte[] greeting = socket.getInputStream().readNBytes(5);
        socket.getOutputStream().write(greeting);
        socket.shutdownOutput();
        socket.getInputStream().readAllBytes();
      }
    }
  }

  private void get(HttpClient client, int port, String path) throws Exception {
    client
        .request(HttpMethod.GET, port, HOST, path)
        .compose(request -> request.putHeader("x-one", "1").send())
        .compose(response -> response.body())
        .toCompletionStage()
        .toCompletableFuture()
        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private void post(HttpClient client, int port, Buffer body) throws Exception {
    client
        .request(HttpMethod.POST, port, HOST, "/post")
        .compose(request -> request.setChunked(true).send(body))
        .compose(response -> response.body())
        .toCompletionStage()
        .toCompletableFuture()
        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private HttpClient client(HttpVersion version) {
    return vertx.createHttpClient(
        new HttpClientOptions().setProtocolVersion(version).setHttp2ClearTextUpgrade(false));
  }

  private int web() throws Exception {
    HttpServer server =
        vertx
            .createHttpServer(new HttpServerOptions().setHost(HOST).setPort(0))
            .requestHandler(
                request -> request.body().onSuccess(body -> request.response().end("a page\n")));
    return server
        .listen()
        .toCompletionStage()
        .toCompletableFuture()
        .get(LIMIT_SECONDS, TimeUnit.SECONDS)
        .actualPort();
  }

  /** Speaks first, then echoes. */
  private int mail() throws Exception {
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(socket -> {
              socket.write("220 x\r\n");
              socket.handler(socket::write);
            });
    return server
        .listen(0, HOST)
        .toCompletionStage()
        .toCompletableFuture()
        .get(LIMIT_SECONDS, TimeUnit.SECONDS)
        .actualPort();
  }

  private static void awaitReady(Process learner, SidecarProcess peer, int admin)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!peer.readiness().isReady() || !answersReady(admin)) {
      if (!learner.isAlive() || System.nanoTime() > end) {
        throw new IOException("the sidecars are not ready");
      }
      Thread.sleep(50);
    }
  }

  private static boolean answersReady(int admin) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), admin), 1_000);
      socket.setSoTimeout(5_000);
      socket
          .getOutputStream()
          .write("GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".getBytes(US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(12);
      return new String(answer, US_ASCII).equals("HTTP/1.1 200");
    } catch (IOException e) {
      return false;
    }
  }

  private List<String> flags(
      List<String> common, Side own, Side other, int admin, Path identity, int web, int mail)
      throws IOException {
    var flags = new ArrayList<>(common);
    flags.addAll(
        List.of(
            "--token-file",
            token(identity, own.name).toString(),
            "--pod-namespace",
            "training",
            "--pod-name",
            own.name,
            "--pod-ips",
            own.ip,
            "--admin-port",
            Integer.toString(admin),
            "--shutdown-grace",
            "2s",
            "--inbound",
            own.ip + ":" + own.web + "=" + HOST + ":" + web,
            "--inbound",
            own.ip + ":" + own.mail + "=" + HOST + ":" + mail,
            "--outbound",
            HOST + ":" + own.toWeb + "=" + other.ip + ":" + other.web,
            "--outbound",
            HOST + ":" + own.toMail + "=" + other.ip + ":" + other.mail));
    return flags;
  }

  private Path token(Path identity, String account) throws IOException {
    var who = new WorkloadIdentity(ControlPlaneOptions.TRUST_DOMAIN, "training", account);
    return Files.writeString(
        dir.resolve(account + ".token"),
        WorkloadTokens.mint(
            TokenKeyFile.openOrCreate(identity),
            who,
            MeshProtocol.TOKEN_AUDIENCE,
            Instant.now(),
            Duration.ofHours(1)));
  }

  private static ControlPlaneOptions options() {
    return ControlPlaneOptions.defaults()
        .withAddress(HOST)
        .withPorts(0, 0, 0)
        .withReportInterval(Duration.ofSeconds(1));
  }

  private static String manifest(Side side) {
    return """
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: %1$s, namespace: training}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: %1$s, namespace: training, labels: {selvage.io/control-plane-ns: selvage}}
    spec: {serviceAccountName: %1$s, containers: [{name: app, image: app}]}
    status: {phase: Running, podIP: %2$s, podIPs: [{ip: %2$s}], conditions: [{type: Ready, status: "True"}]}
    """
        .formatted(side.name, side.ip);
  }

  private static Side side(String name, String ip) throws IOException {
    return new Side(
        name, ip, FreePorts.on(ip), FreePorts.on(ip), FreePorts.on(HOST), FreePorts.on(HOST));
  }
}
