// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.gateway.app.GatewayOptions;
import io.selvage.gateway.app.GatewayProcess;
import io.selvage.gateway.app.GatewayServer;
import io.selvage.gateway.telemetry.GatewayTelemetry;
import io.selvage.gateway.telemetry.TelemetryOptions;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.StatusSink;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.folder.FolderSource;
import io.selvage.kube.status.PublishedAddress;
import io.selvage.kube.status.StatusOptions;
import io.selvage.kube.status.StatusWriter;
import io.selvage.mesh.MeshOptions;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.proxy.admin.AdminServer;
import io.selvage.proxy.transport.TransportKind;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Runs a gateway until it is told to stop. */
@Command(
    name = "gateway",
    description = "Serve traffic by the manifests of a folder or of a Kubernetes API server.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:stopped as asked", "1:could not start", "2:not understood"})
final class GatewayCommand implements Callable<Integer> {
  private static final long READY_POLL_NANOS = 20_000_000;

  @Spec private CommandSpec spec;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private ObjectSource source;

  @Option(
      names = "--address",
      defaultValue = "0.0.0.0",
      converter = IpAddressOption.class,
      description = "IP address that all listeners bind (default: ${DEFAULT-VALUE}).")
  private String address;

  @Option(
      names = "--http-port",
      defaultValue = "8080",
      description = "HTTP port while no Listener object exists (default: ${DEFAULT-VALUE}).")
  private int httpPort;

  @Option(
      names = "--https-port",
      defaultValue = "8443",
      description =
          "HTTPS port while no Listener object exists; opens with the first certificate"
              + " (default: ${DEFAULT-VALUE}).")
  private int httpsPort;

  @Option(
      names = "--admin-address",
      defaultValue = "127.0.0.1",
      converter = IpAddressOption.class,
      description = "IP address of the admin port (default: ${DEFAULT-VALUE}).")
  private String adminAddress;

  @Option(
      names = "--admin-port",
      defaultValue = "" + GatewayOptions.ADMIN_PORT,
      description = "Port of /ready, /metrics and the like (default: ${DEFAULT-VALUE}).")
  private int adminPort;

  @Option(
      names = "--allow-external-name",
      description =
          "Resolve Services of type ExternalName; whoever may create one decides then "
              + "where the gateway connects to.")
  private boolean allowExternalName;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      description = "Serve only the objects of this namespace.")
  private @Nullable String watchNamespace;

  @Option(
      names = "--gateway-namespace",
      paramLabel = "NAME",
      defaultValue = "${POD_NAMESPACE:-default}",
      description = "The gateway's own namespace (default: $POD_NAMESPACE, or default).")
  private String gatewayNamespace;

  @Option(
      names = "--drain-lame-duck",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = DurationOption.class,
      description =
          "How long connections are still accepted after SIGTERM (default: ${DEFAULT-VALUE}).")
  private Duration lameDuck;

  @Option(
      names = "--drain-timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = DurationOption.class,
      description = "How long running exchanges may take after that (default: ${DEFAULT-VALUE}).")
  private Duration drainTimeout;

  @Option(
      names = "--event-loops",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that carry traffic; 0 = one for each processor.")
  private int eventLoops;

  @Option(
      names = "--transport",
      paramLabel = "epoll|io_uring|nio",
      defaultValue = "epoll",
      converter = TransportConverter.class,
      description = "How sockets are waited for (default: ${DEFAULT-VALUE}).")
  private TransportKind transport;

  @Option(
      names = "--access-log",
      paramLabel = "stdout|off|FILE",
      defaultValue = "stdout",
      description = "One JSON line for each request (default: ${DEFAULT-VALUE}).")
  private String accessLog;

  @Option(
      names = "--otlp-endpoint",
      paramLabel = "URL",
      defaultValue = "${OTEL_EXPORTER_OTLP_ENDPOINT:-}",
      description =
          "Collector for traces by OTLP over HTTP, such as http://127.0.0.1:4318"
              + " (default: $OTEL_EXPORTER_OTLP_ENDPOINT, or no traces).")
  private String otlpEndpoint;

  @Option(
      names = "--trace-share",
      paramLabel = "0..1",
      defaultValue = "0.01",
      description =
          "Share of requests traced where the caller has not decided (default: ${DEFAULT-VALUE}).")
  private double traceShare;

  @Option(
      names = "--publish-address",
      paramLabel = "IP|NAME",
      split = ",",
      description =
          "Address written to the status of Ingresses, instead of that of --publish-service;"
              + " repeatable.")
  private List<String> publishAddresses = List.of();

  @Option(
      names = "--publish-service",
      paramLabel = "NS/NAME",
      description = "Service whose address is written to the status of Ingresses.")
  private @Nullable String publishService;

  @ArgGroup(
      exclusive = false,
      heading = "%nAs a workload of the mesh, with mutual TLS to meshed backends:%n")
  private @Nullable Mesh mesh;

  /** How to be part of the mesh; all of it or nothing. */
  static final class Mesh {
    @Option(
        names = "--control-plane",
        required = true,
        paramLabel = "HOST:PORT",
        description = "Control plane; several are separated by commas.")
    String controlPlane;

    @Option(
        names = "--token-file",
        required = true,
        paramLabel = "FILE",
        description = "ServiceAccount token for the audience " + MeshProtocol.TOKEN_AUDIENCE + ".")
    Path tokenFile;

    @Option(
        names = "--trust-anchors",
        required = true,
        paramLabel = "FILE",
        description = "PEM of the authorities to believe until the control plane names others.")
    Path trustAnchors;

    @Option(
        names = "--trust-domain",
        paramLabel = "NAME",
        defaultValue = MeshOptions.TRUST_DOMAIN,
        description = "Trust domain of all identities (default: ${DEFAULT-VALUE}).")
    String trustDomain;

    @Option(
        names = "--control-plane-namespace",
        paramLabel = "NAME",
        defaultValue = MeshOptions.CONTROL_NAMESPACE,
        description = "Namespace of the control plane's identity (default: ${DEFAULT-VALUE}).")
    String controlNamespace;
  }

  /** Reads a transport's name as people write it. */
  static final class TransportConverter implements ITypeConverter<TransportKind> {
    @Override
    public TransportKind convert(String text) {
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "epoll" -> TransportKind.EPOLL;
        case "io_uring" -> TransportKind.IO_URING;
        case "nio" -> TransportKind.NIO;
        default ->
            throw new TypeConversionException("'" + text + "' is none of epoll, io_uring, nio");
      };
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    GatewayOptions options = options();
    JavaLogging.bridge();
    PrintWriter err = spec.commandLine().getErr();
    try (GatewayTelemetry telemetry = telemetry();
        GatewayProcess process = start(options, telemetry.hooks())) {
      telemetry.attach(process);
      EndOnSignal.register(
          process.server().stopped().toCompletableFuture(),
          () -> {
            process.drainAndClose();
            telemetry.close();
          });
      process.server().firstLive().thenAccept(live -> announce(process));
      process.server().stopped().toCompletableFuture().join();
      return CommandLine.ExitCode.OK;
    } catch (IOException e) {
      err.println("mesh gateway: " + e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
  }

  /** Prints the ready line once /ready says so too, which waits for a first open listener. */
  private void announce(GatewayProcess process) {
    PrintWriter out = spec.commandLine().getOut();
    Thread.ofPlatform()
        .name("selvage-ready")
        .daemon()
        .start(() -> {
          while (!process.readiness().isReady()) {
            if (process.server().phase() == GatewayServer.Phase.STOPPED) {
              return;
            }
            LockSupport.parkNanos(READY_POLL_NANOS);
          }
          out.println(process.readyLine());
          out.flush();
        });
  }

  private GatewayTelemetry telemetry() throws IOException {
    Optional<String> otlp =
        otlpEndpoint.isBlank() ? Optional.empty() : Optional.of(otlpEndpoint.strip());
    try {
      return new GatewayTelemetry(new TelemetryOptions(accessLog, otlp, traceShare))
          .withAction("/log-level", new AdminServer.Action(HttpMethod.PUT, LogLevels::set));
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new IOException("the access log cannot be opened: " + e, e);
    }
  }

  private GatewayProcess start(GatewayOptions options, GatewayProcess.Hooks hooks)
      throws IOException {
    if (source.folder != null) {
      return GatewayProcess.start(
          options, new FolderSource(source.folder), StatusSink.none(), hooks);
    }
    ApiServerOptions wanted =
        watchNamespace == null
            ? ApiServerOptions.DEFAULT
            : ApiServerOptions.DEFAULT.inNamespace(watchNamespace);
    ApiServer api = ApiServer.connect(wanted);
    StatusOptions writing = StatusOptions.of(gatewayNamespace, replicaName(), publishedAddress());
    return GatewayProcess.start(options, api.source(), StatusWriter.start(api, writing), hooks);
  }

  private PublishedAddress publishedAddress() {
    if (!publishAddresses.isEmpty()) {
      return new PublishedAddress.Fixed(publishAddresses);
    }
    if (publishService == null) {
      return new PublishedAddress.None();
    }
    try {
      return PublishedAddress.OfService.parse(publishService);
    } catch (IllegalArgumentException e) {
      throw wrong("--publish-service: " + e.getMessage());
    }
  }

  /** Unique among replicas: a pod's name where there is one. */
  private static String replicaName() {
    String host = System.getenv("HOSTNAME");
    return (host == null || host.isBlank() ? "selvage" : host)
        + "-"
        + Long.toHexString(ThreadLocalRandom.current().nextLong());
  }

  private GatewayOptions options() {
    source
        .problem()
        .ifPresent(problem -> {
          throw wrong(problem);
        });
    try {
      CompileOptions compile =
          CompileOptions.defaults()
              .withListeners(address, httpPort, httpsPort)
              .withExternalName(allowExternalName)
              .withNamespaces(gatewayNamespace, Optional.ofNullable(watchNamespace));
      GatewayOptions options =
          new GatewayOptions(compile, adminAddress, adminPort, lameDuck, drainTimeout, eventLoops)
              .withTransport(transport);
      return mesh == null ? options : options.withMesh(meshOptions(mesh));
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private MeshOptions meshOptions(Mesh wanted) {
    return new MeshOptions(
        MeshOptions.ControlAddress.parseList(wanted.controlPlane),
        new WorkloadIdentity(
            wanted.trustDomain, wanted.controlNamespace, MeshOptions.CONTROL_ACCOUNT),
        wanted.tokenFile,
        wanted.trustAnchors,
        pod(),
        ProxyKind.GATEWAY,
        VersionCommand.number(),
        MeshOptions.REPORT_INTERVAL,
        InboundSettings.DEFAULT);
  }

  /** A pod knows its name from its host's, and from the variable the manifest may set. */
  private PodRef pod() {
    String name = System.getenv("POD_NAME");
    String host = name == null || name.isBlank() ? System.getenv("HOSTNAME") : name;
    return host == null || host.isBlank() ? PodRef.NONE : new PodRef(gatewayNamespace, host);
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
