// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.sidecar.init.ProxyInitMain;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * Writes the rules that bring a pod's connections to its sidecar. The launcher starts {@link
 * ProxyInitMain} without this class, to be fast; both understand the same options.
 */
@Command(
    name = "proxy-init",
    description = "Redirect a network namespace's connections to its sidecar.")
final class ProxyInitCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Unmatched private List<String> arguments = List.of();

  @Override
  public Integer call() {
    return ProxyInitMain.run(
        spec.commandLine().getOut(), spec.commandLine().getErr(), arguments.toArray(String[]::new));
  }
}
