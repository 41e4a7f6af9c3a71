// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs real programs, each for a bounded time. */
final class SystemCommands implements Commands {
  private final Duration limit;

  SystemCommands(Duration limit) {
    this.limit = limit;
  }

  @Override
  public String run(List<String> command, String input) throws CommandFailed {
    String name = String.join(" ", command);
    try {
      // Output goes to files, so that a program that hangs or prints much blocks nobody.
      Path out = Files.createTempFile("selvage-init", ".out");
      Path err = Files.createTempFile("selvage-init", ".err");
      try {
        return run(name, command, input, out, err);
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (CommandFailed e) {
      throw e;
    } catch (IOException e) {
      throw new CommandFailed(name + " cannot be run: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed(name + " was interrupted");
    }
  }

  private String run(String name, List<String> command, String input, Path out, Path err)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .redirectInput(Redirect.PIPE)
            .start();
    try {
      try (OutputStream stdin = process.getOutputStream()) {
        stdin.write(input.getBytes(UTF_8));
      } catch (IOException e) {
        // It ended without reading: its status says more.
      }
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new CommandFailed(name + " did not end within " + limit.toSeconds() + " s");
      }
    } finally {
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      String said = Files.readString(err).strip().replaceAll("\\s*\\R\\s*", "; ");
      throw new CommandFailed(
          "%s ended with status %d: %s"
              .formatted(name, process.exitValue(), said.isEmpty() ? "it said nothing" : said));
    }
    return Files.readString(out);
  }
}
