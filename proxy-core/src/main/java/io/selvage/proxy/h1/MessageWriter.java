// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.selvage.proxy.http.HeaderBlock;
import org.jspecify.annotations.Nullable;

/**
 * The writing half of a connection: head, body and chunk framing leave in as few buffers as
 * possible. The head waits for the first body bytes; small bodies are copied behind it so that one
 * {@code send} carries all, larger ones follow as they are. Nothing is flushed but by {@link
 * #flush}.
 */
final class MessageWriter {
  /** Up to here copying costs less than one more entry of a gathering write. */
  private static final int COPY_LIMIT = 4 * 1024;

  /** A waiting buffer is handed over once it holds this much. */
  private static final int PENDING_LIMIT = 16 * 1024;

  private final ChannelHandlerContext ctx;
  private @Nullable ByteBuf pending;
  private boolean chunked;

  MessageWriter(ChannelHandlerContext ctx) {
    this.ctx = ctx;
  }

  /**
   * A buffer for a head with room for {@code bodyBytes} (-1 = unknown) behind it, if they are few.
   */
  ByteBuf headBuffer(HeaderBlock fields, long bodyBytes) {
    int body = bodyBytes >= 0 && bodyBytes <= COPY_LIMIT ? (int) bodyBytes : 0;
    return ctx.alloc().buffer(HeadEncoder.estimate(fields) + body);
  }

  /** True if the body that follows is written in chunks. */
  boolean isChunked() {
    return chunked;
  }

  void head(ByteBuf head, boolean chunkedBody, boolean end) {
    chunked = chunkedBody;
    ByteBuf before = pending;
    pending = null;
    if (before != null) {
      write(before);
    }
    if (end) {
      write(head);
    } else {
      pending = head;
    }
  }

  void data(ByteBuf data, boolean end) {
    int size = data.readableBytes();
    if (size == 0 && !(end && chunked)) {
      data.release();
      if (end) {
        writePending();
      }
    } else if (size <= COPY_LIMIT && (pending != null || chunked)) {
      copy(data, size, end);
    } else if (chunked) {
      chunk(data, size, end);
    } else {
      writePending();
      write(data);
    }
  }

  void trailers(HeaderBlock trailers) {
    ByteBuf out = takePending(HeadEncoder.estimate(trailers));
    if (chunked) {
      HeadEncoder.trailers(out, trailers);
    }
    write(out);
  }

  /** What follows is a tunnel's: no chunks, whatever the message before was. */
  void unframed() {
    writePending();
    chunked = false;
  }

  void flush() {
    writePending();
    ctx.flush();
  }

  /** Gives up what was not written. */
  void discard() {
    ByteBuf out = pending;
    pending = null;
    if (out != null) {
      out.release();
    }
  }

  private void copy(ByteBuf data, int size, boolean end) {
    ByteBuf out = takePending(size + 32);
    if (chunked && size > 0) {
      HeadEncoder.chunkSize(out, size);
    }
    out.writeBytes(data);
    data.release();
    if (chunked) {
      if (size > 0) {
        HeadEncoder.crlf(out);
      }
      if (end) {
        HeadEncoder.lastChunk(out);
      }
    }
    if (end || out.readableBytes() >= PENDING_LIMIT) {
      write(out);
    } else {
      pending = out;
    }
  }

  private void chunk(ByteBuf data, int size, boolean end) {
    ByteBuf out = takePending(16);
    HeadEncoder.chunkSize(out, size);
    write(out);
    write(data);
    // The chunk's CRLF waits, to share a buffer with the next size line.
    ByteBuf tail = ctx.alloc().buffer(64);
    HeadEncoder.crlf(tail);
    if (end) {
      HeadEncoder.lastChunk(tail);
      write(tail);
    } else {
      pending = tail;
    }
  }

  private ByteBuf takePending(int capacity) {
    ByteBuf out = pending;
    pending = null;
    return out != null ? out : ctx.alloc().buffer(capacity);
  }

  private void writePending() {
    ByteBuf out = pending;
    if (out != null) {
      pending = null;
      write(out);
    }
  }

  private void write(ByteBuf out) {
    // A failed write surfaces as exceptionCaught, which closes the connection.
    ctx.write(out, ctx.voidPromise());
  }
}
