// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes both channels of a connection that nothing has moved on for a time. Activity is a
 * timestamp; the timer looks at it when it fires and not at every byte. Confined to the channels'
 * event loop.
 */
final class IdleWatch {
  private final Channel client;
  private final Channel upstream;
  private final long idleMillis;
  private @Nullable Future<?> timer;
  private long lastActivityNanos = System.nanoTime();
  private boolean fired;

  /**
   * @param idleMillis 0 = never
   */
  IdleWatch(Channel client, Channel upstream, long idleMillis) {
    this.client = client;
    this.upstream = upstream;
    this.idleMillis = idleMillis;
  }

  void start() {
    if (idleMillis > 0) {
      schedule(idleMillis);
    }
  }

  void onActivity() {
    lastActivityNanos = System.nanoTime();
  }

  boolean hasFired() {
    return fired;
  }

  void stop() {
    Future<?> running = timer;
    if (running != null) {
      running.cancel(false);
      timer = null;
    }
  }

  private void schedule(long millis) {
    timer = client.eventLoop().schedule(this::look, millis, TimeUnit.MILLISECONDS);
  }

  private void look() {
    long quietMillis = (System.nanoTime() - lastActivityNanos) / 1_000_000;
    if (quietMillis < idleMillis) {
      schedule(idleMillis - quietMillis);
    } else {
      fired = true;
      // Either may be closed already, while the other one is still being delivered to.
      client.close();
      upstream.close();
    }
  }
}
