// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One stream's windows, send queue and half-closed states (RFC 9113 section 5), the same for both
 * roles. Confined to the connection's event loop.
 */
final class Http2Stream {
  private final Http2Connection connection;
  private final int id;
  private final StreamEvents events;

  // Receiving.
  private int receiveWindow;
  private int unacknowledged;
  private int held;
  private boolean readable = true;
  private boolean remoteEnded;
  private boolean touched;

  // Sending. The queue exists only once a window or the socket was full.
  private int sendWindow;
  private @Nullable ArrayDeque<ByteBuf> queue;
  private int queued;
  private boolean endQueued;
  private @Nullable HeaderWriter queuedTrailers;
  private boolean inReadyList;
  private boolean blocked;
  private boolean localEnded;
  private long progressNanos;

  private boolean closed;
  private boolean dead;

  /** Encodes a header block into the connection's encoder when its turn has come. */
  interface HeaderWriter {
    void encode(HpackEncoder encoder);
  }

  Http2Stream(Http2Connection connection, int id, StreamEvents events) {
    this.connection = connection;
    this.id = id;
    this.events = events;
    this.receiveWindow = connection.limits().streamWindow();
    this.sendWindow = connection.peer().initialWindow();
  }

  int id() {
    return id;
  }

  StreamEvents events() {
    return events;
  }

  boolean isClosed() {
    return closed;
  }

  boolean isRemoteEnded() {
    return remoteEnded;
  }

  boolean isLocalEnded() {
    return localEnded;
  }

  /** Bytes that wait for the peer's window or the socket. */
  int queued() {
    return queued;
  }

  // ---- receiving

  /**
   * A part of a DATA frame.
   *
   * @param padding counts for flow control only
   */
  void receive(ByteBuf data, int padding, boolean end) throws Http2Violation {
    int bytes = data.readableBytes() + padding;
    if (bytes > receiveWindow) {
      data.release();
      connection.consumed(bytes);
      throw Http2Violation.stream(id, Http2.FLOW_CONTROL_ERROR, "stream_window_exceeded");
    }
    receiveWindow -= bytes;
    markTouched();
    if (end) {
      remoteEnded = true;
    }
    try {
      events.onData(data, end);
    } finally {
      // Asked after the sink has had its say: what it took in spite of a pause is paid for later.
      if (readable || closed) {
        acknowledge(bytes);
      } else {
        held += bytes;
      }
    }
    closeIfDone();
  }

  /**
   * END_STREAM came with a header block. {@link #settle()} follows once the block has been passed
   * on.
   */
  void remoteEnd() {
    remoteEnded = true;
    markTouched();
  }

  /** Closes the stream if both sides have ended. */
  void settle() {
    closeIfDone();
  }

  void markTouched() {
    if (!touched) {
      touched = true;
      connection.touched(this);
    }
  }

  void readComplete() {
    touched = false;
    if (!dead) {
      events.onReadComplete();
    }
  }

  void setReadable(boolean wanted) {
    readable = wanted;
    if (wanted && held > 0) {
      int bytes = held;
      held = 0;
      acknowledge(bytes);
      connection.requestFlush();
    }
  }

  boolean isReadable() {
    return readable;
  }

  private void acknowledge(int bytes) {
    connection.consumed(bytes);
    unacknowledged += bytes;
    if (!remoteEnded && !closed && unacknowledged >= connection.limits().streamWindow() / 2) {
      connection.writer().windowUpdate(id, unacknowledged);
      receiveWindow += unacknowledged;
      unacknowledged = 0;
      connection.requestFlush();
    }
  }

  // ---- sending

  /** Sends a header block at once; nothing may be queued before it. */
  void sendHeaders(HeaderWriter headers, boolean end) {
    if (closed || localEnded || endQueued) {
      return;
    }
    connection.writeHeaders(id, headers, end);
    if (end) {
      localEnd();
    }
  }

  void sendTrailers(HeaderWriter trailers) {
    if (closed || localEnded || endQueued) {
      return;
    }
    if (queued > 0) {
      queuedTrailers = trailers;
      endQueued = true;
      return;
    }
    sendHeaders(trailers, true);
  }

  void sendData(ByteBuf data, boolean end) {
    if (closed || localEnded || endQueued) {
      data.release();
      return;
    }
    if (queued == 0 && connection.schedule().isFree()) {
      write(data, Integer.MAX_VALUE, end);
    }
    if (localEnded || closed) {
      data.release();
    } else if (data.isReadable() || (end && queued > 0)) {
      enqueue(data, end);
    } else {
      data.release();
      if (end) {
        connection.writeEmptyEnd(id);
        localEnd();
      }
    }
  }

  private void enqueue(ByteBuf data, boolean end) {
    endQueued = end;
    if (!data.isReadable()) {
      data.release();
      return;
    }
    ArrayDeque<ByteBuf> q = queue;
    if (q == null) {
      q = new ArrayDeque<>(4);
      queue = q;
    }
    if (queued == 0) {
      progressNanos = System.nanoTime();
    }
    q.add(data);
    queued += data.readableBytes();
    connection.schedule().onQueued(data.readableBytes());
    connection.schedule().add(this);
  }

  /** Writes what the windows allow of {@code data}, at most {@code limit} bytes. */
  private void write(ByteBuf data, int limit, boolean end) {
    int left = limit;
    while (data.isReadable() && left > 0) {
      int n = Math.min(Math.min(data.readableBytes(), left), Http2.MAX_FRAME);
      n = Math.min(n, Math.min(sendWindow, connection.schedule().window()));
      if (n <= 0) {
        return;
      }
      sendWindow -= n;
      left -= n;
      boolean last = end && n == data.readableBytes();
      connection.writeData(id, data, n, last);
      if (last) {
        localEnd();
      }
    }
  }

  /** Whether the queue could move if connection and socket let it. */
  boolean canSend() {
    return queued > 0 && sendWindow > 0 && !closed;
  }

  /** Writes about one frame from the queue. */
  void pump(long now) {
    ArrayDeque<ByteBuf> q = requireNonNull(queue);
    int budget = Http2.MAX_FRAME;
    while (budget > 0 && !closed) {
      ByteBuf head = q.peek();
      if (head == null) {
        break;
      }
      int before = head.readableBytes();
      write(head, budget, endQueued && queuedTrailers == null && q.size() == 1);
      int written = before - head.readableBytes();
      if (written == 0) {
        break;
      }
      progressNanos = now;
      budget -= written;
      // Closing in write() has emptied the queue already.
      if (closed) {
        return;
      }
      queued -= written;
      connection.schedule().onDequeued(written);
      if (!head.isReadable()) {
        q.remove();
        head.release();
      }
    }
    if (queued == 0 && endQueued && !localEnded && queuedTrailers != null) {
      connection.writeHeaders(id, queuedTrailers, true);
      localEnd();
    }
  }

  boolean isWritable() {
    boolean writable =
        queued < connection.limits().queueHigh() && !connection.schedule().isFull() && !closed;
    if (!writable) {
      blocked = true;
    }
    return writable;
  }

  /** Clears the blocked mark if the sender may go on; true if it was set. */
  boolean relieve() {
    if (blocked && queued <= connection.limits().queueLow() && !connection.schedule().isFull()) {
      blocked = false;
      return true;
    }
    return false;
  }

  /** WINDOW_UPDATE, or a changed initial window (which may make it negative). */
  boolean adjustSendWindow(long delta) {
    long window = sendWindow + delta;
    if (window > Http2.MAX_WINDOW) {
      return false;
    }
    sendWindow = (int) window;
    return true;
  }

  boolean isInReadyList() {
    return inReadyList;
  }

  void setInReadyList(boolean in) {
    inReadyList = in;
  }

  /** nanoTime at which queued data last moved. */
  long progressNanos() {
    return progressNanos;
  }

  private void localEnd() {
    localEnded = true;
    closeIfDone();
    events.onSent();
  }

  // ---- ending

  private void closeIfDone() {
    if (localEnded && remoteEnded && !closed) {
      close();
    }
  }

  /** Forgets the stream; queued data is dropped, withheld window goes back to the connection. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (held > 0) {
      connection.consumed(held);
      held = 0;
    }
    if (queue != null) {
      for (ByteBuf b : queue) {
        b.release();
      }
      queue.clear();
      int dropped = queued;
      queued = 0;
      connection.schedule().onDropped(dropped);
    }
    connection.remove(this);
  }

  /** RST_STREAM with our code, without telling the events. */
  void reset(int code) {
    if (!closed) {
      dead = true;
      connection.writeReset(id, code);
      close();
    }
  }

  /** The stream is over without our doing; the events hear of it. */
  void die(int code, StreamEvents.Cause cause) {
    if (!closed) {
      dead = true;
      close();
      events.onDead(code, cause);
    }
  }
}
