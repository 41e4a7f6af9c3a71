// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * HPACK encoder (RFC 7541) for one direction of one connection. A field enters the dynamic table
 * when it is met for the second time, so values that never repeat (request ids, dates, lengths) do
 * not wash out those that do. Strings are never Huffman-coded: the table carries most of the saving
 * and a plain copy is cheaper than a bit stream.
 */
final class HpackEncoder {
  private static final int MAX_TABLE_BYTES = Http2.DEFAULT_TABLE_SIZE;
  private static final int RING = MAX_TABLE_BYTES / HpackField.OVERHEAD;
  private static final int HINTS = 512;

  // Entry number n (counted from 0, never reused) lives at n & (RING - 1).
  private final byte[][] entryText = new byte[RING][];
  private final int[] entryNameLength = new int[RING];
  private final int[] entryHash = new int[RING];
  private int inserted;
  private int entries;
  private int bytes;
  private int capacity = MAX_TABLE_BYTES;

  // By hash: the newest entry with it (number + 1), and the hash last seen. A clash only costs
  // compression; a hit is verified byte by byte.
  private final int[] newest = new int[HINTS];
  private final int[] seen = new int[HINTS];

  private boolean resized;
  private int smallestCapacity = MAX_TABLE_BYTES;

  private byte[] out = new byte[512];
  private int length;

  /** The block encoded so far. */
  byte[] array() {
    return out;
  }

  int length() {
    return length;
  }

  /** Begins a block; announces a changed table size first (section 4.2). */
  void begin() {
    length = 0;
    if (resized) {
      resized = false;
      if (smallestCapacity < capacity) {
        integer(0x20, 5, smallestCapacity);
      }
      integer(0x20, 5, capacity);
      smallestCapacity = capacity;
    }
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; we use at most 4096 bytes of it. */
  void setPeerTableSize(long size) {
    int wanted = (int) Math.min(size, MAX_TABLE_BYTES);
    if (wanted == capacity) {
      return;
    }
    resized = true;
    smallestCapacity = Math.min(smallestCapacity, wanted);
    capacity = wanted;
    evictTo(wanted);
  }

  /** Appends {@code :status}. */
  void status(int status) {
    int index =
        switch (status) {
          case 200 -> 8;
          case 204 -> 9;
          case 206 -> 10;
          case 304 -> 11;
          case 400 -> 12;
          case 404 -> 13;
          case 500 -> 14;
          default -> 0;
        };
    if (index != 0) {
      indexed(index);
      return;
    }
    room(8);
    integer(0, 4, HpackStaticTable.STATUS);
    out[length++] = 3;
    out[length++] = (byte) ('0' + status / 100);
    out[length++] = (byte) ('0' + status / 10 % 10);
    out[length++] = (byte) ('0' + status % 10);
  }

  /** Appends a field of the static table, name and value. */
  void indexed(int staticIndex) {
    room(6);
    integer(0x80, 7, staticIndex);
  }

  /** Appends a pseudo field; {@code remember} when its value is likely to repeat. */
  void pseudo(int staticNameIndex, String value, boolean remember) {
    byte[] v = value.getBytes(StandardCharsets.ISO_8859_1);
    HpackField name = HpackStaticTable.get(staticNameIndex);
    if (remember) {
      field(HeaderName.OTHER, staticNameIndex, name.line, 0, name.nameLength, v, 0, v.length);
    } else {
      literal(0, 4, staticNameIndex, name.line, 0, name.nameLength, v, 0, v.length);
    }
  }

  /** Appends a field of ASCII text with a lower-case name. */
  void field(String name, String value) {
    byte[] n = name.getBytes(StandardCharsets.US_ASCII);
    byte[] v = value.getBytes(StandardCharsets.ISO_8859_1);
    int id = HeaderName.idOf(n, 0, n.length);
    int staticIndex = HpackStaticTable.indexOfName(id, n, 0, n.length);
    field(id, staticIndex, n, 0, n.length, v, 0, v.length);
  }

  /** Appends field {@code i} of the block, its name in lower case. */
  void field(HeaderBlock block, int i) {
    byte[] a = block.array();
    int nameFrom = block.nameStart(i);
    int nameLength = block.nameEnd(i) - nameFrom;
    int valueFrom = block.valueStart(i);
    int valueLength = block.valueEnd(i) - valueFrom;
    byte[] name = a;
    if (hasUpperCase(a, nameFrom, nameLength)) {
      name = lower(a, nameFrom, nameLength);
      nameFrom = 0;
    }
    int id = block.id(i);
    int staticIndex = HpackStaticTable.indexOfName(id, name, nameFrom, nameLength);
    field(id, staticIndex, name, nameFrom, nameLength, a, valueFrom, valueLength);
  }

  private void field(
      int id,
      int staticIndex,
      byte[] name,
      int nameFrom,
      int nameLength,
      byte[] value,
      int valueFrom,
      int valueLength) {
    if (isSecret(id)) {
      // Never indexed, here or further on (section 7.1.3): guards against probing compression.
      literal(0x10, 4, staticIndex, name, nameFrom, nameLength, value, valueFrom, valueLength);
      return;
    }
    int size = nameLength + valueLength + HpackField.OVERHEAD;
    if (id == HeaderName.CONTENT_LENGTH || size > capacity / 4) {
      literal(0, 4, staticIndex, name, nameFrom, nameLength, value, valueFrom, valueLength);
      return;
    }
    int hash = hash(name, nameFrom, nameLength, 17);
    hash = hash(value, valueFrom, valueLength, hash);
    int slot = (hash ^ hash >>> 16) & (HINTS - 1);
    int number = newest[slot] - 1;
    if (number >= 0
        && inserted - number <= entries
        && matches(number, hash, name, nameFrom, nameLength, value, valueFrom, valueLength)) {
      room(6);
      integer(0x80, 7, HpackStaticTable.SIZE + (inserted - number));
    } else if (seen[slot] == hash) {
      literal(0x40, 6, staticIndex, name, nameFrom, nameLength, value, valueFrom, valueLength);
      byte[] text = new byte[nameLength + valueLength];
      System.arraycopy(name, nameFrom, text, 0, nameLength);
      System.arraycopy(value, valueFrom, text, nameLength, valueLength);
      insert(text, nameLength, hash, slot);
    } else {
      seen[slot] = hash;
      literal(0, 4, staticIndex, name, nameFrom, nameLength, value, valueFrom, valueLength);
    }
  }

  private static boolean isSecret(int id) {
    return id == HeaderName.AUTHORIZATION
        || id == HeaderName.COOKIE
        || id == HeaderName.SET_COOKIE
        || id == HeaderName.PROXY_AUTHORIZATION;
  }

  private boolean matches(
      int number,
      int hash,
      byte[] name,
      int nameFrom,
      int nameLength,
      byte[] value,
      int valueFrom,
      int valueLength) {
    int at = number & (RING - 1);
    byte[] text = entryText[at];
    return entryHash[at] == hash
        && entryNameLength[at] == nameLength
        && text.length == nameLength + valueLength
        && Arrays.equals(text, 0, nameLength, name, nameFrom, nameFrom + nameLength)
        && Arrays.equals(text, nameLength, text.length, value, valueFrom, valueFrom + valueLength);
  }

  private void insert(byte[] text, int nameLength, int hash, int slot) {
    int size = text.length + HpackField.OVERHEAD;
    evictTo(capacity - size);
    int at = inserted & (RING - 1);
    entryText[at] = text;
    entryNameLength[at] = nameLength;
    entryHash[at] = hash;
    inserted++;
    entries++;
    bytes += size;
    newest[slot] = inserted;
  }

  private void evictTo(int limit) {
    while (entries > 0 && bytes > limit) {
      bytes -= entryText[inserted - entries & (RING - 1)].length + HpackField.OVERHEAD;
      entries--;
    }
  }

  private void literal(
      int pattern,
      int prefixBits,
      int staticIndex,
      byte[] name,
      int nameFrom,
      int nameLength,
      byte[] value,
      int valueFrom,
      int valueLength) {
    room(nameLength + valueLength + 16);
    integer(pattern, prefixBits, staticIndex);
    if (staticIndex == 0) {
      integer(0, 7, nameLength);
      System.arraycopy(name, nameFrom, out, length, nameLength);
      length += nameLength;
    }
    integer(0, 7, valueLength);
    System.arraycopy(value, valueFrom, out, length, valueLength);
    length += valueLength;
  }

  /** Section 5.1. The caller made room for six bytes. */
  private void integer(int pattern, int prefixBits, int value) {
    int mask = (1 << prefixBits) - 1;
    if (value < mask) {
      out[length++] = (byte) (pattern | value);
      return;
    }
    out[length++] = (byte) (pattern | mask);
    int rest = value - mask;
    while (rest >= 0x80) {
      out[length++] = (byte) (rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    out[length++] = (byte) rest;
  }

  private void room(int extra) {
    if (out.length - length < extra) {
      out = Arrays.copyOf(out, Math.max(out.length * 2, length + extra));
    }
  }

  private static boolean hasUpperCase(byte[] a, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (a[i] >= 'A' && a[i] <= 'Z') {
        return true;
      }
    }
    return false;
  }

  private static byte[] lower(byte[] a, int from, int count) {
    byte[] b = new byte[count];
    for (int i = 0; i < count; i++) {
      byte c = a[from + i];
      b[i] = c >= 'A' && c <= 'Z' ? (byte) (c | 0x20) : c;
    }
    return b;
  }

  private static int hash(byte[] a, int from, int count, int seed) {
    int h = seed;
    for (int i = from; i < from + count; i++) {
      h = h * 31 + a[i];
    }
    return h;
  }
}
