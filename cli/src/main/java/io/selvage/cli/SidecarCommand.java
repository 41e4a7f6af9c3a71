// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.sidecar.SidecarMain;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * Runs the proxy beside a pod. The launcher starts {@link SidecarMain} without this class, on a
 * class path of its own; both understand the same options.
 */
@Command(name = "sidecar", description = "Run the proxy beside a pod.")
final class SidecarCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Unmatched private List<String> arguments = List.of();

  @Override
  public Integer call() {
    return SidecarMain.run(
        arguments, System.getenv(), spec.commandLine().getOut(), spec.commandLine().getErr());
  }
}
