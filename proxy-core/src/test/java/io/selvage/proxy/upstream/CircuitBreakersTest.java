// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.RouteAction.Priority;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CircuitBreakersTest {
  private final CircuitBreakers breakers =
      new CircuitBreakers(new ClusterSpec.Breakers(3, 4, 5, 0));

  @ParameterizedTest
  @EnumSource(Limit.class)
  void grantsNAndRefusesNPlusOne(Limit limit) {
    int n = breakers.limit(limit);
    for (int i = 0; i < n; i++) {
      assertThat(breakers.tryAcquire(limit)).as("unit %d of %s", i + 1, limit).isTrue();
    }
    assertThat(breakers.tryAcquire(limit)).isFalse();
    assertThat(breakers.inUse(limit)).isEqualTo(n);
    assertThat(breakers.refused(limit)).isEqualTo(1);

    if (n > 0) {
      breakers.release(limit);
      assertThat(breakers.tryAcquire(limit)).isTrue();
      assertThat(breakers.tryAcquire(limit)).isFalse();
    }
  }

  @Test
  void countsTheKindsApart() {
    for (int i = 0; i < 3; i++) {
      assertThat(breakers.tryAcquire(Limit.CONNECTIONS)).isTrue();
    }
    assertThat(breakers.tryAcquire(Limit.CONNECTIONS)).isFalse();
    assertThat(breakers.tryAcquire(Limit.REQUESTS)).isTrue();
    assertThat(breakers.inUse(Limit.PENDING)).isZero();
  }

  @Test
  void noticesAReleaseTooMany() {
    assertThatThrownBy(() -> breakers.release(Limit.REQUESTS))
        .isInstanceOf(IllegalStateException.class);
    assertThat(breakers.inUse(Limit.REQUESTS)).isZero();
  }

  @Test
  void countsThePrioritiesApart() {
    Cluster cluster = Cluster.create(ClusterSpec.http("c"), 1);
    assertThat(cluster.breakers(Priority.HIGH)).isNotSameAs(cluster.breakers(Priority.DEFAULT));
    assertThat(cluster.breakers(Priority.DEFAULT).limit(Limit.RETRIES)).isEqualTo(3);
  }

  @Test
  void neverPassesTheLimitAndNeverRefusesBelowItUnderContention() throws Exception {
    // As many threads as units: a refusal could only come from miscounting.
    var shared = new CircuitBreakers(new ClusterSpec.Breakers(4, 4, 4, 4));
    var refused = new AtomicInteger();
    var start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  start.await();
                } catch (InterruptedException e) {
                  return;
                }
                for (int i = 0; i < 50_000; i++) {
                  if (shared.tryAcquire(Limit.REQUESTS)) {
                    shared.release(Limit.REQUESTS);
                  } else {
                    refused.incrementAndGet();
                  }
                }
              }));
    }
    start.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(refused).hasValue(0);
    assertThat(shared.inUse(Limit.REQUESTS)).isZero();
  }
}
