// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.FieldText;
import org.jspecify.annotations.Nullable;

/**
 * Takes chunked framing apart (RFC 9112 section 7.1): hex digits only, CRLF only, extensions
 * checked and dropped, each line bounded. It says where data lies; the caller slices it.
 *
 * <p>Confined to one event loop; reused by {@link #reset}.
 */
final class ChunkedDecoder {
  /** What {@link #next} found. */
  enum Event {
    /** All input is used up. */
    MORE,
    /** {@link #dataLength()} bytes at the reader index are data: take them, then ask again. */
    DATA,
    /** The last chunk: a trailer section follows, at least its empty line. */
    LAST,
    /** {@link #error()} says what; nothing behind this point can be trusted. */
    ERROR
  }

  private enum State {
    SIZE,
    EXTENSION,
    QUOTED,
    QUOTED_PAIR,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF
  }

  private State state = State.SIZE;
  private long left;
  private int digits;
  private int lineBytes;
  private int maxLineBytes;
  private int dataLength;
  private @Nullable String error;

  void reset(int chunkLineBytes) {
    state = State.SIZE;
    left = 0;
    digits = 0;
    lineBytes = 0;
    maxLineBytes = chunkLineBytes;
    error = null;
  }

  /** Length of the data an {@link Event#DATA} announced; the caller takes exactly that. */
  int dataLength() {
    return dataLength;
  }

  @Nullable String error() {
    return error;
  }

  Event next(ByteBuf in) {
    while (in.isReadable()) {
      if (state == State.DATA) {
        dataLength = (int) Math.min(left, in.readableBytes());
        left -= dataLength;
        if (left == 0) {
          state = State.DATA_CR;
        }
        return Event.DATA;
      }
      byte b = in.readByte();
      boolean ok =
          switch (state) {
            case DATA_CR -> expect(b, '\r', State.DATA_LF);
            case DATA_LF -> expect(b, '\n', State.SIZE);
            case SIZE_LF -> expect(b, '\n', left == 0 ? State.SIZE : State.DATA);
            default -> sizeLine(b);
          };
      if (!ok) {
        if (error == null) {
          error = "bad_chunk";
        }
        return Event.ERROR;
      }
      // A size line has just ended (SIZE_LF was left): zero is the last chunk.
      if (b == '\n' && digits > 0) {
        digits = 0;
        lineBytes = 0;
        if (state == State.SIZE) {
          return Event.LAST;
        }
      }
    }
    return Event.MORE;
  }

  private boolean expect(byte b, char wanted, State then) {
    state = then;
    return b == wanted;
  }

  private boolean sizeLine(byte b) {
    if (++lineBytes > maxLineBytes) {
      error = "chunk_line_too_long";
      return false;
    }
    return switch (state) {
      case SIZE -> size(b);
      case EXTENSION -> extension(b);
      case QUOTED -> {
        if (b == '"') {
          state = State.EXTENSION;
        } else if (b == '\\') {
          state = State.QUOTED_PAIR;
        }
        yield isPlain(b);
      }
      case QUOTED_PAIR -> {
        state = State.QUOTED;
        yield isPlain(b);
      }
      default -> false;
    };
  }

  private boolean size(byte b) {
    int digit = Character.digit((char) (b & 0xff), 16);
    if (digit >= 0) {
      // Fifteen digits stay far below 2^63; leading zeros count, or they would be free padding.
      left = left << 4 | digit;
      return b >= 0 && ++digits <= 15;
    }
    if (digits == 0) {
      return false;
    }
    state = b == ';' ? State.EXTENSION : State.SIZE_LF;
    return b == ';' || b == '\r';
  }

  private boolean extension(byte b) {
    if (b == '\r') {
      state = State.SIZE_LF;
      return true;
    }
    if (b == '"') {
      state = State.QUOTED;
      return true;
    }
    return b == ';'
        || b == '='
        || b == ' '
        || b == '\t'
        || FieldText.classOf(b) != FieldText.NO_TOKEN;
  }

  private static boolean isPlain(byte b) {
    return FieldText.isValueByte(b);
  }
}
