// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * The command of an image: one component with the options of its {@code mesh} command. The image of
 * one component does not hold the jars of another, so no other command is touched.
 */
public final class ComponentMain {
  private ComponentMain() {}

  public static void main(String[] args) {
    System.exit(run(Main.utf8(System.out), Main.utf8(System.err), args));
  }

  /** Runs one command line and returns its exit code, 2 where there is no such command here. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    String name = args.length == 0 ? "" : args[0];
    CommandLine command;
    try {
      Callable<Integer> component = component(name);
      if (component == null) {
        err.println("mesh: there is no component \"" + name + "\"");
        return CommandLine.ExitCode.USAGE;
      }
      command = new CommandLine(component);
    } catch (NoClassDefFoundError e) {
      err.println("mesh: this image does not hold the component \"" + name + "\"");
      return CommandLine.ExitCode.USAGE;
    }
    return command
        .setCommandName("mesh " + name)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(out)
        .setErr(err)
        .execute(Arrays.copyOfRange(args, 1, args.length));
  }

  private static @Nullable Callable<Integer> component(String name) {
    return switch (name) {
      case "gateway" -> new GatewayCommand();
      case "control-plane" -> new ControlPlaneCommand();
      case "injector" -> new InjectorCommand();
      case "version" -> new VersionCommand();
      default -> null;
    };
  }
}
