// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import java.io.PrintWriter;
import java.time.Duration;

/** Runs checks one after another and prints one line for each, as soon as it is known. */
final class CheckList {
  private final PrintWriter out;
  private final long deadlineNanos;
  private int kept;
  private int broken;

  /** One promise, tried. */
  @FunctionalInterface
  interface Check {
    /**
     * Tries it.
     *
     * @return what was seen, for the line
     * @throws Broken if the promise was not kept
     */
    String run() throws Exception;
  }

  /** A promise that was not kept, with what was seen instead. */
  static final class Broken extends Exception {
    private static final long serialVersionUID = 1;

    Broken(String message) {
      super(message);
    }
  }

  /**
   * @param atMost checks that begin after this are not tried and count as broken
   */
  CheckList(PrintWriter out, Duration atMost) {
    this.out = out;
    this.deadlineNanos = System.nanoTime() + atMost.toNanos();
  }

  /** Tries one promise; false = broken. */
  @SuppressWarnings("PatternMatchingInstanceof")
  boolean run(String promise, Check check) throws InterruptedException {
    try {
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new Broken("not tried: the time for all checks is over");
      }
      String seen = check.run();
      kept++;
      out.println("√ " + promise + (seen.isEmpty() ? "" : ": " + seen));
      return true;
    } catch (InterruptedException e) {
      throw e;
    } catch (Broken e) {
      return fail(promise, String.valueOf(e.getMessage()));
    } catch (Exception e) {
      // A refused connection or a timeout is an answer, too.
      return fail(promise, e.toString());
    }
  }

  private boolean fail(String promise, String why) {
    broken++;
    out.println("× " + promise + ": " + why);
    return false;
  }

  int kept() {
    return kept;
  }

  int broken() {
    return broken;
  }

  /** Breaks the promise unless {@code holds}. */
  static void require(boolean holds, String seen) throws Broken {
    if (!holds) {
      throw new Broken(seen);
    }
  }
}
