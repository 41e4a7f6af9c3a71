// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Cuts the byte stream into frames and checks what can be checked without knowing streams: sizes,
 * stream 0 or not, padding, and that nothing comes between HEADERS and its CONTINUATIONs. Payload
 * of DATA is passed on as it arrives; all other frames are awaited whole, at most 16 KiB.
 */
final class FrameReader {
  private final FrameSink sink;
  private final int maxContinuations;
  private final int maxBlockBytes;

  private int prefaceLeft;
  private boolean sawSettings;
  private boolean stopped;
  private long progress;

  // The DATA frame whose payload is arriving.
  private int dataStream;
  private int dataLeft;
  private boolean dataEnd;

  // The header block that is arriving; stream 0 when none.
  private int blockStream;
  private boolean blockEnd;
  private int blockFrames;
  private byte[] block = new byte[1024];
  private int blockLength;

  /**
   * @param server whether the peer is a client and must send the preface
   * @param maxBlockBytes compressed size of a header block beyond which the connection ends; a
   *     block that is only too long when decoded is answered with 431 instead
   */
  FrameReader(FrameSink sink, boolean server, int maxContinuations, int maxBlockBytes) {
    this.sink = sink;
    this.prefaceLeft = server ? Http2.PREFACE.length : 0;
    this.maxContinuations = maxContinuations;
    this.maxBlockBytes = maxBlockBytes;
  }

  /** True from the first byte of a header block until its last. */
  boolean isInHeaderBlock() {
    return blockStream != 0;
  }

  /** True once preface and first SETTINGS are in. */
  boolean isEstablished() {
    return sawSettings;
  }

  /** Rises with each frame that is done, but not within a header block. */
  long progress() {
    return progress;
  }

  /** Nothing more is read, also within {@link #read}. */
  void stop() {
    stopped = true;
  }

  /** Bytes the frame at the reader index needs in all, to size a buffer; 9 when unknown. */
  int wanted(ByteBuf in) {
    return in.readableBytes() < Http2.FRAME_HEADER
        ? Http2.FRAME_HEADER
        : Http2.FRAME_HEADER + in.getUnsignedMedium(in.readerIndex());
  }

  /** Reads as many frames as are complete; the rest stays readable. */
  void read(ByteBuf in) throws Http2Violation {
    if (prefaceLeft > 0 && !readPreface(in)) {
      return;
    }
    while (!stopped) {
      if (dataLeft > 0) {
        if (!in.isReadable()) {
          return;
        }
        readDataPart(in);
        continue;
      }
      if (in.readableBytes() < Http2.FRAME_HEADER || !readFrame(in)) {
        return;
      }
    }
  }

  private boolean readPreface(ByteBuf in) throws Http2Violation {
    while (prefaceLeft > 0) {
      if (!in.isReadable()) {
        return false;
      }
      if (in.readByte() != Http2.PREFACE[Http2.PREFACE.length - prefaceLeft]) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "bad_preface");
      }
      prefaceLeft--;
    }
    return true;
  }

  private boolean readFrame(ByteBuf in) throws Http2Violation {
    int start = in.readerIndex();
    int length = in.getUnsignedMedium(start);
    int type = in.getUnsignedByte(start + 3);
    int flags = in.getUnsignedByte(start + 4);
    int streamId = in.getInt(start + 5) & Integer.MAX_VALUE;
    checkSequence(type, flags, streamId);
    if (length > Http2.MAX_FRAME) {
      throw Http2Violation.connection(Http2.FRAME_SIZE_ERROR, "frame_too_large");
    }
    if (type == Http2.DATA && (flags & Http2.PADDED) == 0 && length > 0) {
      requireStream(streamId);
      in.skipBytes(Http2.FRAME_HEADER);
      dataStream = streamId;
      dataLeft = length;
      dataEnd = (flags & Http2.END_STREAM) != 0;
      return true;
    }
    if (in.readableBytes() < Http2.FRAME_HEADER + length) {
      return false;
    }
    in.skipBytes(Http2.FRAME_HEADER);
    int end = in.readerIndex() + length;
    try {
      dispatch(in, type, flags, streamId, length);
    } catch (Http2Violation v) {
      if (v.streamId() == 0) {
        throw v;
      }
      sink.onStreamViolation(v);
    } finally {
      in.readerIndex(end);
      if (blockStream == 0) {
        progress++;
      }
    }
    return true;
  }

  private void checkSequence(int type, int flags, int streamId) throws Http2Violation {
    if (!sawSettings) {
      // RFC 9113 section 3.4: the preface includes a SETTINGS frame.
      if (type != Http2.SETTINGS || (flags & Http2.ACK) != 0) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "settings_not_first");
      }
      sawSettings = true;
    }
    if (blockStream != 0 && (type != Http2.CONTINUATION || streamId != blockStream)) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "frame_within_header_block");
    }
  }

  private void readDataPart(ByteBuf in) throws Http2Violation {
    int n = Math.min(dataLeft, in.readableBytes());
    dataLeft -= n;
    progress++;
    ByteBuf part;
    if (n <= 1024 && in.capacity() > 4 * n) {
      // A slice would keep the whole read buffer alive for a few bytes.
      part = in.alloc().directBuffer(n).writeBytes(in, n);
    } else {
      part = in.readRetainedSlice(n);
    }
    try {
      sink.onData(dataStream, part, 0, dataEnd && dataLeft == 0);
    } catch (Http2Violation v) {
      if (v.streamId() == 0) {
        throw v;
      }
      sink.onStreamViolation(v);
    }
  }

  private void dispatch(ByteBuf in, int type, int flags, int streamId, int length)
      throws Http2Violation {
    switch (type) {
      case Http2.DATA -> readWholeData(in, flags, streamId, length);
      case Http2.HEADERS -> readHeaders(in, flags, streamId, length);
      case Http2.PRIORITY -> readPriority(in, streamId, length);
      case Http2.RST_STREAM -> {
        requireStream(streamId);
        requireLength(length == 4);
        sink.onReset(streamId, in.readInt());
      }
      case Http2.SETTINGS -> readSettings(in, flags, streamId, length);
      case Http2.PUSH_PROMISE ->
          // No client may push, and we tell servers not to.
          throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "push_promise");
      case Http2.PING -> {
        requireConnection(streamId);
        requireLength(length == 8);
        sink.onPing(in.readLong(), (flags & Http2.ACK) != 0);
      }
      case Http2.GOAWAY -> {
        requireConnection(streamId);
        requireLength(length >= 8);
        sink.onGoAway(in.readInt() & Integer.MAX_VALUE, in.readInt());
      }
      case Http2.WINDOW_UPDATE -> readWindowUpdate(in, streamId, length);
      case Http2.CONTINUATION -> readContinuation(in, flags, length);
      default -> sink.onIgnorable(type);
    }
  }

  private void readWholeData(ByteBuf in, int flags, int streamId, int length)
      throws Http2Violation {
    requireStream(streamId);
    int padding = padding(in, flags, length);
    int dataLength = length - padding;
    sink.onData(
        streamId, in.readRetainedSlice(dataLength), padding, (flags & Http2.END_STREAM) != 0);
  }

  /** Reads the pad length and returns the bytes that are not content, the length byte included. */
  private static int padding(ByteBuf in, int flags, int length) throws Http2Violation {
    if ((flags & Http2.PADDED) == 0) {
      return 0;
    }
    requireLength(length >= 1);
    int padding = in.readUnsignedByte() + 1;
    if (padding > length) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "padding_too_long");
    }
    return padding;
  }

  private void readHeaders(ByteBuf in, int flags, int streamId, int length) throws Http2Violation {
    requireStream(streamId);
    int padding = padding(in, flags, length);
    int left = length - padding;
    if ((flags & Http2.PRIORITY_FLAG) != 0) {
      requireLength(left >= 5);
      if ((in.readInt() & Integer.MAX_VALUE) == streamId) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "depends_on_itself");
      }
      in.skipBytes(1);
      left -= 5;
    }
    blockStream = streamId;
    blockEnd = (flags & Http2.END_STREAM) != 0;
    blockFrames = 0;
    blockLength = 0;
    append(in, left, flags);
  }

  private void readContinuation(ByteBuf in, int flags, int length) throws Http2Violation {
    if (blockStream == 0) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stray_continuation");
    }
    blockFrames++;
    if (blockFrames > maxContinuations) {
      throw Http2Violation.connection(Http2.ENHANCE_YOUR_CALM, "too_many_continuations");
    }
    append(in, length, flags);
  }

  private void append(ByteBuf in, int count, int flags) throws Http2Violation {
    if (blockLength + count > maxBlockBytes) {
      throw Http2Violation.connection(Http2.ENHANCE_YOUR_CALM, "header_block_too_large");
    }
    if (block.length < blockLength + count) {
      block = Arrays.copyOf(block, Math.max(block.length * 2, blockLength + count));
    }
    in.readBytes(block, blockLength, count);
    blockLength += count;
    if ((flags & Http2.END_HEADERS) == 0) {
      return;
    }
    int streamId = blockStream;
    blockStream = 0;
    sink.onHeaders(streamId, block, blockLength, blockEnd);
    if (block.length > 16 * 1024) {
      block = new byte[1024];
    }
  }

  private void readPriority(ByteBuf in, int streamId, int length) throws Http2Violation {
    requireStream(streamId);
    sink.onIgnorable(Http2.PRIORITY);
    if (length != 5) {
      throw Http2Violation.stream(streamId, Http2.FRAME_SIZE_ERROR, "frame_size");
    }
    if ((in.readInt() & Integer.MAX_VALUE) == streamId) {
      throw Http2Violation.stream(streamId, Http2.PROTOCOL_ERROR, "depends_on_itself");
    }
  }

  private void readSettings(ByteBuf in, int flags, int streamId, int length) throws Http2Violation {
    requireConnection(streamId);
    if ((flags & Http2.ACK) != 0) {
      requireLength(length == 0);
      sink.onSettingsAck();
      return;
    }
    requireLength(length % 6 == 0);
    for (int i = 0; i < length / 6; i++) {
      sink.onSetting(in.readUnsignedShort(), in.readUnsignedInt());
    }
    sink.onSettingsEnd();
  }

  private void readWindowUpdate(ByteBuf in, int streamId, int length) throws Http2Violation {
    requireLength(length == 4);
    int increment = in.readInt() & Integer.MAX_VALUE;
    if (increment == 0) {
      throw streamId == 0
          ? Http2Violation.connection(Http2.PROTOCOL_ERROR, "window_update_of_zero")
          : Http2Violation.stream(streamId, Http2.PROTOCOL_ERROR, "window_update_of_zero");
    }
    sink.onWindowUpdate(streamId, increment);
  }

  private static void requireStream(int streamId) throws Http2Violation {
    if (streamId == 0) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "frame_on_stream_0");
    }
  }

  private static void requireConnection(int streamId) throws Http2Violation {
    if (streamId != 0) {
      throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "connection_frame_on_stream");
    }
  }

  private static void requireLength(boolean ok) throws Http2Violation {
    if (!ok) {
      throw Http2Violation.connection(Http2.FRAME_SIZE_ERROR, "frame_size");
    }
  }
}
