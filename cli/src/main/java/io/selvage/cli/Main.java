// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.check.CheckCommand;
import io.selvage.cli.demo.DemoCommand;
import io.selvage.cli.install.InstallCommand;
import io.selvage.cli.install.PruneCommand;
import io.selvage.cli.install.UninstallCommand;
import io.selvage.cli.install.UpgradeCommand;
import io.selvage.kube.api.KubeconfigException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code mesh} command. A new command is a class {@code <Name>Command} listed below. */
@Command(
    name = "mesh",
    description = "The Selvage gateway and service mesh.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    subcommands = {
      CheckCommand.class,
      ControlPlaneCommand.class,
      DashboardCommand.class,
      DemoCommand.class,
      EdgesCommand.class,
      ExplainCommand.class,
      GatewayCommand.class,
      IdentityCommand.class,
      InjectCommand.class,
      InjectorCommand.class,
      InstallCommand.class,
      LintCommand.class,
      ProxyInitCommand.class,
      PruneCommand.class,
      RoutesCommand.class,
      SidecarCommand.class,
      StatCommand.class,
      TapCommand.class,
      TokenCommand.class,
      TopCommand.class,
      UninjectCommand.class,
      UninstallCommand.class,
      UpgradeCommand.class,
      VersionCommand.class,
    })
public final class Main {
  /** Environment variable that shows where unexpected errors come from. */
  private static final String TRACE = "SELVAGE_TRACE";

  private Main() {}

  public static void main(String[] args) {
    System.exit(run(utf8(System.out), utf8(System.err), args));
  }

  /** A writer that ends each line with a flush, in UTF-8 whatever the terminal's locale. */
  public static PrintWriter utf8(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /**
   * Runs one command line and returns its exit code: 0 done, 1 failed, 2 not understood (usage is
   * then on {@code err}).
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    return commandLine().setOut(out).setErr(err).execute(args);
  }

  /** All commands, for parsing and help. */
  public static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((e, command, _) -> trouble(e, command));
  }

  /** What no command expected: a sentence, and the trace for those who ask for it. */
  private static int trouble(Exception e, CommandLine command) {
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    String message = TerminalText.line(String.valueOf(e.getMessage()));
    boolean asked = !Objects.requireNonNullElse(System.getenv(TRACE), "").isEmpty();
    if (e instanceof KubeconfigException) {
      err.println(name + ": " + message);
    } else {
      err.println(
          name
              + ": "
              + e.getClass().getSimpleName()
              + (e.getMessage() == null ? "" : ": " + message)
              + (asked ? "" : " (set " + TRACE + "=1 to see where)"));
    }
    if (asked) {
      e.printStackTrace(err);
    }
    return CommandLine.ExitCode.SOFTWARE;
  }
}
