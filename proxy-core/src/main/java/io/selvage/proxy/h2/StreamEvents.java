// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;

/** What happens on one stream, apart from header blocks, which the {@link Http2Role} decodes. */
interface StreamEvents {
  /** Handed over. */
  void onData(ByteBuf data, boolean end) throws Http2Violation;

  /** END_STREAM has been written, after everything that was queued. */
  void onSent();

  /**
   * The stream died without our doing: the peer reset it, broke a rule on it, or the connection is
   * gone. Nothing is reported after this.
   *
   * @param code the peer's error code, or ours for its violation
   * @param cause who
   */
  void onDead(int code, Cause cause);

  void onWritable(boolean writable);

  /** End of a read loop in which the stream got something. */
  void onReadComplete();

  /** Why a stream died. */
  enum Cause {
    /** RST_STREAM. */
    PEER_RESET,
    /** The peer broke a rule; RST_STREAM has been written. */
    VIOLATION,
    /** The peer let its window closed for too long; RST_STREAM has been written. */
    STALLED,
    /** The peer's GOAWAY says that it will not process the stream. */
    NOT_PROCESSED,
    /** The connection ended. */
    CONNECTION
  }
}
