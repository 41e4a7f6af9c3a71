// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.injector.app.InjectorOptions;
import io.selvage.injector.app.InjectorProcess;
import io.selvage.injector.webhook.AdmissionServer.ClientCheck;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs the admission webhook until it is told to stop. */
@Command(
    name = "injector",
    description = "Serve the admission webhook that gives pods their sidecar.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:stopped as asked", "1:could not start", "2:not understood"})
final class InjectorCommand implements Callable<Integer> {
  /** A review has to be answered in time even when an owner cannot be looked up. */
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(3);

  @Spec private CommandSpec spec;

  @Option(
      names = "--address",
      defaultValue = "0.0.0.0",
      converter = IpAddressOption.class,
      description = "IP address of the webhook (default: ${DEFAULT-VALUE}).")
  private String address;

  @Option(
      names = "--port",
      defaultValue = "" + InjectorOptions.PORT,
      description = "Port of the webhook, HTTPS (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--admin-address",
      defaultValue = "0.0.0.0",
      converter = IpAddressOption.class,
      description = "IP address of /live, /ready and /metrics (default: ${DEFAULT-VALUE}).")
  private String adminAddress;

  @Option(
      names = "--admin-port",
      defaultValue = "" + InjectorOptions.ADMIN_PORT,
      description = "Port of /live, /ready and /metrics (default: ${DEFAULT-VALUE}).")
  private int adminPort;

  @Option(
      names = "--webhook",
      paramLabel = "NAME",
      defaultValue = InjectorOptions.NAME,
      description = "MutatingWebhookConfiguration to look after (default: ${DEFAULT-VALUE}).")
  private String registration;

  @Option(
      names = "--server-name",
      paramLabel = "NAME|IP",
      split = ",",
      description = "Further names the API server calls the webhook by; repeatable.")
  private List<String> names = List.of();

  @Option(
      names = "--accept-linkerd-annotations",
      description = "Let linkerd.io/inject and config.linkerd.io/ count where ours do not stand.")
  private boolean acceptLinkerd;

  @Option(
      names = "--client-ca",
      paramLabel = "FILE",
      description = "Take reviews only from clients with a certificate of these authorities.")
  private @Nullable Path clientCa;

  @Option(
      names = "--client-name",
      paramLabel = "CN",
      split = ",",
      description = "With --client-ca: common names that may ask; repeatable (default: any).")
  private Set<String> clientNames = Set.of();

  @Option(
      names = "--lame-duck",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = DurationOption.class,
      description =
          "How long reviews are still taken after SIGTERM, not ready any more (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration lameDuck;

  @Mixin private SidecarFlags sidecar;

  @Override
  public Integer call() {
    var err = spec.commandLine().getErr();
    InjectorOptions options = options();
    try (InjectorProcess process = InjectorProcess.start(options, connect())) {
      EndOnSignal.register(process.stopped(), () -> process.drainAndClose(lameDuck));
      int open = process.listening().join();
      var out = spec.commandLine().getOut();
      out.println(
          "selvage injector listens on %s:%d, admin on port %d"
              .formatted(address, open, process.adminPort()));
      out.flush();
      process.stopped().join();
      return CommandLine.ExitCode.OK;
    } catch (IOException e) {
      err.println("mesh injector: " + e.getMessage());
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      err.println("mesh injector: %s:%d: %s".formatted(address, port, cause.getMessage()));
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static ApiServer connect() {
    return ApiServer.connect(
        ApiServerOptions.DEFAULT
            .withUserAgent(InjectorOptions.NAME)
            .withRequestTimeout(REQUEST_TIMEOUT));
  }

  private InjectorOptions options() {
    if (clientCa == null && !clientNames.isEmpty()) {
      throw wrong("--client-name needs --client-ca");
    }
    return new InjectorOptions(
        address,
        port,
        adminAddress,
        adminPort,
        sidecar.namespace(),
        registration,
        names,
        acceptLinkerd,
        Optional.ofNullable(clientCa).map(file -> new ClientCheck(text(file), clientNames)),
        sidecar.settings(spec, "selvage/injector"),
        replica());
  }

  private String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw wrong("--client-ca " + file + " cannot be read: " + e.getClass().getSimpleName());
    }
  }

  private static String replica() {
    String host = System.getenv("HOSTNAME");
    return host == null || host.isBlank() ? "selvage-injector" : host;
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
