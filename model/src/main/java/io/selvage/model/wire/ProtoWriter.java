// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.selvage.model.mesh.MeshProtocol;
import java.util.Arrays;
import java.util.function.BiConsumer;

/**
 * Writes one protobuf message. Fields that have their default value are left out, as proto3 wants
 * it.
 */
final class ProtoWriter {
  static final int VARINT = 0;
  static final int LENGTH = 2;

  private byte[] buffer = new byte[256];
  private int size;

  /**
   * @throws IllegalArgumentException if the message is larger than a receiver accepts: a fault of
   *     the sender, which has to split what it says
   */
  byte[] toBytes() {
    if (size > MeshProtocol.MAX_MESSAGE_BYTES) {
      throw new IllegalArgumentException(
          "a message of " + size + " bytes is above " + MeshProtocol.MAX_MESSAGE_BYTES);
    }
    return Arrays.copyOf(buffer, size);
  }

  ProtoWriter uint(int field, long value) {
    if (value != 0) {
      tag(field, VARINT);
      varint(value);
    }
    return this;
  }

  ProtoWriter bool(int field, boolean value) {
    return uint(field, value ? 1 : 0);
  }

  ProtoWriter string(int field, String value) {
    return value.isEmpty() ? this : element(field, value);
  }

  /** A string that is written even if it is empty: an element of a repeated field. */
  ProtoWriter element(int field, String value) {
    byte[] utf8 = value.getBytes(UTF_8);
    tag(field, LENGTH);
    varint(utf8.length);
    raw(utf8, utf8.length);
    return this;
  }

  ProtoWriter bytes(int field, byte[] value) {
    if (value.length > 0) {
      tag(field, LENGTH);
      varint(value.length);
      raw(value, value.length);
    }
    return this;
  }

  /** A nested message, written even if all its fields have their defaults. */
  <T> ProtoWriter message(int field, T value, BiConsumer<ProtoWriter, T> fields) {
    tag(field, LENGTH);
    int start = size;
    fields.accept(this, value);
    int length = size - start;
    int prefix = varintSize(length);
    ensure(prefix);
    System.arraycopy(buffer, start, buffer, start + prefix, length);
    size = start;
    varint(length);
    size += length;
    return this;
  }

  <T> ProtoWriter messages(int field, Iterable<T> values, BiConsumer<ProtoWriter, T> fields) {
    for (T value : values) {
      message(field, value, fields);
    }
    return this;
  }

  ProtoWriter strings(int field, Iterable<String> values) {
    for (String value : values) {
      element(field, value);
    }
    return this;
  }

  /** Packed, as proto3 does by default. */
  ProtoWriter packed(int field, Iterable<? extends Number> values) {
    if (!values.iterator().hasNext()) {
      return this;
    }
    return message(
        field,
        values,
        (writer, numbers) -> {
          for (Number number : numbers) {
            writer.varint(number.longValue());
          }
        });
  }

  private void tag(int field, int type) {
    varint((long) field << 3 | type);
  }

  private void varint(long value) {
    ensure(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      buffer[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    buffer[size++] = (byte) rest;
  }

  private static int varintSize(int value) {
    return value == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(value)) / 7;
  }

  private void raw(byte[] value, int length) {
    ensure(length);
    System.arraycopy(value, 0, buffer, size, length);
    size += length;
  }

  private void ensure(int more) {
    if (size + more > buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.max(size + more, 2 * buffer.length));
    }
  }
}
