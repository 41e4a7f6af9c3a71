// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

/**
 * The string code of RFC 7541 appendix B. It is canonical, so the lengths alone define it. Decoding
 * walks a table of (state, next four bits), which emits at most one byte a step because no code is
 * shorter than five bits.
 */
final class HuffmanCode {
  private static final int EOS = 256;

  /** Code length in bits of each byte value, then of EOS. */
  private static final byte[] LENGTHS = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30
  };

  private static final int EMIT = 1 << 16;
  private static final int FAIL = 1 << 17;

  /** For state * 16 + nibble: next state (low 8 bits), symbol (8..15), EMIT, FAIL. */
  private static final int[] STEPS = new int[256 * 16];

  /** States in which the input may end: fewer than eight bits of padding, all ones. */
  private static final boolean[] MAY_END = new boolean[256];

  static {
    build();
  }

  private HuffmanCode() {}

  /**
   * Decodes {@code in[from, to)} to {@code out} at {@code at}; the caller provides room for 8/5 of
   * the input's length.
   *
   * @return the position after the last byte written, or -1 if the input is not a valid code: EOS
   *     inside, padding longer than seven bits or not of ones (RFC 7541 section 5.2)
   */
  static int decode(byte[] in, int from, int to, byte[] out, int at) {
    int state = 0;
    int p = at;
    for (int i = from; i < to; i++) {
      int step = STEPS[state << 4 | (in[i] & 0xf0) >> 4];
      if ((step & EMIT) != 0) {
        out[p++] = (byte) (step >> 8);
      }
      int failed = step;
      step = STEPS[(step & 0xff) << 4 | in[i] & 0x0f];
      if ((step & EMIT) != 0) {
        out[p++] = (byte) (step >> 8);
      }
      if (((failed | step) & FAIL) != 0) {
        return -1;
      }
      state = step & 0xff;
    }
    return MAY_END[state] ? p : -1;
  }

  private static void build() {
    // The tree: child[node * 2 + bit] is another inner node, or ~symbol for a leaf.
    int[] child = new int[257 * 2];
    int nodes = 1;
    int code = 0;
    for (int length = 1; length <= 30; length++) {
      code <<= 1;
      for (int symbol = 0; symbol <= EOS; symbol++) {
        if (LENGTHS[symbol] != length) {
          continue;
        }
        int node = 0;
        for (int bit = length - 1; bit > 0; bit--) {
          int at = node * 2 + (code >> bit & 1);
          if (child[at] == 0) {
            child[at] = nodes++;
          }
          node = child[at];
        }
        child[node * 2 + (code & 1)] = ~symbol;
        code++;
      }
    }
    for (int node = 0; node < nodes; node++) {
      for (int nibble = 0; nibble < 16; nibble++) {
        STEPS[node << 4 | nibble] = step(child, node, nibble);
      }
    }
    int node = 0;
    for (int ones = 0; ones < 8; ones++) {
      MAY_END[node] = true;
      node = child[node * 2 + 1];
      if (node < 0) {
        break;
      }
    }
  }

  private static int step(int[] child, int from, int nibble) {
    int node = from;
    int emitted = 0;
    for (int bit = 3; bit >= 0; bit--) {
      int next = child[node * 2 + (nibble >> bit & 1)];
      if (next < 0) {
        if (~next == EOS) {
          return FAIL;
        }
        emitted = EMIT | ~next << 8;
        next = 0;
      }
      node = next;
    }
    return emitted | node;
  }
}
