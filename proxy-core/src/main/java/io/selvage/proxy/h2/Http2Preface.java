// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;

/** Recognises a client that speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3). */
public final class Http2Preface {
  /** Bytes that decide: {@code PRI * HTTP/2.0}, which no HTTP/1 request line begins with. */
  private static final int DECISIVE = 14;

  /** What the first bytes say. */
  public enum Match {
    YES,
    NO,
    /** So far the same; more bytes are needed. */
    MORE
  }

  private Http2Preface() {}

  /** Looks at the readable bytes without consuming them. */
  public static Match matches(ByteBuf in) {
    int n = Math.min(in.readableBytes(), DECISIVE);
    for (int i = 0; i < n; i++) {
      if (in.getByte(in.readerIndex() + i) != Http2.PREFACE[i]) {
        return Match.NO;
      }
    }
    return n == DECISIVE ? Match.YES : Match.MORE;
  }
}
