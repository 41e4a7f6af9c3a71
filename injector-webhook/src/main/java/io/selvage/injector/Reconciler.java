// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that makes something what it should be, again each time it is asked to and once more
 * later when that has failed. Asks that come while one waits already are that one.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  private final String name;
  private final Duration patience;
  private final Duration retry;
  private final Supplier<Optional<Duration>> work;
  private final ScheduledExecutorService thread;
  private final AtomicBoolean asked = new AtomicBoolean();

  /** The one retry that waits: each failure must not begin a series of its own. */
  private @Nullable Future<?> pending;

  /** When that is due, as {@link System#nanoTime}. */
  private long dueNanos;

  /**
   * @param name of the thread
   * @param patience from the first ask to the work, since changes seldom come alone
   * @param retry from an exception to the next attempt
   * @param work says when to try again, empty if all is well; it reads what it goes by anew each
   *     time
   */
  public Reconciler(
      String name, Duration patience, Duration retry, Supplier<Optional<Duration>> work) {
    this.name = requireNonNull(name, "name");
    this.patience = requireNonNull(patience, "patience");
    this.retry = requireNonNull(retry, "retry");
    this.work = requireNonNull(work, "work");
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(name).factory());
  }

  /** Something changed; from any thread. */
  public void ask() {
    if (asked.compareAndSet(false, true)) {
      later(
          patience,
          () -> {
            asked.set(false); // before anything is read: what changes later asks again
            attempt();
          });
    }
  }

  /** Does the work now and at least so often from now on. */
  public void every(Duration period) {
    thread.scheduleWithFixedDelay(this::attempt, 0, period.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs something else on the thread; nothing once this is closed. */
  public void later(Duration delay, Runnable task) {
    schedule(delay, task);
  }

  private @Nullable Future<?> schedule(Duration delay, Runnable task) {
    try {
      return thread.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      log.debug("closed meanwhile");
      return null;
    }
  }

  private void attempt() {
    Optional<Duration> again;
    try {
      again = work.get();
    } catch (RuntimeException e) {
      log.error("looking after {} failed", name, e);
      again = Optional.of(retry);
    }
    again.ifPresent(this::tryAgain);
  }

  /** Waits as asked for, or less if less is left of an earlier wait. */
  private void tryAgain(Duration delay) {
    long due = System.nanoTime() + delay.toNanos();
    Future<?> waiting = pending;
    if (waiting != null) {
      if (dueNanos - due <= 0) {
        return;
      }
      waiting.cancel(false);
    }
    dueNanos = due;
    pending =
        schedule(
            delay,
            () -> {
              pending = null;
              attempt();
            });
  }

  /** Interrupts the work. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
