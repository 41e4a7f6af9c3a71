// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * HPACK decoder (RFC 7541) for one direction of one connection. Every header block of the
 * connection must pass through it, also those of streams nobody wants, or the table falls out of
 * step.
 */
final class HpackDecoder {
  /** Takes the fields of one block, in order. */
  interface FieldSink {
    /**
     * @param line {@code name: value CRLF} from position 0; valid during the call
     * @param kind verdict of {@link HpackField#classify}
     * @param field the table entry, when the field is or became one
     */
    void onField(
        byte[] line, int nameLength, int valueLength, int id, int kind, @Nullable HpackField field);
  }

  private static final int MAX_TABLE_BYTES = Http2.DEFAULT_TABLE_SIZE;

  // A ring, newest entry at (next - 1); at most MAX_TABLE_BYTES / 32 entries fit.
  private final HpackField[] ring = new HpackField[MAX_TABLE_BYTES / HpackField.OVERHEAD];
  private int next;
  private int entries;
  private int bytes;
  private int capacity = MAX_TABLE_BYTES;

  private byte[] line = new byte[512];
  private byte[] in = new byte[0];
  private int p;
  private int end;

  /**
   * Decodes one complete block. Work is linear in its length plus what its indexed fields hold.
   *
   * @throws Http2Violation COMPRESSION_ERROR, which always ends the connection
   */
  void decode(byte[] block, int from, int to, FieldSink sink) throws Http2Violation {
    in = block;
    p = from;
    end = to;
    boolean mayResize = true;
    while (p < end) {
      int b = in[p];
      if (b < 0) {
        HpackField f = entry(integer(7));
        sink.onField(f.line, f.nameLength, f.valueLength, f.id, f.kind, f);
      } else if ((b & 0x40) != 0) {
        literal(integer(6), true, sink);
      } else if ((b & 0x20) != 0) {
        // Only before the first field (section 4.2).
        if (!mayResize) {
          throw broken("late_table_size");
        }
        resize(integer(5));
        continue;
      } else {
        literal(integer(4), false, sink);
      }
      mayResize = false;
    }
    if (line.length > 16 * 1024) {
      line = new byte[512];
    }
  }

  private void literal(int nameIndex, boolean index, FieldSink sink) throws Http2Violation {
    int nameLength;
    if (nameIndex == 0) {
      nameLength = string(0);
    } else {
      HpackField f = entry(nameIndex);
      nameLength = f.nameLength;
      room(nameLength);
      System.arraycopy(f.line, 0, line, 0, nameLength);
    }
    room(nameLength + 2);
    line[nameLength] = ':';
    line[nameLength + 1] = ' ';
    int valueLength = string(nameLength + 2);
    int length = nameLength + 2 + valueLength;
    room(length + 2);
    line[length] = '\r';
    line[length + 1] = '\n';
    if (index) {
      HpackField f = new HpackField(Arrays.copyOf(line, length + 2), nameLength, valueLength);
      insert(f);
      sink.onField(f.line, nameLength, valueLength, f.id, f.kind, f);
    } else {
      sink.onField(
          line,
          nameLength,
          valueLength,
          io.selvage.proxy.http.HeaderName.idOf(line, 0, nameLength),
          HpackField.classify(line, nameLength, valueLength),
          null);
    }
  }

  /** Reads a string to {@code line[at...]} and returns its length. */
  private int string(int at) throws Http2Violation {
    if (p >= end) {
      throw broken("truncated_block");
    }
    boolean huffman = in[p] < 0;
    int length = integer(7);
    if (length > end - p) {
      throw broken("truncated_block");
    }
    int from = p;
    p += length;
    if (!huffman) {
      room(at + length);
      System.arraycopy(in, from, line, at, length);
      return length;
    }
    room(at + length * 8 / 5 + 1);
    int to = HuffmanCode.decode(in, from, p, line, at);
    if (to < 0) {
      throw broken("bad_huffman");
    }
    return to - at;
  }

  /** Section 5.1. Values beyond 2^21 are never needed here and refused. */
  private int integer(int prefixBits) throws Http2Violation {
    int mask = (1 << prefixBits) - 1;
    int value = in[p++] & mask;
    if (value < mask) {
      return value;
    }
    for (int shift = 0; shift <= 14; shift += 7) {
      if (p >= end) {
        throw broken("truncated_block");
      }
      int b = in[p++];
      value += (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw broken("integer_too_large");
  }

  private HpackField entry(int index) throws Http2Violation {
    if (index >= 1 && index <= HpackStaticTable.SIZE) {
      return HpackStaticTable.get(index);
    }
    int back = index - HpackStaticTable.SIZE;
    if (back < 1 || back > entries) {
      throw broken("bad_index");
    }
    return ring[Math.floorMod(next - back, ring.length)];
  }

  private void insert(HpackField f) {
    evictTo(capacity - f.size());
    if (f.size() <= capacity) {
      ring[next] = f;
      next = (next + 1) % ring.length;
      entries++;
      bytes += f.size();
    }
  }

  private void resize(int newCapacity) throws Http2Violation {
    if (newCapacity > MAX_TABLE_BYTES) {
      throw broken("table_size_beyond_setting");
    }
    capacity = newCapacity;
    evictTo(newCapacity);
  }

  @SuppressWarnings("NullAway") // a freed ring slot holds null and is never read
  private void evictTo(int limit) {
    while (entries > 0 && bytes > limit) {
      int oldest = Math.floorMod(next - entries, ring.length);
      bytes -= ring[oldest].size();
      ring[oldest] = null;
      entries--;
    }
  }

  private void room(int length) {
    if (line.length < length) {
      line = Arrays.copyOf(line, Math.max(line.length * 2, length));
    }
  }

  private static Http2Violation broken(String reason) {
    return Http2Violation.connection(Http2.COMPRESSION_ERROR, reason);
  }
}
