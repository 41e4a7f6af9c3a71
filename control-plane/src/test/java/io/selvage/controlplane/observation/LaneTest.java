// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.observation.query.QueryException;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LaneTest {
  private final Lane lane = new Lane(10);
  private final CountDownLatch held = new CountDownLatch(1);

  @AfterEach
  void close() {
    held.countDown();
    lane.close();
  }

  @Test
  void workWaitsUpToItsBoundAndNoFurther() throws Exception {
    hold();
    var done = new AtomicInteger();
    assertThat(lane.offer(6, done::incrementAndGet)).isTrue();
    assertThat(lane.offer(4, done::incrementAndGet)).isTrue();
    assertThat(lane.offer(1, done::incrementAndGet)).isFalse();
    held.countDown();
    lane.ask(() -> 0).get(20, TimeUnit.SECONDS);
    assertThat(done).hasValue(2);
    assertThat(lane.offer(10, done::incrementAndGet)).as("there is room again").isTrue();
  }

  @Test
  void questionsWaitUpToTheirBound() throws Exception {
    hold();
    var answers = new ArrayList<CompletableFuture<Integer>>();
    for (int i = 0; i < Lane.MAX_QUESTIONS; i++) {
      answers.add(lane.ask(() -> 1));
    }
    assertThatThrownBy(() -> lane.ask(() -> 1).get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            QueryException.class, e -> assertThat(e.fault()).isEqualTo(QueryException.Fault.BUSY));
    held.countDown();
    for (CompletableFuture<Integer> answer : answers) {
      assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(1);
    }
    assertThat(lane.ask(() -> 2).get(20, TimeUnit.SECONDS)).isEqualTo(2);
  }

  @Test
  void aFaultCostsWhatItHappenedToAlone() throws Exception {
    lane.execute(() -> {
      throw new IllegalStateException("on purpose");
    });
    lane.offer(
        10,
        () -> {
          throw new IllegalStateException("on purpose");
        });
    assertThat(lane.ask(() -> 3).get(20, TimeUnit.SECONDS)).isEqualTo(3);
    assertThat(lane.offer(10, () -> {})).isTrue();
  }

  @Test
  void whatComesAfterTheEndIsRefused() {
    lane.close();
    assertThat(lane.offer(1, () -> {})).isFalse();
    assertThat(lane.execute(() -> {})).isFalse();
    assertThat(lane.ask(() -> 1)).isCompletedExceptionally();
  }

  private void hold() throws InterruptedException {
    var started = new CountDownLatch(1);
    lane.execute(() -> {
      started.countDown();
      try {
        held.await();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    });
    assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
  }
}
