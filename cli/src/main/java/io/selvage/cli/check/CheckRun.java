// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.check.Check.Severity;
import io.selvage.cli.check.Outcome.Result;
import io.selvage.kube.api.ApiCallException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Goes through the checks in their order. What is worth waiting for is tried again until the time
 * that all of them share is over; a fatal failure ends the run.
 */
final class CheckRun {
  /** Between two tries. */
  static final Duration PAUSE = Duration.ofSeconds(2);

  /** How it waits. */
  interface Sleep {
    void pause(Duration time) throws InterruptedException;
  }

  private final LongSupplier nanoTime;
  private final Sleep sleep;
  private final long deadline;
  private final Consumer<Outcome> listener;
  private final Consumer<String> waiting;

  private boolean failed;

  /**
   * @param wait for all checks together
   * @param listener told of each outcome as it comes
   * @param waiting told for people what is waited for, and again each time that this changes
   */
  CheckRun(
      LongSupplier nanoTime,
      Sleep sleep,
      Duration wait,
      Consumer<Outcome> listener,
      Consumer<String> waiting) {
    this.nanoTime = nanoTime;
    this.sleep = sleep;
    this.deadline = nanoTime.getAsLong() + wait.toNanos();
    this.listener = listener;
    this.waiting = waiting;
  }

  /** Returns whether nothing failed; warnings are no failure. */
  boolean run(List<Category> categories) throws InterruptedException {
    for (Category category : categories) {
      if (!category.applies().getAsBoolean()) {
        continue;
      }
      for (Check check : category.checks().get()) {
        Outcome outcome = outcome(category, check);
        listener.accept(outcome);
        if (outcome.result() == Result.ERROR) {
          failed = true;
          if (check.severity() == Severity.FATAL) {
            return false;
          }
        }
      }
    }
    return !failed;
  }

  private Outcome outcome(Category category, Check check) throws InterruptedException {
    String told = "";
    while (true) {
      Attempt attempt = once(category, check);
      boolean again = check.retried() && attempt.mayChange();
      if (!again || nanoTime.getAsLong() + PAUSE.toNanos() > deadline) {
        return attempt.outcome();
      }
      String error = attempt.outcome().error();
      if (!error.equals(told)) {
        waiting.accept(waitingFor(check, error));
        told = error;
      }
      sleep.pause(PAUSE);
    }
  }

  private String waitingFor(Check check, String error) {
    long seconds = Math.max(0, (deadline - nanoTime.getAsLong()) / 1_000_000_000L);
    return "waiting for up to "
        + seconds
        + " s: "
        + check.description()
        + " ("
        + error.lines().map(String::strip).collect(Collectors.joining(" "))
        + ")";
  }

  /**
   * One try.
   *
   * @param mayChange whether another may end otherwise; rights do not come by waiting
   */
  private record Attempt(Outcome outcome, boolean mayChange) {}

  private static Attempt once(Category category, Check check) {
    try {
      check.probe().look();
      return new Attempt(
          new Outcome(category.name(), check.description(), Result.SUCCESS, "", ""), false);
    } catch (Finding finding) {
      boolean warning = finding.isWarning() || check.severity() == Severity.WARNING;
      String hint = finding.hint().isEmpty() ? check.hint() : finding.hint();
      return new Attempt(
          failure(category, check, warning, String.valueOf(finding.getMessage()), hint),
          !finding.isUnseen());
    } catch (ApiCallException e) {
      // Who may not see something has not found it broken.
      boolean warning = e.isForbidden() || check.severity() == Severity.WARNING;
      String message = String.valueOf(e.getMessage());
      String error = e.isForbidden() ? "you may not see it: " + message : message;
      return new Attempt(failure(category, check, warning, error, check.hint()), !e.isForbidden());
    }
  }

  private static Outcome failure(
      Category category, Check check, boolean warning, String error, String hint) {
    return new Outcome(
        category.name(), check.description(), warning ? Result.WARNING : Result.ERROR, error, hint);
  }
}
