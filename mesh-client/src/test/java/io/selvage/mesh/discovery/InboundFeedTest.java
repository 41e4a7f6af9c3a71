// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InboundFeedTest {
  private static final InboundSettings OPEN = InboundSettings.of(InboundPolicy.ALL_UNAUTHENTICATED);
  private static final InboundSettings CLOSED = InboundSettings.of(InboundPolicy.DENY);

  @Test
  void whoFollowsHearsWhatHoldsAndThenEveryChangeOnce() {
    var feed = new InboundFeed(OPEN);
    List<InboundSettings> heard = new ArrayList<>();
    Runnable end = feed.follow(heard::add);
    feed.apply(CLOSED);
    feed.apply(CLOSED);
    end.run();
    feed.apply(OPEN);
    assertThat(heard).containsExactly(OPEN, CLOSED);
    assertThat(feed.current()).isEqualTo(OPEN);
  }

  /** A change that comes while somebody begins to follow must not be followed by the older one. */
  @Test
  void nothingOldComesAfterSomethingNewer() throws Exception {
    var feed = new InboundFeed(OPEN);
    List<InboundSettings> heard = Collections.synchronizedList(new ArrayList<>());
    var told = new CountDownLatch(1);
    Thread stream =
        new Thread(() -> {
          try {
            told.await(20, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          feed.apply(CLOSED);
        });
    stream.start();
    feed.follow(settings -> {
      if (settings.equals(OPEN)) {
        told.countDown();
        // Long enough for the other thread to overtake, if it could.
        awaitBlockedOrEnded(stream);
      }
      heard.add(settings);
    });
    stream.join(20_000);
    assertThat(heard).containsExactly(OPEN, CLOSED);
  }

  private static void awaitBlockedOrEnded(Thread thread) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (thread.getState() != Thread.State.BLOCKED
        && thread.getState() != Thread.State.TERMINATED
        && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }
}
