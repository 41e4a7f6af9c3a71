// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.concurrent.CompletableFuture;
import picocli.CommandLine;

/** Ends a command that serves in good order when the JVM is told to end. */
final class EndOnSignal {
  private EndOnSignal() {}

  /**
   * From now on, SIGTERM and SIGINT end the JVM with 0 once everything is finished.
   *
   * @param stopped done when the command has ended by itself, and there is nothing to do
   * @param finish returns when everything is finished
   */
  static void register(CompletableFuture<?> stopped, Runnable finish) {
    Thread stop =
        new Thread(
            () -> {
              if (!stopped.isDone()) {
                finish.run();
                // Without this the exit status would be 143, as if the signal had killed us.
                Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
              }
            },
            "selvage-stop");
    Runtime.getRuntime().addShutdownHook(stop);
  }
}
