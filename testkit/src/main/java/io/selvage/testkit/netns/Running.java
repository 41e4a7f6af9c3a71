// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A program that keeps running in a pod until it is stopped, or the pod is. */
public final class Running {
  private final String name;
  private final Process process;
  private final Path log;

  Running(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Process id: that of the program itself, not of a wrapper. */
  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Everything it has written so far, both streams. */
  public String log() {
    try {
      return new String(Files.readAllBytes(log), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Waits until its output satisfies a condition.
   *
   * @return the output
   * @throws IllegalStateException if it ends first or the limit passes
   */
  public String awaitLog(Duration limit, Predicate<String> condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      boolean alive = isAlive();
      String text = log();
      if (condition.test(text)) {
        return text;
      }
      if (!alive) {
        throw new IllegalStateException(name + " ended: " + text);
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(name + " has not said it within " + limit + ": " + text);
      }
      pause();
    }
  }

  /** Asks it to end (SIGTERM); returns at once. */
  public void terminate() {
    process.destroy();
  }

  /** Ends it as a crash would (SIGKILL), and waits. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd(Duration.ofSeconds(20));
  }

  /** Sends a signal by name, such as {@code INT}. */
  public void signal(String signal) {
    Ran.must("kill", "-" + signal, Long.toString(pid()));
  }

  /**
   * Waits for its end.
   *
   * @return the exit status
   * @throws IllegalStateException if it has not ended in time
   */
  public int awaitEnd(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException(name + " has not ended within " + limit + ": " + log());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(name + " was waited for in vain", e);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
