// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Its one thread takes tasks in the order of their times, which is what these tests go by. */
class ReconcilerTest {
  private static final Duration RETRY = Duration.ofMillis(200);

  private final AtomicReference<Supplier<Optional<Duration>>> work =
      new AtomicReference<>(Optional::empty);
  private final AtomicInteger runs = new AtomicInteger();
  private final Reconciler reconciler =
      new Reconciler(
          "test",
          Duration.ZERO,
          RETRY,
          () -> {
            runs.incrementAndGet();
            return work.get().get();
          });

  @AfterEach
  void close() {
    reconciler.close();
  }

  /** The runs there were when everything is done that is due by then. */
  private int runsAfter(Duration delay) throws Exception {
    var seen = new CompletableFuture<Integer>();
    reconciler.later(delay, () -> seen.complete(runs.get()));
    return seen.get(30, TimeUnit.SECONDS);
  }

  @Test
  void whatIsAskedForWhileItIsDoneIsDoneOnceMore() throws Exception {
    var working = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    work.set(() -> {
      working.countDown();
      assertThat(await(goOn)).isTrue();
      return Optional.empty();
    });
    reconciler.ask();
    assertThat(working.await(30, TimeUnit.SECONDS)).isTrue();

    for (int i = 0; i < 100; i++) {
      reconciler.ask();
    }
    goOn.countDown();

    assertThat(runsAfter(Duration.ofMillis(10))).isEqualTo(2);
  }

  @Test
  void whatFailsTwiceBeforeItIsTriedAgainIsTriedAgainOnce() throws Exception {
    var recovered = new CompletableFuture<Integer>();
    work.set(() -> {
      switch (runs.get()) {
        case 1 -> {
          reconciler.ask();
          return Optional.of(RETRY);
        }
        case 2 -> throw new IllegalStateException("on purpose");
        default -> {
          // A second series would have come back before that.
          reconciler.later(RETRY.multipliedBy(2), () -> recovered.complete(runs.get()));
          return Optional.empty();
        }
      }
    });

    reconciler.ask();

    assertThat(recovered.get(30, TimeUnit.SECONDS)).isEqualTo(3);
  }

  @Test
  void anEarlierRetryTakesThePlaceOfALaterOne() throws Exception {
    var done = new CompletableFuture<Integer>();
    work.set(() -> {
      switch (runs.get()) {
        case 1 -> {
          reconciler.ask();
          return Optional.of(Duration.ofHours(1));
        }
        case 2 -> {
          return Optional.of(RETRY);
        }
        default -> {
          done.complete(runs.get());
          return Optional.empty();
        }
      }
    });

    reconciler.ask();

    assertThat(done.get(30, TimeUnit.SECONDS)).isEqualTo(3);
  }

  @Test
  void nothingIsDoneOnceItIsClosed() {
    reconciler.close();

    reconciler.ask();
    reconciler.later(Duration.ZERO, () -> {});

    assertThat(runs).hasValue(0);
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }
}
