// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;

/** Takes well-formed frames from the {@link FrameReader}, in order. */
interface FrameSink {
  /**
   * A DATA frame or, since long ones are passed on as they arrive, a part of one.
   *
   * @param data handed over
   * @param padding bytes that count for flow control beside the data
   * @param end END_STREAM, only with the last part
   */
  void onData(int streamId, ByteBuf data, int padding, boolean end) throws Http2Violation;

  /** A complete header block; the array is only valid during the call. */
  void onHeaders(int streamId, byte[] block, int length, boolean end) throws Http2Violation;

  /** A frame that only asks for attention: PRIORITY, or one of an unknown type. */
  void onIgnorable(int type) throws Http2Violation;

  void onReset(int streamId, int code) throws Http2Violation;

  /** One entry of a SETTINGS frame. */
  void onSetting(int id, long value) throws Http2Violation;

  void onSettingsEnd() throws Http2Violation;

  void onSettingsAck() throws Http2Violation;

  void onPing(long data, boolean ack) throws Http2Violation;

  void onGoAway(int lastStreamId, int code) throws Http2Violation;

  void onWindowUpdate(int streamId, int increment) throws Http2Violation;

  /** A stream broke a rule that leaves the connection whole. */
  void onStreamViolation(Http2Violation violation) throws Http2Violation;
}
