// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import java.util.Arrays;

/**
 * Numbers that are mostly zero in few bytes: a bit for each place that is not zero, then these
 * numbers, seven bits a byte. One bucket of a busy pair takes twenty to thirty bytes where the bare
 * array takes 250.
 */
final class PackedCounts {
  /** All zero. */
  static final byte[] NONE = {};

  private static final int MAX_VARINT = 10;

  private PackedCounts() {}

  /**
   * @param counts none negative, at most 64
   */
  static byte[] pack(long[] counts) {
    long present = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        present |= 1L << i;
      }
    }
    if (present == 0) {
      return NONE;
    }
    var out = new byte[MAX_VARINT * (1 + Long.bitCount(present))];
    int length = put(out, 0, present);
    for (long count : counts) {
      if (count != 0) {
        length = put(out, length, count);
      }
    }
    return Arrays.copyOf(out, length);
  }

  /** Adds what is packed to {@code sums}. */
  static void addTo(byte[] packed, long[] sums) {
    if (packed.length == 0) {
      return;
    }
    var reader = new Reader(packed);
    long present = reader.next();
    while (present != 0) {
      int i = Long.numberOfTrailingZeros(present);
      sums[i] = Counts.plus(sums[i], reader.next());
      present &= present - 1;
    }
  }

  /** What is packed and some more. */
  static byte[] plus(byte[] packed, long[] more) {
    if (packed.length == 0) {
      return pack(more);
    }
    long[] sums = more.clone();
    addTo(packed, sums);
    return pack(sums);
  }

  private static int put(byte[] out, int at, long value) {
    int i = at;
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out[i++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    out[i++] = (byte) rest;
    return i;
  }

  private static final class Reader {
    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    long next() {
      long value = 0;
      int shift = 0;
      while (true) {
        byte b = bytes[at++];
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
        shift += 7;
      }
    }
  }
}
