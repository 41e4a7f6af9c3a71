// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class FatalFaultsTest {
  private static final String CHECKER = "io.vertx.core.impl.btc.BlockedThreadChecker";
  private final FatalFaults faults = new FatalFaults();

  @Test
  void failsForABufferThatWasNeverReleased() {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 50; i++) {
                leak(PooledByteBufAllocator.DEFAULT);
                System.gc();
                Thread.sleep(10);
                faults.afterAll(null);
              }
            })
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("LEAK:");
  }

  private static void leak(ByteBufAllocator allocator) {
    ByteBuf lost = allocator.buffer(64);
    lost.writeByte(1);
  }

  @Test
  void failsForAnEventLoopBlockedForTheLimitAndNotBelow() {
    String message = "Thread Thread[vert.x-eventloop-thread-0] has been blocked for %d ms";
    long limit = FatalFaults.BLOCKED_MILLIS;
    assertThat(FatalFaults.faultIn(CHECKER, message.formatted(limit), limit)).isNotNull();
    assertThat(FatalFaults.faultIn(CHECKER, message.formatted(limit - 1), limit)).isNull();
  }

  @Test
  void hearsTheCheckerThroughTheLog() {
    LoggerFactory.getLogger(CHECKER).warn("Thread x has been blocked for 9999999 ms, limit 2000");
    assertThatThrownBy(() -> faults.afterEach(null)).hasMessageContaining("9999999 ms");
  }

  @Test
  void leavesOtherWarningsAlone() {
    LoggerFactory.getLogger("anything").warn("has been blocked for 9999 ms");
    assertThatCode(() -> faults.afterEach(null)).doesNotThrowAnyException();
  }
}
