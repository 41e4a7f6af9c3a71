// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.selvage.model.mesh.MeshProtocol;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields of one protobuf message. Nothing is allocated before its length is known to be
 * there and within bounds. What nests is what the contract nests: unknown fields are jumped over as
 * a whole, and groups, which proto3 does not have, are refused.
 */
final class ProtoReader {
  private static final int MAX_FIELD = (1 << 29) - 1;

  private final @Nullable ProtoReader parent;
  private final String name;
  private final byte[] bytes;
  private final int limit;
  private int position;
  private int field;
  private int type;

  private ProtoReader(
      @Nullable ProtoReader parent, String name, byte[] bytes, int position, int limit) {
    this.parent = parent;
    this.name = name;
    this.bytes = bytes;
    this.position = position;
    this.limit = limit;
  }

  /**
   * @param name of the message, for errors
   */
  static ProtoReader of(String name, byte[] bytes) throws WireException {
    if (bytes.length > MeshProtocol.MAX_MESSAGE_BYTES) {
      throw new WireException(
          name + ": " + bytes.length + " bytes are above " + MeshProtocol.MAX_MESSAGE_BYTES);
    }
    return new ProtoReader(null, name, bytes, 0, bytes.length);
  }

  /** The number of the next field; 0 at the end. Its value must be read or skipped next. */
  int next() throws WireException {
    if (position == limit) {
      return 0;
    }
    long tag = varint("tag");
    type = (int) (tag & 7);
    if (tag >>> 3 == 0 || tag >>> 3 > MAX_FIELD) {
      throw error("tag", "not a field number");
    }
    field = (int) (tag >>> 3);
    return field;
  }

  /** Jumps over a field this version does not know. */
  void skip() throws WireException {
    String what = "field " + field;
    switch (type) {
      case 0 -> varint(what);
      case 1 -> advance(what, 8);
      case 2 -> advance(what, length(what, Integer.MAX_VALUE));
      case 5 -> advance(what, 4);
      default -> throw error(what, "wire type " + type + " is not one of proto3's");
    }
  }

  /** A number from {@code min} to {@code max}. */
  long number(String what, long min, long max) throws WireException {
    require(what, ProtoWriter.VARINT);
    return checked(what, varint(what), min, max);
  }

  /** 0 and more. */
  long count(String what) throws WireException {
    return number(what, 0, Long.MAX_VALUE);
  }

  int port(String what) throws WireException {
    return (int) number(what, 1, 65_535);
  }

  boolean bool(String what) throws WireException {
    return number(what, 0, 1) != 0;
  }

  /**
   * An enum whose value 0 means "not said".
   *
   * @throws WireException for 0 and for values of a later version: what depends on an enum must not
   *     be guessed, and senders know from Hello and Welcome what the other side understands
   */
  <E> E oneOf(String what, E[] values) throws WireException {
    return values[(int) number(what, 1, values.length) - 1];
  }

  String text(String what) throws WireException {
    return string(what, WireLimits.TEXT_BYTES);
  }

  String string(String what, int maxBytes) throws WireException {
    require(what, ProtoWriter.LENGTH);
    int length = length(what, maxBytes);
    int start = position;
    advance(what, length);
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, start, length)).toString();
    } catch (CharacterCodingException e) {
      throw error(what, "not UTF-8");
    }
  }

  byte[] bytes(String what, int max) throws WireException {
    require(what, ProtoWriter.LENGTH);
    int length = length(what, max);
    int start = position;
    advance(what, length);
    return Arrays.copyOfRange(bytes, start, position);
  }

  /** The fields of a nested message. */
  ProtoReader message(String what) throws WireException {
    require(what, ProtoWriter.LENGTH);
    int length = length(what, Integer.MAX_VALUE);
    int start = position;
    advance(what, length);
    return new ProtoReader(this, what, bytes, start, position);
  }

  /** Adds the numbers of a repeated field, packed or not. */
  void numbers(String what, long min, long max, int maxCount, List<Long> into)
      throws WireException {
    if (type == ProtoWriter.VARINT) {
      room(what, into.size(), maxCount);
      into.add(checked(what, varint(what), min, max));
      return;
    }
    ProtoReader packed = message(what);
    while (packed.position < packed.limit) {
      room(what, into.size(), maxCount);
      into.add(checked(what, packed.varint("element"), min, max));
    }
  }

  /** Refuses an element that would be one too many. */
  void room(String what, int size, int max) throws WireException {
    if (size >= max) {
      throw error(what, "more than " + max + " elements");
    }
  }

  /** A field that must be there. */
  <T> T present(String what, @Nullable T value) throws WireException {
    if (value == null) {
      throw error(what, "missing");
    }
    return value;
  }

  WireException error(String what, String problem) {
    var path = new StringBuilder(what);
    for (ProtoReader reader = this; reader != null; reader = reader.parent) {
      path.insert(0, reader.name + ".");
    }
    return new WireException(path + ": " + problem);
  }

  private long checked(String what, long value, long min, long max) throws WireException {
    if (value < min || value > max) {
      throw error(what, Long.toUnsignedString(value) + " is not within " + min + ".." + max);
    }
    return value;
  }

  private void require(String what, int wanted) throws WireException {
    if (type != wanted) {
      throw error(what, "wire type " + type + " instead of " + wanted);
    }
  }

  private int length(String what, int max) throws WireException {
    long length = varint(what);
    if (length < 0 || length > limit - position) {
      throw error(what, "longer than what is there");
    }
    if (length > max) {
      throw error(what, length + " bytes are above " + max);
    }
    return (int) length;
  }

  private void advance(String what, int length) throws WireException {
    if (length > limit - position) {
      throw error(what, "cut off");
    }
    position += length;
  }

  private long varint(String what) throws WireException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position == limit) {
        throw error(what, "cut off");
      }
      byte b = bytes[position++];
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        if (shift == 63 && b > 1) {
          break;
        }
        return value;
      }
    }
    throw error(what, "a number of more than 64 bits");
  }
}
