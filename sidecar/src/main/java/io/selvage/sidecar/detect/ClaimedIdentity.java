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
      next(bytes.getByte(i) & 0xff);
    }
    return found;
  }

  private void next(int b) {
    if (b == '\n' || b == '\r') {
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
