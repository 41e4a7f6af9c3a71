// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Fatal alerts sent in the clear, before there is a TLS engine (RFC 8446 section 6.2). */
public enum TlsAlert {
  DECODE_ERROR(50),
  INTERNAL_ERROR(80),
  UNRECOGNIZED_NAME(112);

  private final byte description;

  TlsAlert(int description) {
    this.description = (byte) description;
  }

  /** The alert's record: alert, TLS 1.2 on the wire, two bytes, fatal. */
  public ByteBuf record() {
    return Unpooled.wrappedBuffer(new byte[] {0x15, 3, 3, 0, 2, 2, description});
  }
}
