// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.Errors;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.proxy.transport.EventLoops;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a {@link SplicePump}: reads from the source only when the sink has taken
 * everything before, so at most one buffer or one pipe of bytes is held.
 *
 * <p>A read that fills the buffer means bulk, and from then on splice is used until a burst ends in
 * small pieces: for a kilobyte two copies are cheaper than the pipe's extra system calls, for a
 * megabyte it is the other way round.
 */
final class SpliceDirection {
  private static final int BUFFER_BYTES = 16 * 1024;

  /** A pipe's default capacity: more is never taken by one splice. */
  private static final int SPLICE_BYTES = 64 * 1024;

  /** What one direction may move before other connections of the loop have their turn. */
  private static final int BYTES_PER_TURN = 1024 * 1024;

  private static final FastThreadLocal<ByteBuffer> BUFFER =
      new FastThreadLocal<>() {
        @Override
        protected ByteBuffer initialValue() {
          return ByteBuffer.allocateDirect(BUFFER_BYTES);
        }
      };

  private final Socket source;
  private final Socket sink;

  /** Read but not yet taken by the sink, oldest first. */
  private final Deque<ByteBuf> pending = new ArrayDeque<>(1);

  private @Nullable Pipe pipe;
  private int inPipe;
  private boolean bulk;
  private boolean readable;
  private boolean writable;

  /** The peer's FIN has been told; what it sent before may still be in the kernel. */
  private boolean finSeen;

  private boolean sourceEnded;

  /** The sink takes nothing any more: what comes is dropped. */
  private boolean deaf;

  private boolean over;
  private long carried;

  /** Bytes read and not passed on, because nobody takes them. */
  private long dropped;

  SpliceDirection(Socket source, Socket sink) {
    this.source = source;
    this.sink = sink;
  }

  /** Bytes the sink has taken. */
  long carried() {
    return carried;
  }

  /** True once the end of the source has been passed on, or there was nobody to pass it on to. */
  boolean isOver() {
    return over;
  }

  /**
   * True if the sink is gone in an orderly way: it had ended its own side before. What it said by
   * then is not touched by that; what comes from the source is read and dropped.
   */
  boolean isDeaf() {
    return deaf;
  }

  /** Bytes that come before everything read here. */
  void prepend(ByteBuf bytes) {
    pending.add(bytes);
  }

  void onSinkWritable() {
    writable = true;
  }

  void onSourceReadable(boolean fin) {
    readable = true;
    finSeen |= fin;
  }

  /**
   * Moves until the source is empty, the sink is full, or the turn is used up.
   *
   * @return true if there is more to do at once
   * @throws IOException when either socket is broken
   */
  boolean move() throws IOException {
    long end = carried + dropped + BYTES_PER_TURN;
    while (!over && carried + dropped < end) {
      if (!deaf && !drain()) {
        return false;
      }
      if (sourceEnded) {
        endSink();
        over = true;
      } else if (!readable) {
        return false;
      } else if (deaf || !(bulk && splice())) {
        copy();
      }
    }
    return !over;
  }

  private void endSink() throws IOException {
    if (deaf) {
      return;
    }
    try {
      sink.shutdown(false, true);
    } catch (NotYetConnectedException e) {
      // ENOTCONN: the sink has been reset meanwhile, and that is told on its own side if it
      // matters.
    }
  }

  /**
   * A write has failed. EPIPE says that the sink's peer had sent a FIN before its reset (the kernel
   * tells any other reset as what it is): it is gone for what we write, but what it has written is
   * whole.
   */
  private void onSinkFailed(Errors.NativeIoException e) throws IOException {
    if (e.expectedErr() != Errors.ERRNO_EPIPE_NEGATIVE) {
      throw e;
    }
    deaf = true;
    bulk = false;
    releaseHeld();
  }

  /** Writes what is held; false when the sink would not take all of it. */
  private boolean drain() throws IOException {
    try {
      return write();
    } catch (Errors.NativeIoException e) {
      onSinkFailed(e);
      return true;
    }
  }

  private boolean write() throws IOException {
    while (inPipe > 0) {
      Pipe from = pipe;
      if (!writable || from == null) {
        return false;
      }
      int moved = Native.splice(from.readEnd().intValue(), -1, sink.intValue(), -1, inPipe);
      if (moved == 0) {
        writable = false;
        return false;
      }
      inPipe -= moved;
      carried += moved;
    }
    for (ByteBuf first = pending.peek(); first != null; first = pending.peek()) {
      ByteBuffer bytes = first.internalNioBuffer(first.readerIndex(), first.readableBytes());
      int sent = writable ? sink.send(bytes, bytes.position(), bytes.limit()) : 0;
      if (sent <= 0) {
        writable = false;
        return false;
      }
      carried += sent;
      first.skipBytes(sent);
      if (!first.isReadable()) {
        pending.remove().release();
      }
    }
    return true;
  }

  /** Returns false if this read is to be a copy after all. */
  private boolean splice() throws IOException {
    Pipe into = pipe;
    if (into == null) {
      into = Pipe.take();
      if (into == null) {
        bulk = false;
        return false;
      }
      pipe = into;
    }
    int moved = Native.splice(source.intValue(), -1, into.writeEnd().intValue(), -1, SPLICE_BYTES);
    if (moved == 0) {
      // Empty or ended: splice does not say which. A copy does, and is due when there was a FIN.
      endBulk();
      readable = finSeen;
      return !finSeen;
    }
    inPipe = moved;
    return true;
  }

  private void endBulk() {
    bulk = false;
    Pipe empty = pipe;
    if (empty != null) {
      empty.giveBack();
      pipe = null;
    }
  }

  private void copy() throws IOException {
    ByteBuffer buffer = BUFFER.get();
    int read = source.recv(buffer, 0, BUFFER_BYTES);
    if (read < 0) {
      sourceEnded = true;
      return;
    }
    // A short read has emptied the socket; the next byte is a new edge. A FIN that was told already
    // is not told again, so it has to be read.
    readable = read == BUFFER_BYTES || finSeen && read > 0;
    if (deaf) {
      dropped += read;
      return;
    }
    bulk = read == BUFFER_BYTES;
    int sent = 0;
    if (read > 0 && writable) {
      try {
        sent = Math.max(0, sink.send(buffer, 0, read));
      } catch (Errors.NativeIoException e) {
        onSinkFailed(e);
        return;
      }
      carried += sent;
    }
    if (sent < read) {
      writable = false;
      ByteBuf rest = EventLoops.allocator().directBuffer(read - sent);
      rest.writeBytes(buffer.slice(sent, read - sent));
      pending.add(rest);
    }
  }

  /** Gives everything back; nothing is moved after this. */
  void release() {
    over = true;
    releaseHeld();
  }

  private void releaseHeld() {
    pending.forEach(ByteBuf::release);
    pending.clear();
    Pipe held = pipe;
    if (held != null) {
      pipe = null;
      if (inPipe == 0) {
        held.giveBack();
      } else {
        held.close();
        inPipe = 0;
      }
    }
  }
}
