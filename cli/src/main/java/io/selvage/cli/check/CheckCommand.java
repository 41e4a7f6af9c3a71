// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import io.selvage.cli.CommandFailure;
import io.selvage.cli.DurationOption;
import io.selvage.cli.KubeOptions;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiServer;
import java.io.Console;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Looks at cluster and installation, line by line, and says what to do. */
@Command(
    name = "check",
    description = "Say whether Selvage can be installed, or is well, and what to do if not.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all is well, warnings aside", "1:something is not", "2:not understood"})
public final class CheckCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--pre", description = "Before an installation: can it be made?")
  private boolean pre;

  @Option(names = "--proxy", description = "The sidecars, too.")
  private boolean proxy;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      defaultValue = "selvage",
      description = "Namespace of the control plane (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Option(
      names = "--data-plane-namespace",
      paramLabel = "NAME",
      defaultValue = "",
      description = "With --proxy: only the sidecars of this namespace (default: all).")
  private String dataPlane;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|short|json",
      defaultValue = "table",
      description =
          "Form of the answer; short leaves out what is well (default: ${DEFAULT-VALUE}).")
  private CheckReport.Form form;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      defaultValue = "300s",
      converter = DurationOption.class,
      description =
          "How long to wait, in all, for what may become ready (default: ${DEFAULT-VALUE}).")
  private Duration wait;

  @Mixin private KubeOptions kube;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (pre && proxy) {
      throw new ParameterException(
          spec.commandLine(), "--pre and --proxy exclude each other: one is before, one is after");
    }
    var report = new CheckReport(spec.commandLine().getOut(), form, isTerminal());
    try (ApiServer api = kube.connect()) {
      var queries = new ApiQueries(api);
      boolean well =
          new CheckRun(System::nanoTime, Thread::sleep, wait, report::add, this::tellWaiting)
              .run(
                  categories(
                      new Facts(queries, namespace, InstantSource.system()), queries::podPage));
      report.end(well);
      return well ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    } catch (CommandFailure e) {
      return e.report(spec.commandLine().getErr());
    }
  }

  /** Standard output has the answer alone. */
  private void tellWaiting(String what) {
    spec.commandLine().getErr().println(CheckReport.printable(what));
  }

  /** Colours are for whoever looks, not for files and pipes. */
  private static boolean isTerminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }

  private List<Category> categories(Facts facts, PodPages pages) {
    return categories(facts, pre, proxy, dataPlane, pages);
  }

  /** The checks, in their order. Those behind the first categories go by what these found. */
  static List<Category> categories(
      Facts facts, boolean pre, boolean proxy, String dataPlane, PodPages pages) {
    var categories = new ArrayList<Category>();
    var platform = new PlatformChecks(facts);
    categories.add(platform.api());
    categories.add(platform.version());
    if (pre) {
      categories.add(platform.beforehand());
      return categories;
    }
    var installation = new InstallationChecks(facts);
    categories.add(installation.existence());
    categories.add(platform.nodes());
    categories.add(installation.config());
    categories.add(installation.objects());
    categories.add(
        Category.onlyIf(() -> facts.has("controlPlane"), new IdentityChecks(facts).category()));
    categories.add(
        Category.onlyIf(
            () -> facts.has("controlPlane"), new ControlPlaneChecks(facts, pages).category()));
    categories.add(
        Category.onlyIf(() -> facts.has("injector"), new WebhookChecks(facts).category()));
    categories.add(installation.versions());
    categories.add(
        Category.onlyIf(() -> facts.has("gateway"), new GatewayChecks(facts, pages).category()));
    if (proxy) {
      categories.add(new DataPlaneChecks(facts, dataPlane, pages).category());
    }
    return categories;
  }
}
