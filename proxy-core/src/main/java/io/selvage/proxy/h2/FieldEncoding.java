// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HopByHop;

/** Which fields of a HeaderBlock may be said in HTTP/2. */
final class FieldEncoding {
  private FieldEncoding() {}

  /**
   * Encodes the fields that are kept and not connection-specific (RFC 9113 section 8.2.2).
   *
   * @param contentLength length of the body; -1 leaves the field out, because the body may differ
   *     from what the field said
   */
  static void encode(HpackEncoder encoder, HeaderBlock block, long contentLength) {
    encode(encoder, block, contentLength, -1);
  }

  /**
   * The same without one field, which is not dropped: another attempt may need it.
   *
   * @param except index of the field; -1 = none
   */
  static void encode(HpackEncoder encoder, HeaderBlock block, long contentLength, int except) {
    boolean length = false;
    for (int i = 0; i < block.count(); i++) {
      int id = block.id(i);
      if (i == except || block.isDropped(i) || !isEndToEnd(id)) {
        continue;
      }
      if (id == HeaderName.CONTENT_LENGTH) {
        if (length || contentLength < 0) {
          continue;
        }
        length = true;
      }
      encoder.field(block, i);
    }
    if (!length && contentLength >= 0) {
      encoder.field("content-length", Long.toString(contentLength));
    }
  }

  /** Encodes trailers. */
  static void encodeTrailers(HpackEncoder encoder, HeaderBlock block) {
    encode(encoder, block, -1);
  }

  /** False for connection-specific fields and Host, whose place :authority takes. */
  static boolean isEndToEnd(int id) {
    return id != HeaderName.HOST && !HopByHop.isHopByHop(id);
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
