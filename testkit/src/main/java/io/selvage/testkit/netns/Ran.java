// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program that ran to its end.
 *
 * @param code its exit status
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
public record Ran(int code, String out, String err) {
  /** Longest time a program gets; a hanging one fails the test. */
  static final Duration LIMIT = Duration.ofSeconds(90);

  /**
   * Runs a program.
   *
   * @throws IllegalStateException if it cannot be started or does not end in time
   */
  static Ran of(List<String> command, String input) {
    try {
      Path out = Files.createTempFile("selvage-ran", ".out");
      Path err = Files.createTempFile("selvage-ran", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try (OutputStream stdin = process.getOutputStream()) {
          stdin.write(input.getBytes(UTF_8));
        } catch (IOException e) {
          // It ended without reading.
        }
        try {
          if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException(command + " did not end within " + LIMIT);
          }
        } finally {
          process.destroyForcibly();
        }
        return new Ran(process.exitValue(), text(out), text(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(command + " was interrupted", e);
    }
  }

  /**
   * Runs a program that must succeed, and returns what it printed.
   *
   * @throws IllegalStateException naming the command and its standard error
   */
  static String must(String... command) {
    Ran ran = of(List.of(command), "");
    if (ran.code != 0) {
      throw new IllegalStateException(
          "%s ended with status %d: %s".formatted(String.join(" ", command), ran.code, ran.err));
    }
    return ran.out;
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), UTF_8);
  }
}
