// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import java.util.ArrayDeque;
import java.util.ArrayList;

/**
 * The order in which streams with queued data may write, the connection's send window, and the
 * bound on what all of them hold together. Confined to the connection's event loop.
 */
final class SendSchedule {
  private final Http2Connection connection;
  private final int connectionQueue;
  private final ArrayDeque<Http2Stream> ready = new ArrayDeque<>();
  private int window = Http2.DEFAULT_WINDOW;
  private long queuedBytes;
  private boolean wasFull;
  private boolean pumping;
  private boolean reliefScheduled;

  SendSchedule(Http2Connection connection, int connectionQueue) {
    this.connection = connection;
    this.connectionQueue = connectionQueue;
  }

  /** Bytes the peer lets the whole connection send. */
  int window() {
    return window;
  }

  void use(int bytes) {
    window -= bytes;
  }

  /** WINDOW_UPDATE of the connection. */
  void open(int increment) throws Http2Violation {
    if ((long) window + increment > Http2.MAX_WINDOW) {
      throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "window_overflow");
    }
    window += increment;
    pump();
  }

  /** True if nobody waits before a sender that has something now. */
  boolean isFree() {
    return ready.isEmpty() && !pumping && connection.isChannelWritable();
  }

  boolean isFull() {
    boolean full = queuedBytes >= connectionQueue;
    wasFull |= full;
    return full;
  }

  boolean isEmpty() {
    return queuedBytes == 0;
  }

  void onQueued(int bytes) {
    queuedBytes += bytes;
  }

  void onDequeued(int bytes) {
    queuedBytes -= bytes;
  }

  /**
   * Bytes went with their stream. Nothing is pumped for that, so those who were refused because all
   * queues together were full are told from here, in a call of its own.
   */
  void onDropped(int bytes) {
    queuedBytes -= bytes;
    if (wasFull && !pumping && !reliefScheduled && hasRoomAgain()) {
      reliefScheduled = true;
      connection.context().channel().eventLoop().execute(this::relieveAfterDrop);
    }
  }

  private void relieveAfterDrop() {
    reliefScheduled = false;
    if (connection.isUsable()) {
      relieveAll();
    }
  }

  private boolean hasRoomAgain() {
    return queuedBytes < connectionQueue / 2;
  }

  private void relieveAll() {
    if (wasFull && hasRoomAgain()) {
      wasFull = false;
      connection.forEachStream(SendSchedule::relieve);
    }
  }

  /** The stream has queued data; it is served in turn. */
  void add(Http2Stream stream) {
    if (!stream.isInReadyList() && stream.canSend()) {
      stream.setInReadyList(true);
      ready.add(stream);
    }
  }

  /**
   * Lets queued streams write, one frame each in turn. Senders are told afterwards, never within:
   * what they write then must find the queues in order.
   */
  void pump() {
    if (pumping || ready.isEmpty()) {
      return;
    }
    pumping = true;
    var served = new ArrayList<Http2Stream>();
    while (!ready.isEmpty() && window > 0 && connection.isChannelWritable()) {
      Http2Stream s = ready.remove();
      s.setInReadyList(false);
      if (s.canSend()) {
        s.pump(connection.now());
        add(s);
        served.add(s);
      }
    }
    pumping = false;
    connection.requestFlush();
    served.forEach(SendSchedule::relieve);
    relieveAll();
  }

  private static void relieve(Http2Stream s) {
    if (!s.isClosed() && s.relieve()) {
      s.events().onWritable(true);
    }
  }
}
