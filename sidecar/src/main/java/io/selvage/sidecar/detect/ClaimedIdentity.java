// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

import io.netty.buffer.ByteBuf;
import io.selvage.model.mesh.MeshProtocol;
import java.nio.charset.StandardCharsets;

/**
 * Finds a line that begins with {@code selvage-client-id} and a colon in the bytes of a client,
 * however they are cut into pieces. What a server takes for a request is its own affair: there are
 * those that take any bytes for a method, any for a version, or do without one. What they have in
 * common is that a field begins a line.
 *
 * <p>As generous as such servers are: capital letters, blanks around the name, any sign for a
 * hyphen (RFC 3875 section 4.1.18 makes underscores of them), a carriage return alone for the end
 * of a line. Remembers two numbers instead of the bytes.
 */
final class ClaimedIdentity {
  private static final byte[] NAME =
      MeshProtocol.CLIENT_ID_FIELD.getBytes(StandardCharsets.US_ASCII);

  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGH_BITS = ONES << 7;
  private static final long LINE_FEEDS = ONES * '\n';
  private static final long RETURNS = ONES * '\r';

  /** Within a line that begins with something else. */
  private static final int ELSEWHERE = -1;

  /** Bytes of the name that this line has begun with; the name's length = only the colon lacks. */
  private int matched;

  private boolean found;

  /**
   * Looks at more bytes, without consuming them.
   *
   * @param from index of the first byte not looked at before
   * @param to behind the last
   * @return whether there was such a line, now or before
   */
  boolean look(ByteBuf bytes, int from, int to) {
    for (int i = from; i < to && !found; i++) {
      if (matched == ELSEWHERE) {
        i = lineEnd(bytes, i, to);
      } else if (matched == 0) {
        i = zerosEnd(bytes, i, to);
      }
      if (i == to) {
        break;
      }
      next(bytes.getByte(i) & 0xff);
    }
    return found;
  }

  /**
   * Index of the next line feed or carriage return, {@code to} if there is none. Nearly all bytes
   * that are carried are passed over here, so eight are looked at in one go.
   */
  private static int lineEnd(ByteBuf bytes, int from, int to) {
    int i = from;
    while (i + Long.BYTES <= to) {
      long eight = bytes.getLong(i);
      if ((zeros(eight ^ LINE_FEEDS) | zeros(eight ^ RETURNS)) != 0) {
        break;
      }
      i += Long.BYTES;
    }
    while (i < to && !isLineEnd(bytes.getByte(i))) {
      i++;
    }
    return i;
  }

  /** Zeros are blanks; files are full of them. */
  private static int zerosEnd(ByteBuf bytes, int from, int to) {
    int i = from;
    while (i + Long.BYTES <= to && bytes.getLong(i) == 0) {
      i += Long.BYTES;
    }
    return i;
  }

  /** Not 0 if one of eight bytes is. */
  private static long zeros(long eight) {
    return (eight - ONES) & ~eight & HIGH_BITS;
  }

  private static boolean isLineEnd(int b) {
    return b == '\n' || b == '\r';
  }

  private void next(int b) {
    if (isLineEnd(b)) {
      matched = 0;
    } else if (matched == NAME.length) {
      found = b == ':';
      if (!isBlank(b)) {
        matched = ELSEWHERE;
      }
    } else if (matched != ELSEWHERE && !(matched == 0 && isBlank(b))) {
      matched = continues(NAME[matched], b) ? matched + 1 : ELSEWHERE;
    }
  }

  private static boolean continues(byte expected, int b) {
    return expected == '-' ? isSign(b) : (b | 0x20) == expected;
  }

  private static boolean isSign(int b) {
    return b > 0x20
        && b != ':'
        && !(b >= '0' && b <= '9')
        && !(b >= 'A' && b <= 'Z')
        && !(b >= 'a' && b <= 'z');
  }

  /** Everything some server skips: control characters, and what Latin-1 has for blanks. */
  private static boolean isBlank(int b) {
    return b <= 0x20 || b == 0x7f || b == 0x85 || b == 0xa0;
  }
}
