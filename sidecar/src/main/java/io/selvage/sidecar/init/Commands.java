// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import java.io.IOException;
import java.util.List;

/** Runs programs; a seam for tests. */
@FunctionalInterface
interface Commands {
  /**
   * Runs a program to its end.
   *
   * @param input what it reads on standard input
   * @return what it wrote to standard output
   * @throws CommandFailed if it cannot be started, ends with another status than 0, or hangs
   */
  String run(List<String> command, String input) throws CommandFailed;

  /** One sentence that names the command and what it wrote to standard error. */
  final class CommandFailed extends IOException {
    private static final long serialVersionUID = 1;

    CommandFailed(String message) {
      super(message);
    }
  }
}
