// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.training;

import io.selvage.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs a file of command lines in one JVM, so that the build can record which classes they load in
 * one ahead-of-time cache. Not a command of {@code mesh}.
 */
final class AotTraining {
  private AotTraining() {}

  public static void main(String[] args) throws IOException {
    var out = Main.utf8(System.out);
    var err = Main.utf8(System.err);
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int code = Main.run(out, err, line.strip().split("\\s+"));
      if (code != 0) {
        err.println("training command failed with exit code " + code + ": " + line);
        System.exit(1);
      }
    }
  }
}
