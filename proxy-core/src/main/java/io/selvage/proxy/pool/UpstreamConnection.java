// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.pool;

import io.selvage.proxy.exchange.ResponseSink;

/** A connection to an endpoint as its pool sees it. Confined to the channel's event loop. */
public interface UpstreamConnection {
  /**
   * Streams that can be begun now: 0 when busy, full or on its way out. Never rises again after
   * {@link Listener#onUnusable}.
   */
  int available();

  /** Streams that run. */
  int active();

  /**
   * Begins one attempt; only when {@link #available()} is above 0. Calls {@link
   * ResponseSink#onStream} before it returns, and reports everything else later.
   */
  void begin(ResponseSink sink);

  /**
   * Begins no more streams; closes itself when the running ones have ended (HTTP/2 says GOAWAY).
   */
  void retire();

  /** Closes now; running streams fail with RESET. */
  void close();

  /** How the pool hears of a connection. All calls on the connection's event loop. */
  interface Listener {
    /**
     * {@link UpstreamConnection#available()} has risen: a stream has ended, or the peer allows
     * more.
     */
    void onAvailable(UpstreamConnection connection);

    /**
     * No stream will ever be begun again ({@code Connection: close}, GOAWAY, retired, broken);
     * running ones may go on. At most once.
     */
    void onUnusable(UpstreamConnection connection);

    /** The channel is closed. Exactly once, after onUnusable or instead of it. */
    void onClosed(UpstreamConnection connection);
  }
}
