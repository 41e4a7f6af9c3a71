// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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

/** Runs a control plane until it is told to stop. */
@Command(
    name = "control-plane",
    description =
        "Issue identities to workloads, tell proxies what addresses stand for, and remember what"
            + " they report.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:stopped as asked", "1:could not start", "2:not understood"})
final class ControlPlaneCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private ObjectSource source;

  @Option(
      names = "--identity-dir",
      paramLabel = "DIR",
      description =
          "Folder of issuer, trust anchors and token key, made where they are missing; with"
              + " --kubernetes the cluster keeps them unless this is given.")
  private @Nullable Path identityDir;

  @Option(
      names = "--external-identity",
      description =
          "With --kubernetes: somebody else, such as cert-manager, keeps the Secret"
              + " selvage-identity-issuer and the ConfigMap selvage-trust-roots; they are waited"
              + " for and never made or changed.")
  private boolean externalIdentity;

  @Option(
      names = "--address",
      defaultValue = "0.0.0.0",
      converter = IpAddressOption.class,
      description = "IP address of the gRPC port (default: ${DEFAULT-VALUE}).")
  private String address;

  @Option(
      names = "--port",
      defaultValue = "" + MeshProtocol.CONTROL_PORT,
      description = "gRPC port for proxies; 0 = any free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--api-address",
      defaultValue = "127.0.0.1",
      converter = IpAddressOption.class,
      description = "IP address of the API port (default: ${DEFAULT-VALUE}).")
  private String apiAddress;

  @Option(
      names = "--api-port",
      defaultValue = "" + ControlPlaneOptions.API_PORT,
      description = "Port that edges, stat and the like ask (default: ${DEFAULT-VALUE}).")
  private int apiPort;

  @Option(
      names = "--admin-address",
      defaultValue = "127.0.0.1",
      converter = IpAddressOption.class,
      description = "IP address of the admin port (default: ${DEFAULT-VALUE}).")
  private String adminAddress;

  @Option(
      names = "--admin-port",
      defaultValue = "" + ControlPlaneOptions.ADMIN_PORT,
      description = "Port of /ready, /metrics and the like (default: ${DEFAULT-VALUE}).")
  private int adminPort;

  @Option(
      names = "--trust-domain",
      paramLabel = "NAME",
      defaultValue = ControlPlaneOptions.TRUST_DOMAIN,
      description = "Trust domain of all identities (default: ${DEFAULT-VALUE}).")
  private String trustDomain;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      defaultValue = ControlPlaneOptions.NAMESPACE,
      description = "The control plane's own namespace (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Option(
      names = "--default-inbound-policy",
      paramLabel = "POLICY",
      defaultValue = "all-unauthenticated",
      converter = PolicyConverter.class,
      description =
          "Who may reach pods that say nothing else: all-unauthenticated, all-authenticated,"
              + " cluster-authenticated, cluster-unauthenticated, deny or audit"
              + " (default: ${DEFAULT-VALUE}).")
  private InboundPolicy defaultInboundPolicy;

  @Option(
      names = "--cluster-networks",
      paramLabel = "CIDR",
      split = ",",
      description =
          "Networks that count as the cluster (default: those of RFC 1918, RFC 6598 and RFC"
              + " 4193, and loopback).")
  private List<String> clusterNetworks = InboundSettings.DEFAULT_CLUSTER_NETWORKS;

  @Option(
      names = "--issuance-lifetime",
      paramLabel = "TIME",
      defaultValue = "24h",
      converter = DurationOption.class,
      description = "Life of the certificates of workloads (default: ${DEFAULT-VALUE}).")
  private Duration issuanceLifetime;

  @Option(
      names = "--clock-skew-allowance",
      paramLabel = "TIME",
      defaultValue = "20s",
      converter = DurationOption.class,
      description = "Added to both ends of that life (default: ${DEFAULT-VALUE}).")
  private Duration clockSkewAllowance;

  @Option(
      names = "--report-interval",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = DurationOption.class,
      description = "How often proxies report traffic, 500ms to 60s (default: ${DEFAULT-VALUE}).")
  private Duration reportInterval;

  @Option(
      names = "--lame-duck",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = DurationOption.class,
      description =
          "How long proxies are still served after SIGTERM, not ready any more, before the drain"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration lameDuck;

  @Option(
      names = "--drain-timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = DurationOption.class,
      description = "Within which proxies are sent away after SIGTERM (default: ${DEFAULT-VALUE}).")
  private Duration drainTimeout;

  @Option(
      names = "--gateway-identity",
      paramLabel = "NS/SA",
      split = ",",
      description =
          "ServiceAccounts whose pods may be gateways, which are told of every address of the mesh"
              + " (default: selvage-gateway in the control plane's namespace; with --from everybody"
              + " who has a certificate).")
  private List<String> gatewayIdentities = List.of();

  @Option(
      names = "--probe-networks",
      paramLabel = "CIDR",
      split = ",",
      description =
          "Networks that kubelets' probes come from, which pass whatever the policy (default: the"
              + " addresses of each pod's node; where those are not known, --cluster-networks).")
  private List<String> probeNetworks = List.of();

  @Option(
      names = "--prometheus",
      paramLabel = "URL",
      description = "Prometheus that scrapes the proxies, to answer from instead of memory.")
  private @Nullable URI prometheus;

  @Option(
      names = "--grafana",
      paramLabel = "URL",
      description =
          "Grafana to serve under the page at /grafana/, as a Prometheus is at /prometheus/.")
  private @Nullable URI grafana;

  /** Reads a policy's label. */
  static final class PolicyConverter implements ITypeConverter<InboundPolicy> {
    @Override
    public InboundPolicy convert(String text) {
      return InboundPolicy.parse(text)
          .orElseThrow(() ->
              new TypeConversionException(
                  "'"
                      + text
                      + "' is none of "
                      + Arrays.stream(InboundPolicy.values())
                          .map(InboundPolicy::label)
                          .collect(Collectors.joining(", "))));
    }
  }

  @Override
  public Integer call() {
    ControlPlaneOptions options = options();
    observation(); // says what is wrong with them before anything has started
    JavaLogging.bridge();
    PrintWriter err = spec.commandLine().getErr();
    try (ControlPlaneProcess process = start(options)) {
      EndOnSignal.register(process.stopped(), () -> process.drainAndClose(lameDuck));
      process.ready().thenRun(() -> announce(process));
      process.stopped().join();
      return CommandLine.ExitCode.OK;
    } catch (IOException e) {
      err.println("mesh control-plane: " + e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
  }

  private void announce(ControlPlaneProcess process) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(process.readyLine());
    out.flush();
  }

  private ControlPlaneProcess start(ControlPlaneOptions options) throws IOException {
    if (source.folder != null) {
      if (identityDir == null) {
        throw wrong("--from needs --identity-dir");
      }
      return ControlPlanes.fromFolder(options, source.folder, identityDir, observation());
    }
    return ControlPlanes.fromKubernetes(
        options, Optional.ofNullable(identityDir), externalIdentity, observation());
  }

  private ObservationOptions observation() {
    try {
      return new ObservationOptions(
          Optional.ofNullable(prometheus),
          Optional.ofNullable(grafana),
          trustDomain,
          ObservationOptions.defaults().limits());
    } catch (IllegalArgumentException e) {
      throw wrong("--prometheus, --grafana: " + e.getMessage());
    }
  }

  private ControlPlaneOptions options() {
    source
        .problem()
        .ifPresent(problem -> {
          throw wrong(problem);
        });
    if (externalIdentity && (source.folder != null || identityDir != null)) {
      throw wrong(
          "--external-identity speaks of objects of a cluster: it goes with --kubernetes and"
              + " without --identity-dir");
    }
    try {
      return new ControlPlaneOptions(
          address,
          port,
          apiAddress,
          apiPort,
          adminAddress,
          adminPort,
          trustDomain,
          namespace,
          defaultInboundPolicy,
          clusterNetworks,
          issuanceLifetime,
          clockSkewAllowance,
          reportInterval,
          drainTimeout,
          !source.kubernetes,
          gateways(),
          probeNetworks);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  /** Standalone, whoever has a token was given it by the one who runs all of it. */
  private Set<WorkloadIdentity> gateways() {
    if (gatewayIdentities.isEmpty()) {
      return source.kubernetes
          ? Set.of(
              new WorkloadIdentity(trustDomain, namespace, ControlPlaneOptions.GATEWAY_ACCOUNT))
          : Set.of();
    }
    var all = new HashSet<WorkloadIdentity>();
    for (String text : gatewayIdentities) {
      int slash = text.indexOf('/');
      if (slash < 0) {
        throw wrong("--gateway-identity takes NAMESPACE/SERVICEACCOUNT, not " + text);
      }
      all.add(
          new WorkloadIdentity(trustDomain, text.substring(0, slash), text.substring(slash + 1)));
    }
    return all;
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
