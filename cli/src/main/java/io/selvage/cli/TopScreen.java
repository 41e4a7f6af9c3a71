// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.observation.query.TopRow;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A terminal that {@code mesh top} draws its table on, again and again, until q is typed. */
final class TopScreen {
  /** ECMA-48: the cursor to the upper left corner, and everything from there on erased. */
  private static final String CLEAR = "\u001b[H\u001b[J";

  private static final long POLL_MILLIS = 50;

  private final PrintWriter out;
  private final InputStream in;
  private final Duration interval;

  /** Where the rows come from. */
  @FunctionalInterface
  interface Rows {
    List<TopRow> next() throws CommandFailure, InterruptedException;
  }

  /**
   * @param in what is typed
   * @param interval between two drawings
   */
  TopScreen(PrintWriter out, InputStream in, Duration interval) {
    this.out = out;
    this.in = in;
    this.interval = interval;
  }

  /**
   * Draws until q is typed. A control plane that goes away later is no reason to stop: it says so
   * in place of the table, and goes on.
   *
   * @return the exit code
   * @throws CommandFailure if the first question fails
   */
  int run(Rows rows) throws CommandFailure, InterruptedException, IOException {
    List<TopRow> current = rows.next();
    boolean raw = stty("-icanon", "-echo", "min", "1").isPresent();
    Thread restore = Thread.ofPlatform().unstarted(TopScreen::restore);
    Runtime.getRuntime().addShutdownHook(restore);
    try {
      String trouble = "";
      while (true) {
        draw(current, trouble, raw);
        if (isQuit()) {
          return 0;
        }
        try {
          current = rows.next();
          trouble = "";
        } catch (CommandFailure e) {
          trouble = String.valueOf(e.getMessage());
        }
      }
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(restore);
        restore();
      } catch (IllegalStateException _) {
        // Ctrl-C: the hook does it.
      }
    }
  }

  private static void restore() {
    stty("icanon", "echo");
  }

  private void draw(List<TopRow> rows, String trouble, boolean raw) {
    var screen = new StringBuilder(CLEAR);
    screen.append(raw ? "(press q to quit)" : "(press q and Enter to quit)").append("\n\n");
    if (!trouble.isEmpty()) {
      screen.append(trouble).append("\n\n");
    }
    Size size = Size.ofTerminal();
    TopCommand.table(rows).lines().stream()
        .limit(Math.max(2, size.rows - 4))
        .map(line -> line.length() > size.columns ? line.substring(0, size.columns) : line)
        .forEach(line -> screen.append(line).append('\n'));
    out.print(screen);
    out.flush();
  }

  /** Waits for the next drawing; true if q was typed, or nothing can be typed any more. */
  private boolean isQuit() throws IOException, InterruptedException {
    long end = System.nanoTime() + interval.toNanos();
    do {
      while (in.available() > 0) {
        int typed = in.read();
        if (typed < 0 || typed == 'q' || typed == 'Q') {
          return true;
        }
      }
      Thread.sleep(POLL_MILLIS);
    } while (System.nanoTime() < end);
    return false;
  }

  /** What fits on the terminal. */
  private record Size(int rows, int columns) {
    private static final Size USUAL = new Size(24, 80);
    private static final Pattern TEXT = Pattern.compile("(\\d{1,5}) (\\d{1,5})\\s*");

    static Size ofTerminal() {
      Matcher size = TEXT.matcher(stty("size").orElse(""));
      return size.matches() && !size.group(1).equals("0") && !size.group(2).equals("0")
          ? new Size(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)))
          : USUAL;
    }
  }

  /**
   * Sets the terminal, or asks it.
   *
   * @return what stty printed; empty where there is no terminal, and then q needs Enter
   */
  private static Optional<String> stty(String... settings) {
    try {
      var command = new ArrayList<>(List.of("stty"));
      command.addAll(List.of(settings));
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectErrorStream(true)
              .start();
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return Optional.empty();
      }
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.exitValue() == 0 ? Optional.of(printed) : Optional.empty();
    } catch (IOException _) {
      return Optional.empty();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
