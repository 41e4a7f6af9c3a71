// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Header fields as offsets over one byte array, in HTTP/1.1's own textual form ({@code name: value
 * CRLF}), whatever protocol they arrived by. Forwarding over HTTP/1.1 copies the kept runs in bulk;
 * HTTP/2 reads the slices. A field is removed by marking it dropped and added at the end, so a
 * block can be encoded again for another attempt.
 *
 * <p>Mutable, reused for many messages, confined to one event loop.
 */
public final class HeaderBlock {
  private static final int INTS_PER_FIELD = 5;
  private static final int LINE_START = 0;
  private static final int NAME_END = 1;
  private static final int VALUE_START = 2;
  private static final int VALUE_END = 3;
  private static final int LINE_END = 4;

  private byte[] bytes;
  private int length;
  private int[] fields;
  private byte[] ids;
  private boolean[] dropped;
  private int count;

  public HeaderBlock() {
    this(2048, 32);
  }

  public HeaderBlock(int byteCapacity, int fieldCapacity) {
    bytes = new byte[byteCapacity];
    fields = new int[fieldCapacity * INTS_PER_FIELD];
    ids = new byte[fieldCapacity];
    dropped = new boolean[fieldCapacity];
  }

  /** Forgets everything. The array is kept unless it grew beyond 16 KiB. */
  public void clear() {
    count = 0;
    length = 0;
    if (bytes.length > 16 * 1024) {
      bytes = new byte[2048];
    }
  }

  /** The backing array; valid until the block grows. */
  public byte[] array() {
    return bytes;
  }

  /** Bytes in use; a decoder that fills {@link #array()} itself sets it with {@link #setLength}. */
  public int length() {
    return length;
  }

  /**
   * Ensures room for {@code extra} more bytes after {@link #length()}; returns the array to fill.
   */
  public byte[] reserve(int extra) {
    if (bytes.length - length < extra) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + extra));
    }
    return bytes;
  }

  public void setLength(int newLength) {
    length = newLength;
  }

  /**
   * Declares a field whose text already stands in the array.
   *
   * @param lineStart first byte of the name
   * @param lineEnd just after the line's CRLF
   */
  public void declare(int lineStart, int nameEnd, int valueStart, int valueEnd, int lineEnd) {
    int id = HeaderName.idOf(bytes, lineStart, nameEnd);
    declare(lineStart, nameEnd, valueStart, valueEnd, lineEnd, id);
  }

  private void declare(
      int lineStart, int nameEnd, int valueStart, int valueEnd, int lineEnd, int id) {
    if (count == ids.length) {
      fields = Arrays.copyOf(fields, fields.length * 2);
      ids = Arrays.copyOf(ids, count * 2);
      dropped = Arrays.copyOf(dropped, count * 2);
    }
    int at = count * INTS_PER_FIELD;
    fields[at + LINE_START] = lineStart;
    fields[at + NAME_END] = nameEnd;
    fields[at + VALUE_START] = valueStart;
    fields[at + VALUE_END] = valueEnd;
    fields[at + LINE_END] = lineEnd;
    ids[count] = (byte) id;
    dropped[count] = false;
    count++;
  }

  /** Appends a field. The caller vouches that name and value are legal field text. */
  public void add(byte[] name, byte[] value) {
    add(name, 0, name.length, value, 0, value.length);
  }

  /** Appends a field from slices. The caller vouches that name and value are legal field text. */
  public void add(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
    int nameLength = nameTo - nameFrom;
    int valueLength = valueTo - valueFrom;
    reserve(nameLength + valueLength + 4);
    int start = length;
    System.arraycopy(name, nameFrom, bytes, start, nameLength);
    int p = start + nameLength;
    bytes[p++] = ':';
    bytes[p++] = ' ';
    int valueStart = p;
    System.arraycopy(value, valueFrom, bytes, p, valueLength);
    p += valueLength;
    bytes[p] = '\r';
    bytes[p + 1] = '\n';
    length = p + 2;
    declare(start, start + nameLength, valueStart, p, length);
  }

  /**
   * Appends a field whose whole line ({@code name: value CRLF}) stands at the start of {@code line}
   * and whose name is already recognised.
   *
   * @param id {@link HeaderName} number of the name
   */
  public void addLine(byte[] line, int nameLength, int valueLength, int id) {
    int lineLength = nameLength + valueLength + 4;
    reserve(lineLength);
    System.arraycopy(line, 0, bytes, length, lineLength);
    int start = length;
    length += lineLength;
    int valueStart = start + nameLength + 2;
    declare(start, start + nameLength, valueStart, valueStart + valueLength, length, id);
  }

  /** Appends a field of ASCII text. The caller vouches that it is legal field text. */
  public void add(String name, String value) {
    add(name.getBytes(StandardCharsets.US_ASCII), value.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Number of fields, dropped ones included. */
  public int count() {
    return count;
  }

  /** {@link HeaderName} number of field {@code i}. */
  public int id(int i) {
    return ids[i];
  }

  public boolean isDropped(int i) {
    return dropped[i];
  }

  /** Leaves the field out of what is sent; its bytes stay. */
  public void drop(int i) {
    dropped[i] = true;
  }

  /** Drops all fields with this number. Returns how many. */
  public int dropAll(int id) {
    int n = 0;
    for (int i = 0; i < count; i++) {
      if (ids[i] == id && !dropped[i]) {
        dropped[i] = true;
        n++;
      }
    }
    return n;
  }

  /** Drops all fields with this lower-case name. Returns how many. */
  public int dropAll(byte[] lowerName) {
    int n = 0;
    for (int i = 0; i < count; i++) {
      if (!dropped[i] && nameEquals(i, lowerName)) {
        dropped[i] = true;
        n++;
      }
    }
    return n;
  }

  /** Index of the first field with this number that is not dropped, or -1. */
  public int indexOf(int id) {
    for (int i = 0; i < count; i++) {
      if (ids[i] == id && !dropped[i]) {
        return i;
      }
    }
    return -1;
  }

  /** Index of the first field at or after {@code from} with this lower-case name, or -1. */
  public int indexOf(byte[] lowerName, int from) {
    for (int i = from; i < count; i++) {
      if (!dropped[i] && nameEquals(i, lowerName)) {
        return i;
      }
    }
    return -1;
  }

  public boolean nameEquals(int i, byte[] lowerName) {
    int at = i * INTS_PER_FIELD;
    return HeaderName.equalsIgnoreCase(
        lowerName, bytes, fields[at], fields[at + NAME_END] - fields[at]);
  }

  public int nameStart(int i) {
    return fields[i * INTS_PER_FIELD];
  }

  public int nameEnd(int i) {
    return fields[i * INTS_PER_FIELD + NAME_END];
  }

  public int valueStart(int i) {
    return fields[i * INTS_PER_FIELD + VALUE_START];
  }

  public int valueEnd(int i) {
    return fields[i * INTS_PER_FIELD + VALUE_END];
  }

  /** First byte of the field's line. */
  public int lineStart(int i) {
    return fields[i * INTS_PER_FIELD];
  }

  /** Just after the field's CRLF. */
  public int lineEnd(int i) {
    return fields[i * INTS_PER_FIELD + LINE_END];
  }

  public String name(int i) {
    return new String(bytes, nameStart(i), nameEnd(i) - nameStart(i), StandardCharsets.ISO_8859_1);
  }

  public String value(int i) {
    return new String(
        bytes, valueStart(i), valueEnd(i) - valueStart(i), StandardCharsets.ISO_8859_1);
  }

  /** Value of the first field with this number that is not dropped, or null. */
  public @Nullable String valueOf(int id) {
    int i = indexOf(id);
    return i < 0 ? null : value(i);
  }

  @Override
  public String toString() {
    var b = new StringBuilder();
    for (int i = 0; i < count; i++) {
      if (!dropped[i]) {
        b.append(name(i)).append(": ").append(value(i)).append('\n');
      }
    }
    return b.toString();
  }
}
