// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames into a buffer that leaves with the next flush, so that the frames of many streams
 * share one system call and one TLS record. Long DATA is handed on as a slice, except under TLS:
 * there one copy into full 16 KiB records is cheaper than letting the TLS handler merge pieces.
 */
final class FrameWriter {
  private static final int CHUNK = 16 * 1024;
  private static final int COPY_LIMIT = 2048;

  private final ChannelHandlerContext ctx;
  private final boolean copyAll;
  private @Nullable ByteBuf out;
  private int sizeHint = 512;

  FrameWriter(ChannelHandlerContext ctx, boolean secure) {
    this.ctx = ctx;
    this.copyAll = secure;
  }

  void data(int streamId, ByteBuf data, int length, boolean end) {
    header(length, Http2.DATA, end ? Http2.END_STREAM : 0, streamId);
    if (length == 0) {
      return;
    }
    if (!copyAll && length > COPY_LIMIT) {
      hand();
      ctx.write(data.readRetainedSlice(length), ctx.voidPromise());
      return;
    }
    put(data, length);
  }

  /** HEADERS, with as many CONTINUATIONs as the block needs. */
  void headers(int streamId, byte[] block, int length, boolean end) {
    int from = 0;
    int type = Http2.HEADERS;
    int flags = end ? Http2.END_STREAM : 0;
    while (length - from > Http2.MAX_FRAME) {
      header(Http2.MAX_FRAME, type, flags, streamId);
      put(block, from, Http2.MAX_FRAME);
      from += Http2.MAX_FRAME;
      type = Http2.CONTINUATION;
      flags = 0;
    }
    header(length - from, type, flags | Http2.END_HEADERS, streamId);
    put(block, from, length - from);
  }

  void reset(int streamId, int code) {
    header(4, Http2.RST_STREAM, 0, streamId);
    room(4).writeInt(code);
  }

  /** Pairs of identifier and value. */
  void settings(int... pairs) {
    header(pairs.length * 3, Http2.SETTINGS, 0, 0);
    for (int i = 0; i < pairs.length; i += 2) {
      room(6).writeShort(pairs[i]).writeInt(pairs[i + 1]);
    }
  }

  void settingsAck() {
    header(0, Http2.SETTINGS, Http2.ACK, 0);
  }

  void ping(long data, boolean ack) {
    header(8, Http2.PING, ack ? Http2.ACK : 0, 0);
    room(8).writeLong(data);
  }

  void goAway(int lastStreamId, int code) {
    header(8, Http2.GOAWAY, 0, 0);
    room(8).writeInt(lastStreamId).writeInt(code);
  }

  void windowUpdate(int streamId, int increment) {
    header(4, Http2.WINDOW_UPDATE, 0, streamId);
    room(4).writeInt(increment);
  }

  /** The client's connection preface, without its SETTINGS. */
  void preface() {
    put(Http2.PREFACE, 0, Http2.PREFACE.length);
  }

  /** Hands everything to the channel and flushes it. */
  void flush() {
    hand();
    ctx.flush();
  }

  /** Gives the buffer back when the connection is gone. */
  void release() {
    if (out != null) {
      out.release();
      out = null;
    }
  }

  private void header(int length, int type, int flags, int streamId) {
    ByteBuf b = room(Http2.FRAME_HEADER);
    b.writeMedium(length).writeByte(type).writeByte(flags).writeInt(streamId);
  }

  private void put(ByteBuf data, int length) {
    int left = length;
    while (left > 0) {
      ByteBuf b = room(1);
      int n = Math.min(left, CHUNK - b.writerIndex());
      b.writeBytes(data, n);
      left -= n;
    }
  }

  private void put(byte[] bytes, int from, int length) {
    int at = from;
    int left = length;
    while (left > 0) {
      ByteBuf b = room(1);
      int n = Math.min(left, CHUNK - b.writerIndex());
      b.writeBytes(bytes, at, n);
      at += n;
      left -= n;
    }
  }

  /** The buffer, with room for {@code n} more bytes below 16 KiB. */
  private ByteBuf room(int n) {
    ByteBuf b = out;
    if (b != null && b.writerIndex() + n > CHUNK) {
      hand();
      b = null;
    }
    if (b == null) {
      b = ctx.alloc().directBuffer(sizeHint);
      out = b;
    }
    return b;
  }

  private void hand() {
    ByteBuf b = out;
    if (b == null) {
      return;
    }
    out = null;
    int size = b.readableBytes();
    // Follows the usual size of a flush up at once and down slowly.
    sizeHint = Math.clamp(Math.max(size, sizeHint - (sizeHint >> 4)), 512, CHUNK);
    ctx.write(b, ctx.voidPromise());
  }
}
