// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import java.nio.charset.StandardCharsets;

/** Numbers of RFC 9113: frame types, flags, settings and error codes. */
final class Http2 {
  /** What a client sends first (RFC 9113 section 3.4). */
  static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** Bytes before a frame's payload: length (3), type, flags, stream (4). */
  static final int FRAME_HEADER = 9;

  /** The frame size every peer accepts; we announce no other. */
  static final int MAX_FRAME = 16_384;

  static final int DEFAULT_WINDOW = 65_535;
  static final int MAX_WINDOW = Integer.MAX_VALUE;
  static final int DEFAULT_TABLE_SIZE = 4096;

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 0x1;
  static final int ACK = 0x1;
  static final int END_HEADERS = 0x4;
  static final int PADDED = 0x8;
  static final int PRIORITY_FLAG = 0x20;

  static final int SETTINGS_HEADER_TABLE_SIZE = 1;
  static final int SETTINGS_ENABLE_PUSH = 2;
  static final int SETTINGS_MAX_CONCURRENT_STREAMS = 3;
  static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
  static final int SETTINGS_MAX_FRAME_SIZE = 5;
  static final int SETTINGS_MAX_HEADER_LIST_SIZE = 6;

  /** RFC 8441. */
  static final int SETTINGS_ENABLE_CONNECT_PROTOCOL = 8;

  static final int NO_ERROR = 0;
  static final int PROTOCOL_ERROR = 1;
  static final int INTERNAL_ERROR = 2;
  static final int FLOW_CONTROL_ERROR = 3;
  static final int SETTINGS_TIMEOUT = 4;
  static final int STREAM_CLOSED = 5;
  static final int FRAME_SIZE_ERROR = 6;
  static final int REFUSED_STREAM = 7;
  static final int CANCEL = 8;
  static final int COMPRESSION_ERROR = 9;
  static final int CONNECT_ERROR = 10;
  static final int ENHANCE_YOUR_CALM = 11;

  private Http2() {}
}
