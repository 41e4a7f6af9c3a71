// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import org.jspecify.annotations.Nullable;

/** The half of a connection that differs between server and client. */
interface Http2Role {
  /**
   * A header block. The role must decode it whatever it thinks of the stream.
   *
   * @param stream null when there is none of this id
   */
  void onHeaders(int streamId, @Nullable Http2Stream stream, byte[] block, int length, boolean end)
      throws Http2Violation;

  /** True if a stream of this id has been opened at some time. */
  boolean wasOpened(int streamId);

  /** Highest stream the peer has opened, for GOAWAY; 0 when it opens none. */
  int lastPeerStreamId();

  /** First SETTINGS of the peer, or a change. */
  void onPeerSettings();

  void onGoAway(int lastStreamId, int code);

  void onPingAck(long data);

  /** The stream is gone from the connection. */
  void onStreamClosed(Http2Stream stream);

  /**
   * Called about every second.
   *
   * @param now {@link System#nanoTime()}
   */
  void onTick(long now);

  /** The connection ends because the peer broke a rule. */
  void onViolation(Http2Violation violation);

  /** The channel failed; it is closed next. */
  void onException(Throwable cause);

  /** The channel is closed; all streams have been told. */
  void onInactive();
}
