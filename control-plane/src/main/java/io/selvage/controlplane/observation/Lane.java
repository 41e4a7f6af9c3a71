// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.QueryException.Fault;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that store and directory belong to, and what waits for it: bounded, so that event
 * loops never wait and memory never grows. Thread-safe.
 */
final class Lane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Lane.class);

  /** Questions that may wait; a table takes milliseconds. */
  static final int MAX_QUESTIONS = 64;

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("observation").factory());
  private final Semaphore questions = new Semaphore(MAX_QUESTIONS);
  private final AtomicInteger queued = new AtomicInteger();
  private final int maxQueued;

  /**
   * @param maxQueued weight of work that may wait
   */
  Lane(int maxQueued) {
    this.maxQueued = maxQueued;
  }

  /**
   * Does work later, unless too much of it waits.
   *
   * @param weight how much it holds on to
   * @return false if it was let fall
   */
  boolean offer(int weight, Runnable work) {
    if (queued.addAndGet(weight) > maxQueued) {
      queued.addAndGet(-weight);
      return false;
    }
    boolean taken =
        execute(() -> {
          try {
            work.run();
          } finally {
            queued.addAndGet(-weight);
          }
        });
    if (!taken) {
      queued.addAndGet(-weight);
    }
    return taken;
  }

  /** Does work later that must not be let fall; there is little of it. */
  boolean execute(Runnable work) {
    try {
      thread.execute(() -> guarded(work));
      return true;
    } catch (RejectedExecutionException _) {
      return false; // closed
    }
  }

  void everySeconds(int seconds, Runnable work) {
    thread.scheduleWithFixedDelay(() -> guarded(work), seconds, seconds, TimeUnit.SECONDS);
  }

  /** Answers a question later; fails with {@link QueryException} if too many wait. */
  <T> CompletableFuture<T> ask(Supplier<T> question) {
    var answer = new CompletableFuture<T>();
    if (!questions.tryAcquire()) {
      answer.completeExceptionally(busy("too many questions wait already; try again"));
      return answer;
    }
    boolean taken =
        execute(() -> {
          questions.release();
          try {
            answer.complete(question.get());
          } catch (RuntimeException e) {
            answer.completeExceptionally(e);
          }
        });
    if (!taken) {
      questions.release();
      answer.completeExceptionally(busy("the control plane is stopping"));
    }
    return answer;
  }

  private static QueryException busy(String message) {
    return new QueryException(Fault.BUSY, message);
  }

  private static void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      // A fault of ours costs what it happened to, never the thread.
      log.error("observation failed", e);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
