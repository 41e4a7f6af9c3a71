// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.manifest.ManifestInjector;
import io.selvage.injector.manifest.TransformException;
import io.selvage.injector.patch.PodMutator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Marks manifests so that their pods get a sidecar, or puts it in at once. */
@Command(
    name = "inject",
    description = "Add the mesh's annotations, or the sidecar itself, to manifests.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed, skipped objects included",
      "1:a manifest cannot be read or transformed; nothing is printed",
      "2:not understood"
    })
final class InjectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE|DIR|-",
      defaultValue = "-",
      description = "Manifests; - is standard input (default: ${DEFAULT-VALUE}).")
  private String path;

  @Option(
      names = "--manual",
      description = "Put the sidecar in now instead of leaving it to the webhook.")
  private boolean manual;

  @Option(names = "--ingress", description = "Write selvage.io/inject: ingress.")
  private boolean ingress;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "yaml",
      paramLabel = "yaml|json",
      description = "Form of the answer (default: ${DEFAULT-VALUE}).")
  private String output;

  @Option(names = "--verbose", description = "Say what was looked for and not found, too.")
  private boolean verbose;

  @Option(
      names = "--config",
      paramLabel = "NAME=VALUE",
      description = "Any option config.selvage.io/NAME; may be repeated.")
  private Map<String, String> config = Map.of();

  @Option(names = "--opaque-ports", paramLabel = "PORTS")
  private Optional<String> opaquePorts = Optional.empty();

  @Option(names = "--skip-inbound-ports", paramLabel = "PORTS")
  private Optional<String> skipInbound = Optional.empty();

  @Option(names = "--skip-outbound-ports", paramLabel = "PORTS")
  private Optional<String> skipOutbound = Optional.empty();

  @Option(
      names = "--native-sidecar",
      paramLabel = "true|false",
      arity = "0..1",
      fallbackValue = "true")
  private Optional<String> nativeSidecar = Optional.empty();

  @Option(names = "--wait-before-exit-seconds", paramLabel = "N")
  private Optional<String> waitBeforeExit = Optional.empty();

  @Option(names = "--default-inbound-policy", paramLabel = "POLICY")
  private Optional<String> policy = Optional.empty();

  @Option(names = "--proxy-log-level", paramLabel = "LEVEL")
  private Optional<String> logLevel = Optional.empty();

  @Option(names = "--proxy-cpu-request", paramLabel = "AMOUNT")
  private Optional<String> cpuRequest = Optional.empty();

  @Option(names = "--proxy-cpu-limit", paramLabel = "AMOUNT")
  private Optional<String> cpuLimit = Optional.empty();

  @Option(names = "--proxy-memory-request", paramLabel = "AMOUNT")
  private Optional<String> memoryRequest = Optional.empty();

  @Option(names = "--proxy-memory-limit", paramLabel = "AMOUNT")
  private Optional<String> memoryLimit = Optional.empty();

  @Mixin private SidecarFlags sidecar;

  @Override
  public Integer call() throws IOException {
    boolean json = isJson(spec, output);
    var injector =
        new ManifestInjector(
            ingress ? "ingress" : "enabled",
            options(),
            manual
                ? Optional.of(new PodMutator(sidecar.settings(spec, "selvage/cli")))
                : Optional.empty());
    var err = spec.commandLine().getErr();
    var transformed = new ArrayList<JsonNode>();
    try {
      for (JsonNode document : ManifestFiles.read(path, System.in)) {
        transformed.add(injector.transform(document));
      }
    } catch (TransformException | IOException e) {
      err.println("Error transforming resources:");
      err.println(e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
    ManifestFiles.print(transformed, json, spec.commandLine().getOut());
    new InjectionReport(err, verbose).injected(injector.reports());
    return CommandLine.ExitCode.OK;
  }

  static boolean isJson(CommandSpec spec, String output) {
    return switch (output) {
      case "yaml" -> false;
      case "json" -> true;
      default ->
          throw new ParameterException(spec.commandLine(), "-o takes yaml or json, not " + output);
    };
  }

  private Map<ConfigOption, String> options() {
    var chosen = new EnumMap<ConfigOption, String>(ConfigOption.class);
    config.forEach((name, value) ->
        add(
            chosen,
            ConfigOption.find(name)
                .orElseThrow(() -> wrong("there is no option config.selvage.io/" + name)),
            Optional.of(value)));
    add(chosen, ConfigOption.OPAQUE_PORTS, opaquePorts);
    add(chosen, ConfigOption.SKIP_INBOUND_PORTS, skipInbound);
    add(chosen, ConfigOption.SKIP_OUTBOUND_PORTS, skipOutbound);
    add(chosen, ConfigOption.PROXY_ENABLE_NATIVE_SIDECAR, nativeSidecar);
    add(chosen, ConfigOption.PROXY_WAIT_BEFORE_EXIT_SECONDS, waitBeforeExit);
    add(chosen, ConfigOption.DEFAULT_INBOUND_POLICY, policy);
    add(chosen, ConfigOption.PROXY_LOG_LEVEL, logLevel);
    add(chosen, ConfigOption.PROXY_CPU_REQUEST, cpuRequest);
    add(chosen, ConfigOption.PROXY_CPU_LIMIT, cpuLimit);
    add(chosen, ConfigOption.PROXY_MEMORY_REQUEST, memoryRequest);
    add(chosen, ConfigOption.PROXY_MEMORY_LIMIT, memoryLimit);
    return chosen;
  }

  private void add(Map<ConfigOption, String> to, ConfigOption option, Optional<String> value) {
    if (value.isEmpty()) {
      return;
    }
    option
        .problem(value.get())
        .ifPresent(problem -> {
          throw wrong("%s: \"%s\" is %s".formatted(option.key(), value.get(), problem));
        });
    to.put(option, value.get());
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
