// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

/**
 * Counts the frames that cost the peer little and us something. Each rule ends the connection with
 * ENHANCE_YOUR_CALM. Plain counters over fixed periods; the caller supplies the time once a read.
 */
final class FloodGuard {
  private static final long SECOND_NANOS = 1_000_000_000L;

  private final Http2Limits limits;
  private final boolean server;
  private long controlPeriod;
  private int control;
  private long resetPeriod;
  private int resets;
  private int emptyData;
  private int windowUpdates;
  private boolean worked;

  /**
   * @param server false where the peer is an endpoint of ours: those reset streams for reasons of
   *     their own, as gRPC servers do after an early answer
   */
  FloodGuard(Http2Limits limits, boolean server) {
    this.limits = limits;
    this.server = server;
  }

  /**
   * HEADERS or DATA went either way: pays for a PING and some WINDOW_UPDATEs, more for longer DATA
   * because some receivers acknowledge every small read, twice.
   */
  void onWork(int bytes) {
    worked = true;
    // A full allowance is kept, no more: credit cannot be hoarded for a later burst.
    windowUpdates = Math.max(0, windowUpdates - limits.windowUpdatesPerFrame() - bytes / 256);
  }

  void onPing(long now) throws Http2Violation {
    if (worked) {
      worked = false;
      return;
    }
    onControl(now);
  }

  /** A SETTINGS, PRIORITY or unknown frame, or a PING without work before it. */
  void onControl(long now) throws Http2Violation {
    if (now - controlPeriod >= SECOND_NANOS) {
      controlPeriod = now;
      control = 0;
    }
    if (++control > limits.maxControlPerSecond()) {
      throw calm("control_flood");
    }
  }

  /** An RST_STREAM from the peer, or one the peer made us send. */
  void onReset(long now) throws Http2Violation {
    if (!server) {
      return;
    }
    if (now - resetPeriod >= limits.resetPeriod().toNanos()) {
      resetPeriod = now;
      resets = 0;
    }
    if (++resets > limits.maxResets()) {
      throw calm("reset_flood");
    }
  }

  void onData(boolean empty) throws Http2Violation {
    if (!empty) {
      emptyData = 0;
    } else if (++emptyData > limits.maxEmptyData()) {
      throw calm("empty_data_flood");
    }
  }

  void onWindowUpdate() throws Http2Violation {
    // The base covers a client that opens its windows generously before the first request.
    if (++windowUpdates > 100 * limits.windowUpdatesPerFrame()) {
      throw calm("window_update_flood");
    }
  }

  private static Http2Violation calm(String reason) {
    return Http2Violation.connection(Http2.ENHANCE_YOUR_CALM, reason);
  }
}
