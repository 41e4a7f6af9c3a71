// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;

/** Waits until the last client connection has ended, or the time is up. */
final class DrainWatch {
  private static final long POLL_MILLIS = 20;

  private final Vertx vertx;
  private final DataPlane dataPlane;
  private final long endNanos;
  private final Promise<Boolean> done = Promise.promise();

  DrainWatch(Vertx vertx, DataPlane dataPlane, Duration deadline) {
    this.vertx = vertx;
    this.dataPlane = dataPlane;
    this.endNanos = System.nanoTime() + deadline.toNanos();
  }

  /** True if everything ended by itself. */
  Future<Boolean> start() {
    look();
    return done.future();
  }

  private void look() {
    boolean over = dataPlane.openConnections() == 0 && dataPlane.inFlight() == 0;
    if (over || System.nanoTime() - endNanos >= 0) {
      done.complete(over);
    } else {
      vertx.setTimer(POLL_MILLIS, id -> look());
    }
  }
}
