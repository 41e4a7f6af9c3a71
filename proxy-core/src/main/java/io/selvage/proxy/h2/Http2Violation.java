// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

/**
 * The peer broke a rule. With stream 0 the connection ends by GOAWAY, otherwise the stream by
 * RST_STREAM. Carries no stack trace: hostile peers cause these at will.
 */
final class Http2Violation extends Exception {
  private static final long serialVersionUID = 1L;

  private final int streamId;
  private final int code;

  private Http2Violation(int streamId, int code, String reason) {
    super(reason, null, false, false);
    this.streamId = streamId;
    this.code = code;
  }

  static Http2Violation connection(int code, String reason) {
    return new Http2Violation(0, code, reason);
  }

  static Http2Violation stream(int streamId, int code, String reason) {
    return new Http2Violation(streamId, code, reason);
  }

  /** 0 when the whole connection is at fault. */
  int streamId() {
    return streamId;
  }

  /** Error code of RFC 9113 section 7. */
  int code() {
    return code;
  }

  /** Stable lower-case word. */
  String reason() {
    return String.valueOf(getMessage());
  }
}
