// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;

/**
 * Recognises the first frame of an HTTP/2 server (RFC 9113, sections 3.4 and 6.5). It needs no
 * client to be sent, so it says nothing of who speaks first.
 */
final class ServerSettings {
  private static final int FRAME_HEADER = 9;

  /** Bytes of one setting. */
  private static final int SETTING = 6;

  private static final int TYPE = 4;

  private ServerSettings() {}

  /** Whether {@code bytes} begin with the header of a SETTINGS frame that is no acknowledgement. */
  static boolean begin(ByteBuf bytes) {
    if (bytes.readableBytes() < FRAME_HEADER) {
      return false;
    }
    int at = bytes.readerIndex();
    int length = bytes.getUnsignedMedium(at);
    int type = bytes.getUnsignedByte(at + 3);
    int flags = bytes.getUnsignedByte(at + 4);
    int stream = bytes.getInt(at + 5);
    return length % SETTING == 0 && type == TYPE && flags == 0 && stream == 0;
  }
}
