// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.training;

import io.selvage.cli.ControlPlanes;
import io.selvage.cli.FreePorts;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.injector.patch.TrustRoots;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.process.SidecarProcess;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets one component do its work for some seconds, so that its JVM records which classes and
 * methods that takes: whatever it works with runs in this process. It is told to end at the end.
 */
final class ComponentTraining {
  private static final Logger log = LoggerFactory.getLogger(ComponentTraining.class);

  /** Of everything that is put before the component. */
  static final String NAMESPACE = "training";

  private static final String HOST = "127.0.0.1";
  private static final String SYSTEM = "selvage";
  private static final int REQUESTS = 600;
  private static final long LIMIT_SECONDS = 180;

  private final List<String> command;
  private final Path dir;
  private final Vertx vertx = Vertx.vertx();
  private final TrainingApiServer api;
  private final int port = FreePorts.on(HOST);
  private final int second = FreePorts.on(HOST);
  private final int admin = FreePorts.on(HOST);

  private ComponentTraining(List<String> command, Path dir) throws Exception {
    this.command = command;
    this.dir = dir;
    this.api = TrainingApiServer.start(vertx);
  }

  /** Arguments: the component, then the command that runs it, without the component's options. */
  public static void main(String[] args) {
    int code = 1;
    try {
      List<String> command = List.of(args).subList(1, args.length);
      var training = new ComponentTraining(command, Files.createTempDirectory("selvage-training"));
      code =
          switch (args[0]) {
            case "gateway" -> training.gateway();
            case "control-plane" -> training.controlPlane();
            case "injector" -> training.injector();
            default -> throw new IllegalArgumentException("there is no component " + args[0]);
          };
    } catch (Exception e) {
      log.error("the training of {} failed", args[0], e);
    }
    // Vert.x and what was started here have threads of their own.
    Runtime.getRuntime().halt(code);
  }

  /** What is done with a component that is ready. */
  private interface Work {
    void run() throws Exception;
  }

  private int run(List<String> options, Work work) throws Exception {
    var line = new ArrayList<>(command);
    line.addAll(options);
    var builder = new ProcessBuilder(line).inheritIO().redirectInput(new File("/dev/null"));
    builder
        .environment()
        .putAll(
            Map.of(
                "KUBECONFIG",
                api.kubeconfig(dir).toString(),
                "POD_NAMESPACE",
                SYSTEM,
                "POD_NAME",
                "learner",
                "HOSTNAME",
                "learner"));
    Process learner = builder.start();
    try {
      awaitReady(learner);
      work.run();
      for (String page : List.of("/metrics", "/live", "/problems", "/nothing")) {
        answered(client(HttpVersion.HTTP_1_1, false), HttpMethod.GET, admin, page, "");
      }
      // Statuses, a report or two.
      Thread.sleep(3_000);
      learner.destroy();
      if (!learner.waitFor(4 * LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the component that learns does not end");
      }
      return learner.exitValue();
    } finally {
      learner.destroyForcibly();
    }
  }

  private int gateway() throws Exception {
    int backend =
        vertx
            .createHttpServer()
            .requestHandler(
                request -> request.body().onSuccess(body -> request.response().end("a page\n")))
            .listen(0, HOST)
            .toCompletionStage()
            .toCompletableFuture()
            .get(LIMIT_SECONDS, TimeUnit.SECONDS)
            .actualPort();
    String emissary = "/apis/getambassador.io/v3alpha1/namespaces/" + NAMESPACE;
    api.put(
        emissary + "/listeners",
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Listener
        metadata: {name: web, namespace: %s}
        spec: {port: %d, protocol: HTTP, securityModel: XFP, hostBinding: {namespace: {from: ALL}}}
        """
            .formatted(NAMESPACE, port));
    api.put(
        emissary + "/mappings",
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: web, namespace: %s, generation: 1}
        spec: {hostname: "*", prefix: /web/, service: "web:80", add_request_headers: {x-a: {value: b}}}
        """
            .formatted(NAMESPACE));
    api.put(
        "/apis/networking.k8s.io/v1/ingressclasses",
        """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: ambassador}
        spec: {controller: getambassador.io/ingress-controller}
        """);
    api.put(
        "/apis/networking.k8s.io/v1/namespaces/" + NAMESPACE + "/ingresses",
        """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web, namespace: %s, generation: 1}
        spec:
          ingressClassName: ambassador
          rules:
          - http: {paths: [{path: /engine, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
        """
            .formatted(NAMESPACE));
    service(backend);
    pods();
    ControlPlaneProcess controlPlane = controlPlaneOfFolder();
    var options =
        List.of(
            "gateway",
            "--kubernetes",
            "--address=" + HOST,
            "--admin-port=" + admin,
            "--drain-lame-duck=100ms",
            "--drain-timeout=2s",
            "--gateway-namespace=" + NAMESPACE,
            "--publish-address=192.0.2.1",
            "--control-plane=" + HOST + ":" + controlPlane.grpcPort(),
            "--token-file=" + token(),
            "--trust-anchors=" + dir.resolve("identity").resolve(FolderStorage.BUNDLE));
    return run(
        options,
        () -> {
          // The backend is no pod: the gateway waits for a moment whether one is named for it.
          HttpClient first = client(HttpVersion.HTTP_1_1, false);
          awaitTrue(() -> answered(first, HttpMethod.GET, port, "/web/page", "") == 200);
          for (HttpVersion version : List.of(HttpVersion.HTTP_1_1, HttpVersion.HTTP_2)) {
            HttpClient client = client(version, false);
            for (int i = 0; i < REQUESTS; i++) {
              String path = i % 3 == 0 ? "/engine" : i % 50 == 1 ? "/nowhere" : "/web/page?n=" + i;
              boolean post = i % 10 == 0;
              answered(client, post ? HttpMethod.POST : HttpMethod.GET, port, path, "body");
            }
          }
          for (String page : List.of("/routes", "/clusters")) {
            answered(client(HttpVersion.HTTP_1_1, false), HttpMethod.GET, admin, page, "");
          }
        });
  }

  private int controlPlane() throws Exception {
    service(80);
    pods();
    var options =
        List.of(
            "control-plane",
            "--kubernetes",
            "--address=" + HOST,
            "--port=" + port,
            "--api-port=" + second,
            "--admin-port=" + admin,
            "--report-interval=1s");
    return run(
        options,
        () -> {
          SidecarProcess sidecar = sidecar();
          awaitTrue(() -> sidecar.readiness().isReady());
          Thread.sleep(3_000);
          HttpClient client = client(HttpVersion.HTTP_1_1, false);
          for (int i = 0; i < 20; i++) {
            for (String question :
                List.of(
                    "edges?type=deploy",
                    "stat?resource=deploy",
                    "top?resource=ns",
                    "routes?resource=deploy")) {
              answered(client, HttpMethod.GET, second, "/api/v1/" + question, "");
            }
          }
        });
  }

  private int injector() throws Exception {
    api.put(
        "/api/v1/namespaces",
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: %s, annotations: {selvage.io/inject: enabled}}
        """
            .formatted(NAMESPACE));
    String system = "/api/v1/namespaces/" + SYSTEM;
    api.put(
        system + "/configmaps",
        """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: %s, namespace: %s}
        data: {%s: "none"}
        """
            .formatted(TrustRoots.CONFIG_MAP, SYSTEM, TrustRoots.KEY));
    api.put(
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        """
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: {name: selvage-injector}
        webhooks: [{name: injector.selvage.io, clientConfig: {service: {name: selvage-injector, namespace: selvage}}}]
        """);
    String review =
        """
        {"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","namespace":"%s","operation":"CREATE",
         "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
         "object":{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"web-"},
          "spec":{"containers":[{"name":"app","image":"app","ports":[{"containerPort":80}]}]}}}}
        """
            .formatted(NAMESPACE);
    return run(
        List.of(
            "injector",
            "--address=" + HOST,
            "--port=" + port,
            "--admin-address=" + HOST,
            "--admin-port=" + admin),
        () -> {
          HttpClient client = client(HttpVersion.HTTP_1_1, true);
          for (int i = 0; i < 100; i++) {
            answered(client, HttpMethod.POST, port, "/", review);
          }
        });
  }

  private void service(int backend) throws IOException {
    api.put(
        "/api/v1/namespaces/" + NAMESPACE + "/services",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: %s}
        spec: {clusterIP: 127.83.1.1, ports: [{port: 80, targetPort: %d}], selector: {app: web}}
        """
            .formatted(NAMESPACE, backend));
    api.put(
        "/apis/discovery.k8s.io/v1/namespaces/" + NAMESPACE + "/endpointslices",
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-1, namespace: %s, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{port: %d}]
        endpoints: [{addresses: ["127.0.0.1"], conditions: {ready: true}}]
        """
            .formatted(NAMESPACE, backend));
  }

  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: learner, namespace: %s, labels: {selvage.io/control-plane-ns: selvage}}
      spec: {serviceAccountName: learner, containers: [{name: app, image: app}]}
      status: {phase: Running, podIP: 127.83.0.1, podIPs: [{ip: 127.83.0.1}], conditions: [{type: Ready, status: "True"}]}
      """
          .formatted(NAMESPACE);

  private void pods() throws IOException {
    api.put("/api/v1/namespaces/" + NAMESPACE + "/pods", POD);
  }

  /** What the gateway that learns is a member of. */
  private ControlPlaneProcess controlPlaneOfFolder() throws Exception {
    Path manifests = Files.createDirectory(dir.resolve("manifests"));
    Files.writeString(manifests.resolve("pods.yaml"), POD);
    ControlPlaneProcess process =
        ControlPlanes.fromFolder(
            ControlPlaneOptions.defaults()
                .withAddress(HOST)
                .withPorts(0, 0, 0)
                .withReportInterval(Duration.ofSeconds(1)),
            manifests,
            dir.resolve("identity"),
            ObservationOptions.defaults());
    process.ready().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    return process;
  }

  private Path token() throws IOException {
    var who = new WorkloadIdentity(ControlPlaneOptions.TRUST_DOMAIN, NAMESPACE, "learner");
    return Files.writeString(
        dir.resolve("token"),
        WorkloadTokens.mint(
            TokenKeyFile.openOrCreate(dir.resolve("identity")),
            who,
            MeshProtocol.TOKEN_AUDIENCE,
            Instant.now(),
            Duration.ofHours(1)));
  }

  /** A client of the control plane that learns. */
  private SidecarProcess sidecar() throws Exception {
    String roots = "/api/v1/namespaces/" + SYSTEM + "/configmaps/" + TrustRoots.CONFIG_MAP;
    awaitTrue(() -> api.get(roots).isPresent());
    String bundle =
        api.get(roots).map(map -> map.path("data").path(TrustRoots.KEY).asText()).orElse("");
    Path anchors = Files.writeString(dir.resolve("anchors.pem"), bundle);
    Path token = Files.writeString(dir.resolve("token"), "a.b.c");
    return SidecarProcess.start(
        OptionParser.parse(
            List.of(
                "--control-plane=" + HOST + ":" + port,
                "--trust-anchors=" + anchors,
                "--token-file=" + token,
                "--pod-namespace=" + NAMESPACE,
                "--pod-name=learner",
                "--pod-ips=127.83.0.1",
                "--admin-address=" + HOST,
                "--admin-port=0",
                "--outbound=" + HOST + ":" + FreePorts.on(HOST) + "=127.83.1.1:80"),
            Map.of()),
        "training");
  }

  private void awaitReady(Process learner) throws Exception {
    HttpClient client = client(HttpVersion.HTTP_1_1, false);
    awaitTrue(() -> {
      if (!learner.isAlive()) {
        throw new IOException("the component that learns has ended with " + learner.exitValue());
      }
      return answered(client, HttpMethod.GET, admin, "/ready", "") == 200;
    });
  }

  /** A question whose answer may be that it cannot be asked yet. */
  private interface Question {
    boolean ask() throws IOException, InterruptedException, ExecutionException, TimeoutException;
  }

  private static void awaitTrue(Question question) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    Optional<Exception> last = Optional.empty();
    while (System.nanoTime() < end) {
      try {
        if (question.ask()) {
          return;
        }
      } catch (ExecutionException e) {
        last = Optional.of(e);
      }
      Thread.sleep(50);
    }
    throw new IOException("not ready within " + LIMIT_SECONDS + " s", last.orElse(null));
  }

  /** Asks, and waits for the whole answer. */
  private static int answered(
      HttpClient client, HttpMethod method, int port, String path, String body)
      throws InterruptedException, ExecutionException, TimeoutException {
    RequestOptions request =
        new RequestOptions().setMethod(method).setHost(HOST).setPort(port).setURI(path);
    return client
        .request(request)
        .compose(r ->
            method.equals(HttpMethod.GET)
                ? r.send()
                : r.putHeader("content-type", "application/json").send(Buffer.buffer(body)))
        .compose(response -> response.body().map(all -> response.statusCode()))
        .toCompletionStage()
        .toCompletableFuture()
        .get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  private HttpClient client(HttpVersion version, boolean tls) {
    return vertx.createHttpClient(
        new HttpClientOptions()
            .setProtocolVersion(version)
            .setHttp2ClearTextUpgrade(false)
            .setSsl(tls)
            .setTrustAll(tls)
            .setVerifyHost(false));
  }
}
