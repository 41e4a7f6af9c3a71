// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 500_000_000L);

  @Test
  void grantsAFifthOfTheRequests() {
    var budget = new RetryBudget(0.2, 0, nanos::get);
    for (int i = 0; i < 50; i++) {
      budget.onRequest();
    }
    assertThat(taken(budget)).isEqualTo(10);
    for (int i = 0; i < 4; i++) {
      budget.onRequest();
    }
    assertThat(budget.tryRetry()).isFalse();
    budget.onRequest();
    assertThat(budget.tryRetry()).isTrue();
    assertThat(budget.tryRetry()).isFalse();
  }

  @Test
  void savesUpAHundredRetriesAtMost() {
    var budget = new RetryBudget(0.2, 0, nanos::get);
    for (int i = 0; i < 100_000; i++) {
      budget.onRequest();
    }
    assertThat(taken(budget)).isEqualTo(100);
  }

  /** The clock runs over the end of a long on the way, as nanoTime may. */
  @Test
  void grantsTenASecondWithoutAnyRequest() {
    var budget = new RetryBudget(0.2, 10, nanos::get);
    assertThat(taken(budget)).as("in store at the start").isEqualTo(10);
    nanos.addAndGet(99_999_999);
    assertThat(budget.tryRetry()).isFalse();
    nanos.addAndGet(1);
    assertThat(budget.tryRetry()).isTrue();
    assertThat(budget.tryRetry()).isFalse();
    for (int second = 0; second < 5; second++) {
      nanos.addAndGet(1_000_000_000);
      assertThat(taken(budget)).isEqualTo(10);
    }
    nanos.addAndGet(60_000_000_000L);
    assertThat(taken(budget)).as("never more than one second's worth").isEqualTo(10);
  }

  @Test
  void takesDepositsBeforeTheReserve() {
    var budget = new RetryBudget(0.2, 10, nanos::get);
    for (int i = 0; i < 5; i++) {
      budget.onRequest();
    }
    assertThat(taken(budget)).isEqualTo(11);
  }

  @Test
  void refusesANonsensicalBudget() {
    assertThatThrownBy(() -> new RetryBudget(1.1, 0, nanos::get))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RetryBudget(Double.NaN, 0, nanos::get))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new RetryBudget(0.2, -1, nanos::get))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static int taken(RetryBudget budget) {
    int n = 0;
    while (budget.tryRetry()) {
      n++;
    }
    return n;
  }
}
