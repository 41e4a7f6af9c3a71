// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;

/** Which fields of a HeaderBlock may be said in HTTP/2. */
final class FieldEncoding {
  private FieldEncoding() {}

  /** Encodes the fields that are kept and not connection-specific (RFC 9113 section 8.2.2). */
  static void encode(HpackEncoder encoder, HeaderBlock block) {
    for (int i = 0; i < block.count(); i++) {
      if (!block.isDropped(i) && isEndToEnd(block.id(i))) {
        encoder.field(block, i);
      }
    }
  }

  /** False for connection-specific fields and Host, whose place :authority takes. */
  static boolean isEndToEnd(int id) {
    return switch (id) {
      case HeaderName.HOST,
          HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.PROXY_CONNECTION,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.UPGRADE,
          HeaderName.TE,
          HeaderName.HTTP2_SETTINGS ->
          false;
      default -> true;
    };
  }

  /** A copy of the kept fields, for a block that has to wait. */
  static HeaderBlock copyOf(HeaderBlock block) {
    var copy = new HeaderBlock(Math.max(64, block.length()), Math.max(4, block.count()));
    byte[] a = block.array();
    for (int i = 0; i < block.count(); i++) {
      if (!block.isDropped(i)) {
        copy.add(
            a, block.nameStart(i), block.nameEnd(i), a, block.valueStart(i), block.valueEnd(i));
      }
    }
    return copy;
  }
}
