// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.time.DeadlineWheel;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What a client has time for, phase by phase: the head from its first byte, progress of the body,
 * the pause between requests, reading our last answer. One deadline per connection, moved from
 * phase to phase. While the exchange works nothing is asked of the client and this is disarmed.
 */
final class ClientDeadline extends Deadline {
  private enum Phase {
    NONE,
    IDLE,
    HEAD,
    BODY,
    LEAVING,
    LAST_BYTES,
    LINGER
  }

  /** Longer than a request is on its way. */
  private static final long LEAVING_MILLIS = 500;

  /** A kernel that has taken megabytes takes more only when a good part of them is gone. */
  private static final long LAST_BYTES_MILLIS = 60_000;

  private final Http1ServerConnection connection;
  private @Nullable DeadlineWheel wheel;
  private Limits limits = Limits.DEFAULT;
  private Phase phase = Phase.NONE;
  private long connectionOldAt;
  private long bodyStart;
  private long bodyLast;
  private long bodyBytes;
  private long queued;
  private boolean awaitingContinue;

  ClientDeadline(Http1ServerConnection connection) {
    this.connection = connection;
  }

  void start(DeadlineWheel ofLoop, Limits bounds) {
    wheel = ofLoop;
    limits = bounds;
    long age = bounds.connection().maxAgeMillis();
    // A tenth more or less, so that connections opened together do not all end together.
    long jitter = age <= 10 ? 0 : ThreadLocalRandom.current().nextLong(-age / 10, age / 10);
    connectionOldAt = ofLoop.nanoTime() + (age + jitter) * 1_000_000;
  }

  /** True once the connection should end with its next response. */
  boolean isConnectionOld() {
    return limits.connection().maxAgeMillis() > 0 && wheel().nanoTime() - connectionOldAt >= 0;
  }

  boolean isAwaitingContinue() {
    return awaitingContinue;
  }

  /** Nothing is asked of the client. */
  void none() {
    phase = Phase.NONE;
    awaitingContinue = false;
    wheel().disarm(this);
  }

  /** Between requests; 0 = for ever. */
  void idle(long millis) {
    phase = Phase.IDLE;
    awaitingContinue = false;
    if (millis > 0) {
      wheel().armMillis(this, millis);
    } else {
      wheel().disarm(this);
    }
  }

  /** A head has begun. */
  void head() {
    phase = Phase.HEAD;
    wheel().armMillis(this, limits.request().headerTimeoutMillis());
  }

  /** A body is awaited. */
  void body(boolean expectContinue) {
    phase = Phase.BODY;
    awaitingContinue = expectContinue;
    bodyStart = wheel().nanoTime();
    bodyLast = bodyStart;
    bodyBytes = 0;
    wheel().armMillis(this, limits.request().bodyIdleMillis());
  }

  /** Bytes of the body have come. */
  void onBody(int bytes) {
    bodyBytes += bytes;
    bodyLast = wheel().nanoTime();
    awaitingContinue = false;
  }

  /** 100 (Continue) was sent: from now on the client is to send. */
  void continued() {
    awaitingContinue = false;
    bodyStart = wheel().nanoTime();
    bodyLast = bodyStart;
  }

  /** Reading was stopped or goes on: a pause of ours is not the client's. */
  void resumed() {
    if (phase == Phase.BODY) {
      bodyStart = wheel().nanoTime();
      bodyLast = bodyStart;
      bodyBytes = 0;
    }
  }

  /**
   * The connection is to end and no request is here: one that is on its way may still arrive, and
   * is then the last.
   */
  void leaving() {
    phase = Phase.LEAVING;
    wheel().armMillis(this, LEAVING_MILLIS);
  }

  /** What is queued is the last the client gets: it has time for as long as it takes any of it. */
  void lastBytes() {
    phase = Phase.LAST_BYTES;
    queued = connection.queuedBytes();
    wheel().armMillis(this, LAST_BYTES_MILLIS);
  }

  private void checkLastBytes() {
    long left = connection.queuedBytes();
    if (left < queued) {
      lastBytes();
    } else if (left == 0) {
      connection.closeNow();
    } else {
      connection.resetNow(); // it must not take what it has got for everything
    }
  }

  void linger() {
    phase = Phase.LINGER;
    wheel().armMillis(this, limits.connection().lingerMillis());
  }

  void stop() {
    wheel().remove(this);
  }

  @Override
  protected void onDeadline() {
    switch (phase) {
      case NONE -> {}
      case IDLE, LINGER -> connection.closeNow();
      case LAST_BYTES -> checkLastBytes();
      case LEAVING -> connection.closeIdle();
      case HEAD -> connection.reject(new Rejection(408, "header_timeout", true));
      case BODY -> checkBody();
    }
  }

  private void checkBody() {
    long now = wheel().nanoTime();
    long idle = limits.request().bodyIdleMillis() * 1_000_000;
    if (connection.isPaused() || awaitingContinue) {
      wheel().armAt(this, now + idle);
      return;
    }
    if (now - bodyLast >= idle) {
      connection.malformed(new Rejection(408, "body_idle", true));
      return;
    }
    // The average counts from the first full period, so a slow start is forgiven.
    double seconds = (now - bodyStart) / 1e9;
    if (now - bodyStart >= idle && bodyBytes < limits.request().bodyMinBytesPerSecond() * seconds) {
      connection.malformed(new Rejection(408, "body_too_slow", true));
      return;
    }
    wheel().armAt(this, Math.min(bodyLast, now) + idle);
  }

  private DeadlineWheel wheel() {
    DeadlineWheel ofLoop = wheel;
    if (ofLoop == null) {
      throw new IllegalStateException("not started");
    }
    return ofLoop;
  }
}
